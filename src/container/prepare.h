/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What create and prepare agree on about spare roots. */
#ifndef SANDLOCK_CONTAINER_PREPARE_H
#define SANDLOCK_CONTAINER_PREPARE_H

struct plan_ids;

/* Text for struct cow_pool: the user namespace in which the owners of a live root are what they are. free it. */
char *spare_ids(const struct plan_ids *ids);

#endif

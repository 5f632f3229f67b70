/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that run shares with start and delete: on an open, locked container. */
#ifndef SANDLOCK_CONTAINER_OPERATIONS_H
#define SANDLOCK_CONTAINER_OPERATIONS_H

struct container;
struct err;
struct plan;

/* Releases init and runs poststart hooks (plan; NULL: there are none). When a hook fails the container is removed. */
int operation_start(struct container *c, const struct plan *plan, struct err **err);
/* Kills what runs, removes everything, then poststop hooks (plan; NULL: none). */
int operation_delete(struct container *c, const struct plan *plan, struct err **err);

#endif

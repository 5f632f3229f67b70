/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Container ids: they become file names, cgroup names and parts of messages. */
#ifndef SANDLOCK_CONTAINER_ID_H
#define SANDLOCK_CONTAINER_ID_H

struct err;

/* [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 255 bytes (one file name). */
int container_id_check(const char *id, struct err **err);

#endif

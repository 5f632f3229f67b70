/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a container: the common end of delete, run and a create that failed. */
#ifndef SANDLOCK_CONTAINER_TEARDOWN_H
#define SANDLOCK_CONTAINER_TEARDOWN_H

struct container;
struct err;

/* Kills init and waits for its end. Not an error if there is none. */
int teardown_kill(struct container *c, struct err **err);
/*
 * Everything after that: processes left in the cgroup, the cgroup, the supervisor, the live root (unless it is to be kept), the state
 * directory. Can be repeated after a failure.
 */
int teardown_remove(struct container *c, struct err **err);

#endif

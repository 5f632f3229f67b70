/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening devices on behalf: the supervisor is not in the container's device cgroup and has no
 * controlling terminal. */
#ifndef SANDLOCK_HANDLERS_DEVICE_H
#define SANDLOCK_HANDLERS_DEVICE_H

#include <stdbool.h>

struct object;
struct request;

/* Evaluates the container's device rules (the last matching one wins) for R_OK | W_OK. -EPERM as
 * the cgroup says it. */
int device_check(const struct request *rq, const struct object *obj, int access);
/* /dev/tty: means the opener's controlling terminal. */
bool device_is_tty(const struct object *obj);
/* Replaces the object by the caller's controlling terminal; -ENXIO: it has none, or none that its
 * /dev/pts shows. */
int device_open_tty(struct request *rq, struct object *obj);

#endif

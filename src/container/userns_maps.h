/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The id maps of a new user namespace: user_namespaces(7), newuidmap(1). */
#ifndef SANDLOCK_CONTAINER_USERNS_MAPS_H
#define SANDLOCK_CONTAINER_USERNS_MAPS_H

#include <sys/types.h>

struct err;
struct plan_ids;

/* Writes the id maps of a process that has just made a user namespace, in the way that the plan says. 0, or < 0 with *err set. */
int userns_write_maps(pid_t pid, const struct plan_ids *ids, struct err **err);

#endif

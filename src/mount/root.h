/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which directory a mount is to show. */
#ifndef SANDLOCK_MOUNT_ROOT_H
#define SANDLOCK_MOUNT_ROOT_H

#include <stdbool.h>

#include "mount/mount.h"

struct root {
	int fd; /* O_PATH, the caller's to close */
	bool readonly;
};

/* Found, or made: on failure nothing half-made is taken for a root later. The caller holds the lock of the target's directory. */
int root_get(const struct mount_request *rq, struct root *ret, struct err **err);

#endif

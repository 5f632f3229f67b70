/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bind mounts, which the kernel makes; see bind.c. */
#ifndef SANDLOCK_HANDLERS_BIND_H
#define SANDLOCK_HANDLERS_BIND_H

#include "tracee/tracee.h"

struct request;

/* Before what the path leads to is bound to another place. flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. Nothing is wrong if nothing is there. */
int bind_before(struct request *rq, int dirfd, struct tracee_ptr path, int flags);

#endif

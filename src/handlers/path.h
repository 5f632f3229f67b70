/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lazily populated live roots: a call that names a path finds everything on its way populated. Nothing here answers for the
 * kernel; it only makes the live root complete where the kernel is going to look.
 */
#ifndef SANDLOCK_HANDLERS_PATH_H
#define SANDLOCK_HANDLERS_PATH_H

#include <stdbool.h>

#include "tracee/tracee.h"

struct object;
struct reply;
struct request;

/*
 * Populates what the path passes and leads to. 0 also where nothing is, or where the caller may not look: the kernel will
 * say so. -errno: something could not be populated, which is to be the caller's answer. flags: AT_SYMLINK_NOFOLLOW.
 */
int path_touch(struct request *rq, int dirfd, struct tracee_ptr path, int flags);
int path_touch_string(struct request *rq, int dirfd, const struct tracee_path *path, int flags);
/* And what the path leads to; its fd is -EBADF if that is nothing. */
int path_look(struct request *rq, int dirfd, const struct tracee_path *path, int flags,
	      struct object *ret);
/* The path in the operand register of link and rename. */
int path_touch_second(struct request *rq);
/* Before a name goes: see cow_settle. */
int path_settle(struct request *rq);
/* The same for a call that goes on to the kernel. */
int path_continue(struct request *rq, int r, struct reply *reply);

/*
 * fd (O_PATH, in the caller's mounts) is a directory that the call goes through or is about. In the frame of act_as_caller
 * (as_caller) or not.
 */
int path_enter_dir(struct request *rq, int fd, bool as_caller);

#endif

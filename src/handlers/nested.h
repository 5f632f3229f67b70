/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting for a caller that has capabilities in a user namespace of its own making (unshare -U): only a process that has entered that namespace can
 * have them, and a thread cannot enter one (setns(2)). So a child does the one operation.
 */
#ifndef SANDLOCK_HANDLERS_NESTED_H
#define SANDLOCK_HANDLERS_NESTED_H

struct request;

/*
 * Runs fn in a child with the caller's ids and its capabilities in its own namespace. fn returns 0 (or, with ret_fd, an open descriptor) or -errno;
 * in the child it may only make system calls. ret_fd may be NULL. The thread must have the caller's ids and our capabilities.
 */
int nested_call(struct request *rq, int (*fn)(void *arg), void *arg, int *ret_fd);

#endif

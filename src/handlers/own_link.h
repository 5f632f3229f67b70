/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path /proc/self/fd/N, by which libc changes the mode of what it may not follow (fchmodat, AT_SYMLINK_NOFOLLOW), and shells and programs open what they
 * have open. Walked by components it costs forty system calls, two readings of a status among them; here it is known for what it is.
 */
#ifndef SANDLOCK_HANDLERS_OWN_LINK_H
#define SANDLOCK_HANDLERS_OWN_LINK_H

struct lookup;
struct request;

/*
 * Must run as the caller, and leaves the thread so. Returns an O_PATH descriptor of the caller's descriptor. -EXDEV: it is another path, there is no such descriptor, or what is called /proc
 * there is not known to be a procfs in which the caller has a pid: to be walked.
 */
int own_link_open(struct request *rq, const struct lookup *lk);

#endif

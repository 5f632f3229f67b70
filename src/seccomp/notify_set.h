/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter that sends guarded system calls to the supervisor, made from handlers/syscalls.def. It
 * is loaded first (outermost): an OCI profile loaded after it can only be stricter, since ERRNO and
 * KILL beat USER_NOTIF (seccomp(2)).
 */
#ifndef SANDLOCK_SECCOMP_NOTIFY_SET_H
#define SANDLOCK_SECCOMP_NOTIFY_SET_H

#include <linux/filter.h>
#include <stdbool.h>

#define NOTIFY_FILTER_MAX 1024 /* instructions; the kernel's limit is 4096 */

struct notify_filter {
	unsigned short len;
	struct sock_filter insns[NOTIFY_FILTER_MAX];
};

/* Builds it for the machine we are compiled for. -E2BIG: the table has outgrown NOTIFY_FILTER_MAX.
 * Pure function. */
/* lazy: for a live root that is populated lazily; notifies of every call that names a path. */
int notify_filter_build(bool lazy, struct notify_filter *ret);

#endif

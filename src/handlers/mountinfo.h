/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of /proc/<tid>/mountinfo (proc(5)): which part of its file system a mount shows, and
 * where. */
#ifndef SANDLOCK_HANDLERS_MOUNTINFO_H
#define SANDLOCK_HANDLERS_MOUNTINFO_H

#include <limits.h>
#include <sys/types.h>

struct mount_place {
	char root[PATH_MAX];  /* within the file system */
	char point[PATH_MAX]; /* as the process sees it */
};

/* The mount that fd (ours, any kind) lies on, in the mount namespace of tid. -ENOENT: not in that
 * namespace. */
int mountinfo_find_fd(int proc_fd, pid_t tid, int fd, struct mount_place *ret);

#endif

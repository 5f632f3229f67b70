/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/<tid>/mountinfo (proc(5)): which part of its file system a mount shows, and
 * where. */
#ifndef SANDLOCK_HOST_MOUNTINFO_H
#define SANDLOCK_HOST_MOUNTINFO_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

struct mount_place {
	uint64_t id;
	dev_t dev;
	char root[PATH_MAX];  /* within the file system */
	char point[PATH_MAX]; /* as the process sees it */
};

/* The mount that fd (ours, any kind) lies on, in the mount namespace of tid. -ENOENT: not in that
 * namespace. */
int mountinfo_find_fd(int proc_fd, pid_t tid, int fd, struct mount_place *ret);

/* All mounts of our own namespace, until fn returns another value than 0, which is returned. */
typedef int (*mountinfo_fn)(const struct mount_place *place, void *arg);
int mountinfo_each(mountinfo_fn fn, void *arg);

#endif

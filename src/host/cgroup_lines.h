/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/<pid>/cgroup (cgroups(7)): one line for each hierarchy. "4:cpu,cpuacct:/path"; "9:name=systemd:/path"; cgroup2's is "0::/path", without
 * controllers. Paths are as seen from our cgroup namespace. A container chooses the names of its groups, but not the form of the lines: the kernel writes a
 * newline in a name as \012.
 */
#ifndef SANDLOCK_HOST_CGROUP_LINES_H
#define SANDLOCK_HOST_CGROUP_LINES_H

#include <stdbool.h>
#include <sys/types.h>

struct buf;

struct host_cgroup_line {
	char *controllers; /* "" in v2 */
	char *path;
};

/* The whole file; pid 0: our own. */
int host_cgroup_text(pid_t pid, struct buf *ret);
/* Takes the next line of the text apart, in place, and moves *at behind it; false: that was the last one. */
bool host_cgroup_next(char **at, struct host_cgroup_line *ret);
/* The path in the hierarchy of exactly these controllers ("" is v2); free it. -ENOENT: no such hierarchy. */
int host_cgroup_path(pid_t pid, const char *controllers, char **ret);
/* What a hierarchy's directory is called by those who mount it: after its controllers, without "name=". */
const char *host_cgroup_dir(const char *controllers);

#endif

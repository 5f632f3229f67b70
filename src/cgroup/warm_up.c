/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever moves a process to another group needs cgroup_threadgroup_rwsem for writing, and the first one for a while waits for an RCU grace
 * period, 5 to 20 ms (kernel/cgroup/cgroup.c, kernel/rcu/sync.c). That wait can begin long before there is a process to move: a child moves
 * itself to the group that it is in. A child, so that nothing happens to us should somebody move us meanwhile.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"

#define OWN_GROUPS_MAX (64 * 1024)

/* The directory of one line of /proc/self/cgroup: "4:memory:/path", "9:name=systemd:/path"; "0::/path" is cgroup2. */
static char *procs_file(char *line, bool v2)
{
	char *controllers = strchr(line, ':'), *path;

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path || strstr(path, "/..")) /* not below what we see */
		return NULL;
	*path++ = '\0';
	controllers++;
	if (v2)
		return *controllers ? NULL : xasprintf(CGROUP_MOUNT "%s/cgroup.procs", path);
	if (!*controllers)
		return NULL;
	if (strncmp(controllers, "name=", 5) == 0)
		controllers += 5;
	return xasprintf(CGROUP_MOUNT "/%s%s/cgroup.procs", controllers, path);
}

/* Of any hierarchy: the lock is one for all. */
static int open_own_procs(void)
{
	cleanup_fd int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = {0};
	cleanup_strv char **lines = NULL;
	bool v2 = cgroup_detect() == &cgroup_v2_ops;

	if (fd < 0 || fd_read_to_buf(fd, OWN_GROUPS_MAX, &text) < 0)
		return -EBADF;
	lines = strv_split(text.data ? text.data : "", '\n');
	for (size_t i = 0; lines && lines[i]; i++) {
		cleanup_free char *path = procs_file(lines[i], v2);
		int procs = path ? open(path, O_WRONLY | O_CLOEXEC) : -EBADF;

		if (procs >= 0)
			return procs;
	}
	return -EBADF;
}

pid_t cgroup_warm_up(void)
{
	cleanup_fd int procs = open_own_procs();
	pid_t pid;

	if (procs < 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(write(procs, "0", 1) != 1);
	return pid < 0 ? 0 : pid;
}

void cgroup_warm_up_end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever moves a process to another group needs cgroup_threadgroup_rwsem for writing, and the first one for a while waits for an RCU grace
 * period, 5 to 20 ms (kernel/cgroup/cgroup.c, kernel/rcu/sync.c). That wait can begin long before there is a process to move: a child moves
 * itself to the group that it is in. A child, so that nothing happens to us should somebody move us meanwhile.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "host/cgroup_lines.h"
#include "host/process.h"

/* For our own group in one hierarchy. NULL: not the kind that is mounted, or not below what we see. */
static char *procs_file(const struct host_cgroup_line *line, bool v2)
{
	cleanup_free char *root = NULL;

	if (v2 == (*line->controllers != '\0') || strstr(line->path, "/.."))
		return NULL;
	root = v2 ? xstrdup(CGROUP_MOUNT) : cgroup_v1_root(line->controllers);
	return xasprintf("%s%s/cgroup.procs", root, line->path);
}

/* Of any hierarchy: the lock is one for all. */
static int open_own_procs(void)
{
	cleanup_buf struct buf text = {0};
	struct host_cgroup_line line;
	bool v2 = cgroup_detect() == &cgroup_v2_ops;
	char *at;

	if (host_cgroup_text(0, &text) < 0)
		return -EBADF;
	at = text.data;
	while (host_cgroup_next(&at, &line)) {
		cleanup_free char *path = procs_file(&line, v2);
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
	host_reap(*pid, NULL);
	*pid = 0;
}

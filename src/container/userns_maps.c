/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The id maps of a new user namespace: written by ourselves, or by newuidmap and newgidmap. */
#include <config.h>

#include "container/userns_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/ns.h"
#include "host/process.h"
#include "plan/plan.h"

static void add_ranges(struct buf *out, const struct plan_id_range *map, size_t n, char between)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%u %u %u%c", map[i].inside, map[i].outside, map[i].count, between);
}

static int write_file(pid_t pid, const char *name, const char *text, size_t len, struct err **err)
{
	cleanup_free char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_set(err, errno, "open `%s`", path);
	n = write(fd, text, len); /* maps take exactly one write */
	if (n < 0)
		return err_set(err, errno, "write to `%s`", path);
	return (size_t)n == len ? 0 : err_set(err, EIO, "write to `%s`", path);
}

static int write_map(pid_t pid, const char *name, const struct plan_id_range *map, size_t n,
		     struct err **err)
{
	cleanup_buf struct buf text = {0};

	add_ranges(&text, map, n, '\n');
	return write_file(pid, name, text.data, text.len, err);
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int run_helper(const char *helper, pid_t pid, const struct plan_id_range *map, size_t n,
		      struct err **err)
{
	cleanup_strv char **argv = NULL;
	static char *const no_env[] = {NULL};
	int status;
	pid_t child;

	strv_add(&argv, helper);
	strv_take(&argv, xasprintf("%d", (int)pid));
	for (size_t i = 0; i < n; i++) {
		strv_take(&argv, xasprintf("%u", map[i].inside));
		strv_take(&argv, xasprintf("%u", map[i].outside));
		strv_take(&argv, xasprintf("%u", map[i].count));
	}
	child = host_fork_ns(0);
	if (child < 0)
		return err_set(err, child, "fork");
	if (child == 0) {
		/* Its messages belong on our stderr; stdin and stdout are the container's. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execve(helper, argv, no_env);
		_exit(127);
	}
	if (host_reap(child, &status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_text(err, EPERM, "`%s` could not write the id map (exit status %d)",
				helper, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

int userns_write_maps(pid_t pid, const struct plan_ids *ids, struct err **err)
{
	int r = 0;

	switch (ids->how) {
	case PLAN_MAP_NONE:
		return 0;
	case PLAN_MAP_HELPER:
		r = run_helper(ids->newuidmap, pid, ids->uids, ids->n_uids, err);
		return r < 0 ? r : run_helper(ids->newgidmap, pid, ids->gids, ids->n_gids, err);
	case PLAN_MAP_SELF:
		/* The kernel wants this before an unprivileged gid_map (CVE-2014-8989). */
		r = write_file(pid, "setgroups", "deny", 4, err);
		if (r < 0)
			return r;
		break;
	case PLAN_MAP_DIRECT:
		break;
	}
	r = write_map(pid, "gid_map", ids->gids, ids->n_gids, err);
	return r < 0 ? r : write_map(pid, "uid_map", ids->uids, ids->n_uids, err);
}

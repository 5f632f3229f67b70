/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of an exec'd process: the container's, a group below them (--cgroup), or where its init has moved to. Runs in exec, in the host's
 * namespaces. The container can make groups below its own and choose their names; paths are the caller's or the kernel's.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/cgroup_lines.h"

/* "cpu,memory:/sub" or "/sub"; *ret_names NULL: every hierarchy. */
static int split(const char *entry, char ***ret_names, char **ret_path, struct err **err)
{
	const char *colon = strchr(entry, ':');
	cleanup_free char *names = colon ? xstrndup(entry, (size_t)(colon - entry)) : NULL;
	const char *path = colon ? colon + 1 : entry;
	cleanup_strv char **parts = strv_split(path, '/');
	cleanup_buf struct buf out = {0};

	for (size_t i = 0; parts[i]; i++) {
		if (strcmp(parts[i], "..") == 0)
			return err_text(err, EINVAL, "option --cgroup `%s` must not contain '..'",
					entry);
		buf_printf(&out, "/%s", parts[i]);
	}
	*ret_path = buf_steal(&out);
	*ret_names = names ? strv_split(names, ',') : NULL;
	return *ret_path ? 0 : err_set(err, ENOMEM, "option --cgroup");
}

static bool applies(const struct cgroup_dir *dir, char *const *names)
{
	cleanup_strv char **have = strv_split(dir->controllers, ',');

	for (size_t n = 0; names && names[n]; n++)
		for (size_t h = 0; have[h]; h++)
			if (strcmp(names[n], have[h]) == 0)
				return true;
	return !names;
}

static int join_below(const struct cgroup *cg, const char *entry, pid_t pid, struct err **err)
{
	cleanup_strv char **names = NULL;
	cleanup_free char *path = NULL;
	size_t n = 0;
	int r = split(entry, &names, &path, err);

	for (size_t i = 0; r == 0 && i < cg->n_dirs; i++) {
		cleanup_free char *dir = NULL;

		if (!applies(&cg->dirs[i], names))
			continue;
		n++;
		dir = xasprintf("%s%s", cg->dirs[i].path, path);
		r = cgroup_write_i64(dir, "cgroup.procs", pid, err);
		if (r < 0)
			err_wrap(err, "option --cgroup `%s`", entry);
	}
	if (r == 0 && n == 0)
		r = err_text(err, EINVAL, "option --cgroup `%s` names no controller of this host",
			     entry);
	return r;
}

/*
 * An init such as systemd moves itself into a group below and turns controllers on for its children; then the container's own group takes no
 * processes any more (EBUSY), and a sibling of init is the place.
 */
static int follow_init(const struct cgroup *cg, pid_t init, pid_t pid, struct err **err)
{
	cleanup_free char *path = NULL, *dir = NULL;

	if (host_cgroup_path(init, "", &path) < 0 || !str_starts(path, cg->path) ||
	    strstr(path, "/../"))
		return err_text(err, EBUSY,
				"cgroup: %s takes no processes, and the container's process is in "
				"%s",
				cg->dirs[0].path, path ? path : "an unknown group");
	dir = xasprintf("%s%s", cg->dirs[0].root, path);
	return cgroup_write_i64(dir, "cgroup.procs", pid, err);
}

int cgroup_join_exec(struct cgroup *cg, char *const *below, pid_t init, pid_t pid, struct err **err)
{
	cleanup_err struct err *why = NULL;
	int r;

	if (below && below[0] && !cg->ops)
		return cgroup_none(err, "use --cgroup");
	r = cgroup_join(cg, pid, &why);
	for (size_t i = 0; r == 0 && below && below[i]; i++)
		r = join_below(cg, below[i], pid, &why);
	if (r == -EBUSY && cg->ops == &cgroup_v2_ops) {
		/* The group below may take it although the container's own does not. */
		if (below && below[0])
			return join_below(cg, below[0], pid, err);
		return follow_init(cg, init, pid, err);
	}
	return r < 0 ? err_text(err, err_code(why), "%s", err_msg(why)) : 0;
}

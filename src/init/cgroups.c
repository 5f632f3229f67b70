/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount of type cgroup: what it means depends on the host. v2: a cgroup2 mount in a cgroup namespace, else a bind of our own cgroup. v1 and
 * hybrid: a tmpfs with one bind per hierarchy, each showing our own cgroup as its root. Runs in init before pivot_root.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/cgroup_lines.h"
#include "host/mount.h"
#include "host/probe.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static int bind_path(const char *path, int target, bool rec, uint64_t attrs, int *ret_tree)
{
	cleanup_fd int source = open(path, O_PATH | O_CLOEXEC), tree = -EBADF;
	int r;

	if (source < 0)
		return -errno;
	r = host_tree_clone(source, rec, &tree);
	/* The access time mode stays that of the host's mount: it may be locked. */
	attrs &= ~(uint64_t)MOUNT_ATTR__ATIME;
	if (r < 0 || (r = host_tree_setattr(tree, rec, attrs, 0, 0)) < 0 ||
	    (r = host_tree_attach(tree, target)) < 0)
		return r;
	*ret_tree = steal_fd(&tree);
	return 0;
}

static char *own_v2_cgroup(const struct init_ctx *ctx)
{
	cleanup_free char *text = xstrdup(ctx->cgroup_text ? ctx->cgroup_text : "");
	struct host_cgroup_line line;
	char *at = text;

	while (host_cgroup_next(&at, &line))
		if (!*line.controllers)
			return xasprintf(CGROUP_ROOT "%s", line.path);
	return xstrdup(CGROUP_ROOT);
}

static int mount_v2(struct init_ctx *ctx, const struct plan_mount *m)
{
	cleanup_free char *own = own_v2_cgroup(ctx);
	cleanup_fd int target = -EBADF, tree = -EBADF;
	char msg[8];
	int r = target_open(ctx->root_fd, m->dest, true, m->dest_nofollow, &target);

	if (r < 0)
		return r;
	if (ctx->plan->ns[PLAN_NS_CGROUP].how == PLAN_NS_NEW) {
		r = mount_new_fs("cgroup2", "cgroup2", 0, "", m->attr_set, &tree, msg, sizeof(msg));
		if (r == 0)
			r = host_tree_attach(tree, target);
		if (r == 0)
			return mount_apply_propagation(tree, m);
		close_fd(&tree);
	}
	/* EPERM, EBUSY: a user namespace that does not own the cgroup namespace. */
	r = bind_path(own, target, true, m->attr_set, &tree);
	if (r == -ENOENT)
		r = bind_path(CGROUP_ROOT, target, true, m->attr_set, &tree);
	return r < 0 ? r : mount_apply_propagation(tree, m);
}

/* Joined hierarchies are also reached by each controller's name: cpu -> cpu,cpuacct. */
static int link_controllers(int tmpfs, const char *name)
{
	cleanup_strv char **each = strv_split(name, ',');

	for (size_t i = 0; strv_len(each) > 1 && each[i]; i++)
		if (symlinkat(name, tmpfs, each[i]) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

static int bind_hierarchy(const struct host_cgroup_line *line, int tmpfs, uint64_t attrs)
{
	/* cgroup2 beside v1 */
	const char *name = *line->controllers ? host_cgroup_dir(line->controllers) : "unified";
	cleanup_free char *own = xasprintf(CGROUP_ROOT "/%s%s", name, line->path);
	cleanup_fd int target = -EBADF, tree = -EBADF;
	struct statfs fs;
	int r;

	/* Seen through another cgroup namespace: no path of ours there. Or not mounted at all, which may leave a plain directory. */
	if (statfs(own, &fs) < 0 ||
	    (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC))
		return 0;
	if (mkdirat(tmpfs, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	target = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	r = bind_path(own, target, false, attrs, &tree);
	return r < 0 ? r : link_controllers(tmpfs, name);
}

static int mount_v1(struct init_ctx *ctx, const struct plan_mount *m)
{
	uint64_t ro = m->attr_set & MOUNT_ATTR_RDONLY;
	cleanup_fd int target = -EBADF, tmpfs = -EBADF;
	cleanup_free char *text = xstrdup(ctx->cgroup_text ? ctx->cgroup_text : "");
	struct host_cgroup_line line;
	char msg[8], *at = text;
	int r = target_open(ctx->root_fd, m->dest, true, m->dest_nofollow, &target);

	if (r < 0 ||
	    (r = mount_new_fs("tmpfs", "tmpfs", 0, "mode=755,size=1024k", m->attr_set & ~ro, &tmpfs,
			      msg, sizeof(msg))) < 0 ||
	    (r = host_tree_attach(tmpfs, target)) < 0)
		return r;
	while (host_cgroup_next(&at, &line)) {
		r = bind_hierarchy(&line, tmpfs, m->attr_set);
		if (r < 0)
			return r;
	}
	if (ro && (r = host_tree_setattr(tmpfs, false, ro, 0, 0)) < 0)
		return r;
	return mount_apply_propagation(tmpfs, m);
}

int mount_cgroup(struct init_ctx *ctx, const struct plan_mount *m, struct err **err)
{
	int r;

	switch (host_cgroup_mode()) {
	case HOST_CGROUPS_V2:
		r = mount_v2(ctx, m);
		break;
	case HOST_CGROUPS_V1:
	case HOST_CGROUPS_HYBRID:
		r = mount_v1(ctx, m);
		break;
	default:
		init_warn(ctx, "mount `%s`: this host has no cgroups mounted at " CGROUP_ROOT,
			  m->dest);
		return 0;
	}
	return r < 0 ? err_set(err, r, "mount `cgroup` to `%s`", m->dest) : 0;
}

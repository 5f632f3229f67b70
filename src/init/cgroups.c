/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount of type cgroup: what it means depends on the host. v2: a cgroup2 mount in a cgroup namespace, else a bind of our own cgroup. v1 and
 * hybrid: a tmpfs with one bind per hierarchy, each showing our own cgroup as its root. Runs in init before pivot_root.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
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
	const char *line = ctx->cgroup_text ? strstr(ctx->cgroup_text, "0::/") : NULL;
	size_t n = line ? strcspn(line + 3, "\n") : 0;

	return xasprintf(CGROUP_ROOT "%.*s", (int)n, line ? line + 3 : "");
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

/* One line of /proc/self/cgroup: "4:cpu,cpuacct:/path". Directories on the host are called after the controllers. */
static int bind_hierarchy(char *line, int tmpfs, uint64_t attrs)
{
	char *save = NULL, *id = strtok_r(line, ":", &save), *name = strtok_r(NULL, ":", &save),
	     *path;
	cleanup_free char *own = NULL;
	cleanup_fd int target = -EBADF, tree = -EBADF;
	int r;

	if (!id || !name)
		return 0;
	if (strcmp(id, "0") == 0) {
		path = name; /* "0::/path" */
		name = (char *)"unified";
	} else {
		path = strtok_r(NULL, "", &save);
		if (str_starts(name, "name="))
			name += 5;
	}
	own = xasprintf(CGROUP_ROOT "/%s%s", name, path ? path : "/");
	if (access(own, F_OK) <
	    0) /* seen through another cgroup namespace: no path of ours there, or not mounted at all */
		return 0;
	if (mkdirat(tmpfs, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	target = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	r = bind_path(own, target, false, attrs, &tree);
	/* Joined hierarchies are also reached by each controller's name: cpu -> cpu,cpuacct. */
	for (char *c = strchr(name, ',') ? strtok_r(name, ",", &save) : NULL; r >= 0 && c;
	     c = strtok_r(NULL, ",", &save)) {
		const char *dir = strstr(own, CGROUP_ROOT "/") + strlen(CGROUP_ROOT "/");
		cleanup_free char *to = xstrndup(dir, strcspn(dir, "/"));

		if (symlinkat(to, tmpfs, c) < 0 && errno != EEXIST)
			return -errno;
	}
	return r;
}

static int mount_v1(struct init_ctx *ctx, const struct plan_mount *m)
{
	uint64_t ro = m->attr_set & MOUNT_ATTR_RDONLY;
	cleanup_fd int target = -EBADF, tmpfs = -EBADF;
	cleanup_strv char **lines = strv_split(ctx->cgroup_text ? ctx->cgroup_text : "", '\n');
	char msg[8];
	int r = target_open(ctx->root_fd, m->dest, true, m->dest_nofollow, &target);

	if (r < 0 ||
	    (r = mount_new_fs("tmpfs", "tmpfs", 0, "mode=755,size=1024k", m->attr_set & ~ro, &tmpfs,
			      msg, sizeof(msg))) < 0 ||
	    (r = host_tree_attach(tmpfs, target)) < 0)
		return r;
	for (size_t i = 0; lines && lines[i]; i++) {
		r = bind_hierarchy(lines[i], tmpfs, m->attr_set);
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

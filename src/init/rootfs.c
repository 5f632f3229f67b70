/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's root: propagation, its own mount, entering it. Runs in init. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/mount.h"

static bool has_mount_ns(const struct init_ctx *ctx)
{
	return ctx->plan->ns[PLAN_NS_MOUNT].how != PLAN_NS_INHERIT;
}

int step_propagation(struct init_ctx *ctx, struct err **err)
{
	if (!has_mount_ns(ctx))
		return 0;
	if (mount(NULL, "/", NULL, ctx->plan->rootfs.setup_propagation, NULL) < 0)
		return err_set(err, errno, "set propagation for `/`");
	return 0;
}

/* pivot_root refuses a new root whose parent mount is shared, and our mounts must not show up on the host. */
static int make_parent_private(int root_fd, struct err **err)
{
	cleanup_fd int fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0) {
		int up, r = host_tree_setattr(fd, false, 0, 0, MS_PRIVATE);

		if (r != -EINVAL) /* EINVAL: not the root of a mount */
			return r < 0 ? err_set(err, r, "make the mount of the rootfs private") : 0;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
	}
	return err_set(err, errno, "find the mount of the rootfs");
}

int step_rootfs(struct init_ctx *ctx, struct err **err)
{
	cleanup_fd int tree = -EBADF;
	int r;

	if (!has_mount_ns(ctx))
		return 0;
	if (ctx->plan->rootfs.propagation & MS_SHARED) {
		r = make_parent_private(ctx->root_fd, err);
		if (r < 0)
			return r;
	}
	r = host_tree_clone(ctx->root_fd, true, &tree);
	if (r < 0)
		return err_set(err, r, "bind the rootfs `%s`", ctx->plan->rootfs.path);
	r = host_tree_setattr(tree, false, 0, 0, MS_PRIVATE);
	if (r < 0)
		return err_set(err, r, "make the rootfs private");
	r = host_tree_attach(tree, ctx->root_fd);
	if (r < 0)
		return err_set(err, r, "mount the rootfs `%s`", ctx->plan->rootfs.path);
	close_fd(&ctx->root_fd);
	ctx->root_fd = steal_fd(&tree);
	return 0;
}

int step_cwd_exists(struct init_ctx *ctx, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (!ctx->plan->has_process)
		return 0;
	r = target_open(ctx->root_fd, ctx->plan->process.cwd, true, false, &fd);
	/* It may become reachable only for the user; the step that enters it has the last word. */
	if (r < 0 && r != -EACCES)
		return err_set(err, r, "make the working directory `%s`", ctx->plan->process.cwd);
	return 0;
}

int step_root_readonly(struct init_ctx *ctx, struct err **err)
{
	int r;

	if (!ctx->plan->rootfs.readonly)
		return 0;
	r = host_tree_setattr(ctx->root_fd, false, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? err_set(err, r, "remount the root read-only") : 0;
}

static int change_root(int root_fd)
{
	if (fchdir(root_fd) < 0)
		return -errno;
	if (chroot(".") < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

int step_change_root(struct init_ctx *ctx, struct err **err)
{
	const struct plan_rootfs *root = &ctx->plan->rootfs;
	int r;

	if (!has_mount_ns(ctx)) {
		r = change_root(ctx->root_fd);
		return r < 0 ? err_set(err, r, "chroot to `%s`", root->path) : 0;
	}
	r = root->no_pivot ? host_move_root(ctx->root_fd) : host_pivot_root(ctx->root_fd);
	if (r < 0)
		return err_set(err, r, root->no_pivot ? "move the root" : "pivot_root");
	if (root->propagation_given && mount(NULL, "/", NULL, root->propagation, NULL) < 0)
		return err_set(err, errno, "set propagation of the new root");
	return 0;
}

/* exec: spawn has joined the mount namespace, "/" is the container's (or was made so by chroot). */
int step_enter_root(struct init_ctx *ctx, struct err **err)
{
	ctx->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ctx->root_fd < 0)
		return err_set(err, errno, "open the container's root");
	return 0;
}

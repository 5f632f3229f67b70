/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maskedPaths and readonlyPaths. Runs in init before pivot_root. The host's /dev/null is used, never the container's: that one may be
 * something else. Paths that do not exist are skipped; anything else that fails ends init.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/mount.h"

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES;
}

static int open_null(int *ret_fd)
{
	cleanup_fd int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return -ENODEV;
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* All masked directories share one empty file system: the first mask is it, the others are binds. */
static int mask_directory(int *empty, int target)
{
	cleanup_fd int tree = -EBADF;
	char msg[8];
	int r;

	if (*empty >= 0) {
		r = host_tree_clone(*empty, false, &tree);
		return r < 0 ? r : host_tree_attach(tree, target);
	}
	r = mount_new_fs("tmpfs", "tmpfs", 0, "size=0k,nr_inodes=2,mode=755",
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				 MOUNT_ATTR_NOEXEC,
			 &tree, msg, sizeof(msg));
	if (r < 0 || (r = host_tree_attach(tree, target)) < 0)
		return r;
	*empty = steal_fd(&tree);
	return 0;
}

static int mask_file(int null_fd, int target)
{
	cleanup_fd int tree = -EBADF;
	int r = host_tree_clone(null_fd, false, &tree);

	/* It is the host's inode: a read-only mount takes writes to a device, but no chmod and no chown. */
	if (r == 0)
		r = host_tree_setattr(tree, false, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? r : host_tree_attach(tree, target);
}

int step_mask(struct init_ctx *ctx, struct err **err)
{
	char *const *paths = ctx->plan->masked_paths;
	cleanup_fd int null_fd = -EBADF, empty = -EBADF;
	int r;

	if (!paths || !paths[0])
		return 0;
	r = open_null(&null_fd);
	if (r < 0)
		return err_set(err, r, "open the host's /dev/null");
	for (size_t i = 0; paths[i]; i++) {
		cleanup_fd int target = -EBADF;
		struct stat st;

		r = host_open_in_root(ctx->root_fd, paths[i], O_PATH, 0, &target);
		if (is_missing(r))
			continue;
		if (r < 0 || fstat(target, &st) < 0)
			return err_set(err, r < 0 ? r : errno, "open masked path `%s`", paths[i]);
		r = S_ISDIR(st.st_mode) ? mask_directory(&empty, target)
					: mask_file(null_fd, target);
		if (r < 0)
			return err_set(err, r, "mask path `%s`", paths[i]);
	}
	return 0;
}

int step_readonly_paths(struct init_ctx *ctx, struct err **err)
{
	char *const *paths = ctx->plan->readonly_paths;

	for (size_t i = 0; paths && paths[i]; i++) {
		cleanup_fd int target = -EBADF, tree = -EBADF;
		int r = host_open_in_root(ctx->root_fd, paths[i], O_PATH, 0, &target);

		if (is_missing(r))
			continue;
		if (r < 0 || (r = host_tree_clone(target, true, &tree)) < 0 ||
		    (r = host_tree_setattr(tree, true, MOUNT_ATTR_RDONLY, 0, 0)) < 0 ||
		    (r = host_tree_attach(tree, target)) < 0)
			return err_set(err, r, "make path `%s` read-only", paths[i]);
	}
	return 0;
}

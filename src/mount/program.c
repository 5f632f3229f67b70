/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount program: lock, root, mount. Runs in sandlock-mount. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/mount.h"
#include "mount/mount.h"
#include "mount/root.h"

/* Processes that compare layers with one parent at a time want the same read-only root. */
static int lock_dir(const char *target, int *ret_fd, struct err **err)
{
	cleanup_free char *dir = xstrndup(target, (size_t)(strrchr(target, '/') - target));
	cleanup_fd int fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "open %s", dir);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "lock %s", dir);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/*
 * Over what is mounted there already: each Get of containers/storage is followed by a Put, which takes one mount away. A private mount, so that what
 * a container mounts below it does not appear in the host's other peers.
 */
static int bind(const struct mount_request *rq, const struct root *root, struct err **err)
{
	cleanup_fd int target = open(rq->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int tree = -EBADF;
	uint64_t attrs = rq->attrs | (root->readonly ? MOUNT_ATTR_RDONLY : 0);
	int r;

	if (target < 0)
		return err_set(err, errno, "open the mount point %s", rq->target);
	r = host_tree_clone(root->fd, false, &tree);
	if (r < 0)
		return err_set(err, r, "make a mount of the live root");
	r = host_tree_setattr(tree, false, attrs,
			      attrs & MOUNT_ATTR_NOATIME ? MOUNT_ATTR__ATIME : 0, MS_PRIVATE);
	if (r < 0)
		return err_set(err, r, "set the options of the mount");
	r = host_tree_attach(tree, target);
	return r < 0 ? err_set(err, r, "mount on %s", rq->target) : 0;
}

int mount_program_run(const struct mount_request *rq, struct err **err)
{
	cleanup_fd int lock = -EBADF, root_fd = -EBADF;
	struct root root;
	int r = lock_dir(rq->target, &lock, err);

	if (r == 0)
		r = root_get(rq, &root, err);
	if (r < 0)
		return r;
	root_fd = root.fd;
	return bind(rq, &root, err);
}

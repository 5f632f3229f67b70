/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/self/fd/N at once; see own_link.h. Supervisor worker thread. Untrusted: the path, and what the caller has mounted at /proc. */
#include <config.h>

#include "handlers/own_link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "handlers/act.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/walk.h"
#include "host/openat2.h"

#define PREFIX "/proc/self/fd/"

/*
 * Is dir the top of a procfs that shows the caller, and whose links are followed? The processes that a procfs shows are the same for as long as it
 * exists, so the device number of the last one is remembered. (Once nobody mounts it any more its number can be another's: whose `self` then leads
 * nowhere, and here to the caller all the same.)
 */
static int check_procfs(struct request *rq, int dir)
{
	struct statfs fs;
	struct stat st;

	if (fstat(dir, &st) < 0)
		return -errno;
	if (st.st_ino != PROC_ROOT_INODE)
		return -EXDEV;
	if (fstatfs(dir, &fs) < 0)
		return -errno;
	if (fs.f_type != PROC_SUPER_MAGIC || (fs.f_flags & ST_NOSYMFOLLOW))
		return -EXDEV;
	if (atomic_load(rq->svc->procfs_dev) == st.st_dev)
		return 0;
	if (!walk_procfs_shows(rq, dir))
		return -EXDEV;
	atomic_store(rq->svc->procfs_dev, st.st_dev);
	return 0;
}

int own_link_open(struct request *rq, const struct lookup *lk)
{
	cleanup_fd int dir = -EBADF;
	int fd = -EBADF, r;

	if (lk->resolve || !lk->base_is_live || strncmp(lk->path, PREFIX, strlen(PREFIX)) != 0)
		return -EXDEV;
	dir = host_openat2(lk->base_fd, "/proc", O_PATH | O_DIRECTORY, 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (dir < 0)
		return -EXDEV;
	r = check_procfs(rq, dir);
	if (r == 0) /* `self` is the first thread */
		r = walk_open_own(rq, rq->creds.tgids[0], true, lk->path + strlen(PREFIX), &fd);
	/* the walk knows where a name is missing */
	if (r == -ENOENT)
		return -EXDEV;
	return r < 0 ? r : fd;
}

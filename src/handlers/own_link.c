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

static int parse(const struct lookup *lk, int *ret_number)
{
	if (lk->resolve || !lk->base_is_live || strncmp(lk->path, PREFIX, sizeof(PREFIX) - 1) != 0)
		return -EXDEV;
	return walk_parse_fd(lk->path + sizeof(PREFIX) - 1, ret_number) < 0 ? -EXDEV : 0;
}

/*
 * Is dir the top of a procfs that shows the caller? The processes that a procfs shows are the same for as long as it exists, so the device number of the last
 * one is remembered. (Once nobody mounts it any more its number can be another's: whose `self` then leads nowhere, and here to the caller all the same.)
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
	if (fs.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	if (atomic_load(rq->svc->procfs_dev) == st.st_dev)
		return 0;
	if (!walk_procfs_shows(rq, dir))
		return -EXDEV;
	atomic_store(rq->svc->procfs_dev, st.st_dev);
	return 0;
}

int own_link_open(struct request *rq, const struct lookup *lk, int *ret_fd)
{
	cleanup_fd int dir = -EBADF, fd = -EBADF;
	int number, r;

	r = parse(lk, &number);
	if (r < 0)
		return r;
	dir = host_openat2(lk->base_fd, "/proc", O_PATH | O_DIRECTORY, 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (dir < 0)
		return -EXDEV;
	r = check_procfs(rq, dir);
	if (r < 0)
		return r;
	/* With our own rights: a process may follow its own links always; see walk.c, open_own_link. `self` is the first thread. */
	act_as_self(rq);
	r = tracee_open_fd(rq->svc->proc_fd, rq->creds.tgid, number, &fd);
	if (r == 0)
		r = request_check_alive(rq);
	if (r == 0)
		r = act_as_caller(rq);
	/* the walk knows where a name is missing */
	if (r == -EBADF)
		return act_as_caller(rq) < 0 ? -EPERM : -EXDEV;
	if (r < 0)
		return r;
	*ret_fd = steal_fd(&fd);
	return 0;
}

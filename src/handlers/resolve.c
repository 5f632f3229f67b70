/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (dirfd, path, flags) of the caller -> object. Supervisor worker thread. One openat2 answers for
 * paths that stay on the live root's mount below their starting point; it is kept from crossing
 * mounts so that it can never meet procfs, where `self` and magic links would mean the supervisor.
 * Everything else is walked (walk.h).
 */
#include <config.h>

#include "handlers/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/own_link.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "handlers/table.h"
#include "handlers/walk.h"
#include "host/openat2.h"

static int on_live_fs(const struct request *rq, int fd, bool *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_dev == cow_live_dev(rq->svc->cow);
	return 0;
}

/*
 * After chroot(2) the caller's root may lie below the starting point; there ".." must stop, which openat2 from that point cannot know. Then it is walked.
 */
static int check_root(const struct request *rq, struct lookup *lk)
{
	struct stat root, live;

	if (!lk->base_is_live || lk->root_fd < 0)
		return 0;
	if (fstat(lk->root_fd, &root) < 0 || fstat(cow_root_fd(rq->svc->cow), &live) < 0)
		return -errno;
	lk->base_is_live = root.st_ino == live.st_ino && root.st_dev == live.st_dev;
	return 0;
}

static int open_base(struct request *rq, int dirfd, struct lookup *lk)
{
	if (lk->absolute && !(lk->resolve & RESOLVE_IN_ROOT))
		return tracee_open_root(rq->svc->proc_fd, rq->tid, &lk->base_fd);
	if (dirfd == AT_FDCWD)
		return tracee_open_cwd(rq->svc->proc_fd, rq->tid, &lk->base_fd);
	return tracee_open_fd(rq->svc->proc_fd, rq->tid, dirfd, &lk->base_fd);
}

int lookup_begin(struct request *rq, int dirfd, const struct tracee_path *path, uint64_t resolve,
		 struct lookup *ret)
{
	struct lookup lk = {
		.base_fd = -EBADF,
		.root_fd = -EBADF,
		.missing_parent = -EBADF,
		.absolute = path->bytes[0] == '/',
		.resolve = resolve,
		.path = path->bytes,
	};
	int r;

	if (path->len == 0)
		return -ENOENT;
	if (lk.absolute && (resolve & RESOLVE_BENEATH))
		return -EXDEV;
	r = open_base(rq, dirfd, &lk);
	if (r == 0 && !lk.absolute)
		r = tracee_open_root(rq->svc->proc_fd, rq->tid, &lk.root_fd);
	if (r == 0)
		r = on_live_fs(rq, lk.base_fd, &lk.base_is_live);
	if (r == 0)
		r = check_root(rq, &lk);
	if (r == 0)
		r = request_check_alive(rq);
	if (r < 0) {
		lookup_done(&lk);
		return r;
	}
	*ret = lk;
	return 0;
}

void lookup_done(struct lookup *lk)
{
	close_fd(&lk->base_fd);
	close_fd(&lk->root_fd);
	close_fd(&lk->missing_parent);
}

static uint64_t fast_scope(const struct lookup *lk)
{
	uint64_t scope =
		lk->absolute || (lk->resolve & RESOLVE_IN_ROOT) ? RESOLVE_IN_ROOT : RESOLVE_BENEATH;

	return scope | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
	       (lk->resolve & RESOLVE_NO_SYMLINKS);
}

bool object_is_shared(const struct request *rq, const struct stat *st)
{
	return S_ISREG(st->st_mode) && cow_is_shared(rq->svc->cow, st->st_dev, st->st_ino);
}

/* The descriptor is consumed. */
static int finish_object(struct request *rq, int fd, bool as_caller, struct object *ret)
{
	struct object obj = {.fd = fd};

	if (fstat(fd, &obj.st) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	if (S_ISDIR(obj.st.st_mode) &&
	    cow_is_unpopulated(rq->svc->cow, obj.st.st_dev, obj.st.st_ino)) {
		int r = path_enter_dir(rq, fd, as_caller);

		/* it has its own mode and owner only now */
		if (r == 0 && fstat(fd, &obj.st) < 0)
			r = -errno;
		if (r < 0) {
			close(fd);
			return r;
		}
	}
	obj.shared = object_is_shared(rq, &obj.st);
	*ret = obj;
	return 0;
}

static int slow_object(struct request *rq, struct lookup *lk, bool nofollow, struct object *ret)
{
	struct walk_end end;
	int root = lk->root_fd >= 0 ? lk->root_fd : lk->base_fd;
	int r = walk_path(rq, root, lk->base_fd, lk->path, nofollow, lk->resolve, &end);

	lk->walked = true;
	if (r < 0) {
		lk->missing_parent = end.parent;
		lk->missing_slash = end.slash;
		for (size_t i = 0; i < sizeof(lk->missing_name); i++)
			lk->missing_name[i] = end.name[i];
		return r;
	}
	r = finish_object(rq, end.fd, true, ret);
	if (r == 0)
		ret->own_comm = end.own_comm && S_ISREG(ret->st.st_mode);
	return r;
}

static int give_up(struct request *rq, int r)
{
	if (!rq->stay_caller)
		act_as_self(rq);
	return r;
}

static bool is_file_or_dir(const struct object *obj)
{
	return S_ISREG(obj->st.st_mode) || S_ISDIR(obj->st.st_mode) || S_ISLNK(obj->st.st_mode);
}

int lookup_object(struct request *rq, struct lookup *lk, bool nofollow, struct object *ret)
{
	int fd = -EXDEV, r = 0;

	/* what an earlier round has found */
	lk->walked = false;
	close_fd(&lk->missing_parent);
	/* Nobody is answered with it: who may not look there is told by the kernel. Saves reading credentials. */
	if (!rq->only_touching)
		r = act_as_caller(rq);
	if (r < 0)
		return r;
	if (lk->base_is_live)
		fd = host_openat2(lk->base_fd, lk->path, O_PATH | (nofollow ? O_NOFOLLOW : 0), 0,
				  fast_scope(lk));
	if (fd == -EXDEV && !nofollow && !rq->only_touching)
		fd = own_link_open(rq, lk);
	if (fd >= 0)
		r = finish_object(rq, fd, !rq->only_touching, ret);
	else if (fd == -EXDEV || fd == -EAGAIN || (fd == -ENOENT && cow_is_lazy(rq->svc->cow)))
		r = rq->only_touching ? act_as_caller(rq) : 0;
	else
		return give_up(rq, fd);
	if (fd < 0 && r == 0)
		r = slow_object(rq, lk, nofollow, ret);
	if (!rq->stay_caller || (r == 0 && !is_file_or_dir(ret)))
		act_as_self(rq);
	return r;
}

/* A name that appeared between lookup and creation must not let a shared file, a FIFO or a device
 * through. */
static int check_created(const struct request *rq, int fd, off_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || object_is_shared(rq, &st))
		return -EAGAIN;
	*ret_size = st.st_size;
	return 0;
}

static int clear_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_new(struct lookup *lk, int flags, uint32_t mode)
{
	uint64_t how = (uint64_t)(flags | O_CREAT | O_NOCTTY) & ~(uint64_t)O_TRUNC;

	if (lk->missing_parent >= 0)
		/* not by O_NOFOLLOW, which F_GETFL would show */
		return host_openat2(lk->missing_parent, lk->missing_name, how, mode & 07777,
				    RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	return host_openat2(lk->base_fd, lk->path, how, mode & 07777, fast_scope(lk));
}

/* Not with O_EXCL: the name is a symlink to where nothing is, or somebody has just made the file. */
static int open_new_or_not(struct request *rq, struct lookup *lk, int flags, uint32_t mode,
			   int *ret_fd)
{
	cleanup_fd int fd = open_new(lk, flags | O_NONBLOCK, mode);
	off_t size = 0;
	int r;

	if (fd == -ELOOP || fd == -EXDEV || fd == -ENXIO)
		return -EAGAIN;
	if (fd < 0)
		return fd;
	r = check_created(rq, fd, &size);
	if (r == 0 && !(flags & O_NONBLOCK))
		r = clear_nonblock(fd);
	/* Filled already; O_TRUNC then still counts. A new file is not truncated: that would take setgid away. */
	if (r == 0 && (flags & O_TRUNC) && size > 0 && (flags & O_ACCMODE) != O_RDONLY &&
	    ftruncate(fd, 0) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r;
}

int lookup_create(struct request *rq, struct lookup *lk, int flags, uint32_t mode, int *ret_fd)
{
	int fd, r;

	/* The walk ended at a parent: only its last name is left, and no link may be followed any
	 * more. */
	if (lk->walked && lk->missing_parent < 0)
		return -ENOENT;
	if (lk->missing_parent >= 0 && lk->missing_slash)
		return -EISDIR;
	r = act_as_caller(rq);
	if (r < 0)
		return r;
	fd = open_new(lk, flags | O_EXCL, mode);
	if (fd == -EEXIST && !(flags & O_EXCL))
		r = open_new_or_not(rq, lk, flags, mode, ret_fd);
	else if (fd < 0)
		r = fd == -ELOOP || fd == -EXDEV ? -EAGAIN : fd;
	else
		*ret_fd = fd;
	act_as_self(rq);
	return r;
}

int lookup_parent(struct request *rq, const struct lookup *lk, struct object *ret, char *ret_name)
{
	const char *slash = strrchr(lk->path, '/');
	const char *name = slash ? slash + 1 : lk->path;
	struct lookup up = *lk;
	char path[PATH_MAX];
	int r;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -ENOENT;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(path, sizeof(path), "%.*s", slash ? (int)(slash - lk->path) + 1 : 1,
		 slash ? lk->path : ".");
	snprintf(ret_name, NAME_MAX + 1, "%s", name);
	up.path = path;
	up.missing_parent = -EBADF;
	r = lookup_object(rq, &up, false, ret);
	close_fd(&up.missing_parent);
	return r;
}

int resolve_fd(struct request *rq, int number, bool path_ok, struct object *ret)
{
	cleanup_fd int fd = -EBADF;
	bool is_path = false;
	int r;

	r = tracee_open_fd(rq->svc->proc_fd, rq->tid, number, &fd);
	if (r == 0 && !path_ok)
		r = tracee_fd_is_path(rq->svc->proc_fd, rq->tid, number, &is_path);
	if (r == 0 && is_path)
		r = -EBADF;
	if (r == 0)
		r = request_check_alive(rq);
	return r < 0 ? r : finish_object(rq, steal_fd(&fd), false, ret);
}

static int resolve_empty(struct request *rq, int dirfd, unsigned fd_use, struct object *ret)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (dirfd != AT_FDCWD || (fd_use & FD_NEVER_CWD))
		return resolve_fd(rq, dirfd, !(fd_use & FD_IS_OPEN), ret);
	r = tracee_open_cwd(rq->svc->proc_fd, rq->tid, &fd);
	if (r == 0)
		r = request_check_alive(rq);
	return r < 0 ? r : finish_object(rq, steal_fd(&fd), false, ret);
}

static int call_flags(const struct request *rq)
{
	const struct syscall_row *row = rq->row;

	return row->fixed_flags |
	       (row->at_flags >= 0 ? request_int(rq, (unsigned)row->at_flags) : 0);
}

int resolve_check_flags(const struct request *rq, int known_flags)
{
	return call_flags(rq) & ~(known_flags | rq->row->fixed_flags) ? -EINVAL : 0;
}

int resolve_call(struct request *rq, int known_flags, unsigned fd_use, struct object *ret)
{
	const struct syscall_row *row = rq->row;
	int flags = call_flags(rq);
	int dirfd = row->dirfd >= 0 ? request_int(rq, (unsigned)row->dirfd) : AT_FDCWD;
	struct lookup lk;
	struct tracee_path path;
	struct tracee_ptr ptr;
	int r;

	if (row->path < 0)
		return resolve_fd(rq, dirfd, false, ret);
	r = resolve_check_flags(rq, known_flags);
	if (r < 0)
		return r;
	ptr = request_ptr(rq, (unsigned)row->path);
	if ((fd_use & FD_IF_NULL) && ptr.addr == 0)
		return flags || dirfd == AT_FDCWD ? (flags ? -EINVAL : -EFAULT)
						  : resolve_fd(rq, dirfd, false, ret);
	/* Since 6.11 a NULL path with AT_EMPTY_PATH is an empty one. */
	if (ptr.addr == 0 && (flags & AT_EMPTY_PATH))
		return resolve_empty(rq, dirfd, fd_use, ret);
	r = tracee_read_path(rq->tid, ptr, &path);
	if (r < 0)
		return r;
	if (path.len == 0 && (flags & AT_EMPTY_PATH))
		return resolve_empty(rq, dirfd, fd_use, ret);
	r = lookup_begin(rq, dirfd, &path, 0, &lk);
	if (r < 0)
		return r;
	r = lookup_object(rq, &lk, !!(flags & AT_SYMLINK_NOFOLLOW), ret);
	lookup_done(&lk);
	return r;
}

void object_done(struct object *obj)
{
	close_fd(&obj->fd);
}

int object_check_writable(const struct object *obj)
{
	struct statvfs fs;

	if (fstatvfs(obj->fd, &fs) < 0)
		return -errno;
	return fs.f_flag & ST_RDONLY ? -EROFS : 0;
}

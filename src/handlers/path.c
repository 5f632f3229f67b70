/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path calls while the live root is populated lazily; see path.h. Supervisor worker thread. Untrusted: every path, and that it
 * still says the same when the kernel reads it. These calls change no existing inode, so they are continued: who swaps a path
 * meanwhile sees, at worst, a directory that is not populated yet, which is his own doing.
 */
#include <config.h>

#include "handlers/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/live_name.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/at.h"

/* The same directory on our own mount. -ENOENT: it could not be found there. */
static int open_on_own_mount(struct request *rq, const struct object *obj, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	struct live_name ln;
	struct stat st;
	int r = live_name_find(rq, obj, &ln);

	if (r == 0)
		r = ln.kind == LIVE_NAMED ? host_open_dir(ln.parent, ln.name, &fd) : -ENOENT;
	if (r == 0 && (fstat(fd, &st) < 0 || st.st_ino != obj->st.st_ino))
		r = -ENOENT;
	live_name_done(&ln);
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r == -EROFS || r == -EACCES ? -ENOENT : r;
}

static int populate(struct request *rq, const struct object *obj,
		    int (*fn)(struct cow *cow, int fd))
{
	cleanup_fd int fd = -EBADF;
	int r;

	rq->svc->may_block(rq);
	r = open_on_own_mount(rq, obj, &fd);
	if (r == 0)
		r = fn(rq->svc->cow, fd);
	else if (r == -ENOENT)
		r = cow_fill(rq->svc->cow, NULL, NULL); /* wherever it is, this reaches it */
	if (r < 0)
		rq->populate_error = r;
	return r;
}

int path_enter_dir(struct request *rq, int fd, bool as_caller)
{
	struct object obj = {.fd = fd};
	int r;

	if (!cow_is_lazy(rq->svc->cow))
		return 0;
	if (fstat(fd, &obj.st) < 0)
		return -errno;
	if (!S_ISDIR(obj.st.st_mode) ||
	    !cow_is_unpopulated(rq->svc->cow, obj.st.st_dev, obj.st.st_ino))
		return 0;
	act_as_supervisor(rq);
	r = populate(rq, &obj, cow_populate_dir);
	if (as_caller && act_as_caller(rq) < 0)
		return -EPERM;
	return r;
}

/* *ret (if it is not NULL): what the path leads to; its fd is -EBADF if that is nothing. */
int path_look(struct request *rq, int dirfd, const struct tracee_path *path, int flags,
	      struct object *ret)
{
	cleanup_object struct object obj = OBJECT_INIT;
	struct lookup lk;

	if (path->len == 0 || lookup_begin(rq, dirfd, path, 0, &lk) < 0)
		return 0; /* AT_EMPTY_PATH: who has a descriptor has opened it */
	rq->populate_error = 0;
	rq->only_touching = true;
	lookup_object(rq, &lk, !!(flags & AT_SYMLINK_NOFOLLOW), &obj);
	rq->only_touching = false;
	lookup_done(&lk);
	if (ret) {
		*ret = obj;
		obj.fd = -EBADF;
	}
	return rq->populate_error;
}

int path_touch_string(struct request *rq, int dirfd, const struct tracee_path *path, int flags)
{
	return cow_is_lazy(rq->svc->cow) ? path_look(rq, dirfd, path, flags, NULL) : 0;
}

int path_touch(struct request *rq, int dirfd, struct tracee_ptr ptr, int flags)
{
	struct tracee_path path;

	/* what cannot be read is EFAULT or ENAMETOOLONG for the kernel too */
	if (!cow_is_lazy(rq->svc->cow) || ptr.addr == 0 ||
	    tracee_read_path(rq->tid, ptr, &path) < 0)
		return 0;
	return path_look(rq, dirfd, &path, flags, NULL);
}

int path_continue(struct request *rq, int r, struct reply *reply)
{
	(void)rq;
	return r < 0 ? r : reply_continue(reply, CONTINUE_NOT_GUARDED);
}

static int row_dirfd(const struct request *rq)
{
	return rq->row->dirfd >= 0 ? request_int(rq, (unsigned)rq->row->dirfd) : AT_FDCWD;
}

static int row_flags(const struct request *rq)
{
	return rq->row->fixed_flags |
	       (rq->row->at_flags >= 0 ? request_int(rq, (unsigned)rq->row->at_flags) : 0);
}

int handle_path(struct request *rq, struct reply *reply)
{
	int r = path_touch(rq, row_dirfd(rq), request_ptr(rq, (unsigned)rq->row->path),
			   row_flags(rq));

	return path_continue(rq, r, reply);
}

/* A second path in the operand register, with a directory in the one before if the first has one. */
static struct tracee_ptr second_path(const struct request *rq, int *ret_dirfd)
{
	unsigned op = (unsigned)rq->row->operand;

	*ret_dirfd = rq->row->dirfd >= 0 ? request_int(rq, op - 1) : AT_FDCWD;
	return request_ptr(rq, op);
}

int path_touch_second(struct request *rq)
{
	int dirfd;
	struct tracee_ptr ptr = second_path(rq, &dirfd);

	return path_touch(rq, dirfd, ptr, AT_SYMLINK_NOFOLLOW);
}

int handle_two_paths(struct request *rq, struct reply *reply)
{
	int r = path_touch(rq, row_dirfd(rq), request_ptr(rq, (unsigned)rq->row->path),
			   row_flags(rq));

	if (r == 0)
		r = path_touch_second(rq);
	return path_continue(rq, r, reply);
}

int path_settle(struct request *rq)
{
	act_as_supervisor(rq);
	rq->svc->may_block(rq);
	return cow_settle(rq->svc->cow);
}

/* A name goes: which other names its file has must be known before. */
int handle_remove(struct request *rq, struct reply *reply)
{
	int r = path_touch(rq, row_dirfd(rq), request_ptr(rq, (unsigned)rq->row->path),
			   AT_SYMLINK_NOFOLLOW);

	if (r == 0 && !cow_is_settled(rq->svc->cow))
		r = path_settle(rq);
	return path_continue(rq, r, reply);
}

/* Marks name the place in the lowers, and diff finds them by it: what moves is populated to its leaves. */
static int touch_moving(struct request *rq, int dirfd, struct tracee_ptr ptr)
{
	cleanup_object struct object obj = OBJECT_INIT;
	struct tracee_path path;
	int r;

	if (tracee_read_path(rq->tid, ptr, &path) < 0)
		return 0;
	r = path_look(rq, dirfd, &path, AT_SYMLINK_NOFOLLOW, &obj);
	if (r < 0 || obj.fd < 0 || !S_ISDIR(obj.st.st_mode) ||
	    obj.st.st_dev != cow_live_dev(rq->svc->cow))
		return r;
	act_as_supervisor(rq);
	return populate(rq, &obj, cow_populate_tree);
}

int handle_rename(struct request *rq, struct reply *reply)
{
	struct tracee_ptr second;
	int dirfd, r;

	if (!cow_is_lazy(rq->svc->cow))
		return path_continue(rq, 0, reply);
	second = second_path(rq, &dirfd);
	r = touch_moving(rq, row_dirfd(rq), request_ptr(rq, (unsigned)rq->row->path));
	if (r == 0) /* RENAME_EXCHANGE moves both */
		r = touch_moving(rq, dirfd, second);
	if (r == 0 && !cow_is_settled(rq->svc->cow))
		r = path_settle(rq);
	return path_continue(rq, r, reply);
}

static int touch_address(struct request *rq, struct tracee_ptr ptr, uint64_t len)
{
	struct sockaddr_un address = {0};
	struct tracee_path path = {0};
	int dirfd = AT_FDCWD; /* unix(7) */

	if (ptr.addr == 0 || len <= sizeof(address.sun_family))
		return 0;
	if (tracee_read(rq->tid, ptr, &address, MIN(len, sizeof(address))) < 0)
		return 0;
	if (address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
		return 0;
	path.len = strnlen(address.sun_path, sizeof(address.sun_path));
	memcpy(path.bytes, address.sun_path, path.len);
	return path_touch_string(rq, dirfd, &path, 0);
}

/* bind, connect, sendto: the address is in the operand register, its length in the next. */
int handle_socket_address(struct request *rq, struct reply *reply)
{
	unsigned op = (unsigned)rq->row->operand;
	int r = 0;

	if (cow_is_lazy(rq->svc->cow))
		r = touch_address(rq, request_ptr(rq, op), (uint32_t)rq->args[op + 1]);
	return path_continue(rq, r, reply);
}

static int touch_message(struct request *rq, struct tracee_ptr ptr)
{
	struct msghdr msg;

	if (tracee_read(rq->tid, ptr, &msg, sizeof(msg)) < 0)
		return 0;
	return touch_address(rq, (struct tracee_ptr){(uintptr_t)msg.msg_name}, msg.msg_namelen);
}

int handle_sendmsg(struct request *rq, struct reply *reply)
{
	int r = cow_is_lazy(rq->svc->cow) ? touch_message(rq, request_ptr(rq, 1)) : 0;

	return path_continue(rq, r, reply);
}

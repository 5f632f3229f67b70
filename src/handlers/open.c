/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open, openat, creat, openat2 that may write. Supervisor worker thread. Untrusted: path, struct
 * open_how. The object is looked up once, a shared file is copied up and looked up again, and then
 * the very object that was checked is opened through our own descriptor of it.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/device.h"
#include "handlers/handlers.h"
#include "handlers/live_name.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/object.h"
#include "host/openat2.h"

/* Rivals may change the name between our steps; each round that ends in -EAGAIN means that one of
 * them made progress. */
#define ROUNDS 100

/* The bit by itself: libc's __O_TMPFILE contains O_DIRECTORY. */
#define TMPFILE_BIT (__O_TMPFILE & ~O_DIRECTORY)
/* The kernel's; libc's is 0 on 64-bit. */
#ifdef __aarch64__
#define LARGEFILE 0400000
#else
#define LARGEFILE 0100000
#endif
#define KNOWN_OPEN_FLAGS                                                                           \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |      \
	 O_DSYNC | O_ASYNC | O_DIRECT | LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |         \
	 O_CLOEXEC | O_PATH | __O_TMPFILE)

struct open_call {
	int dirfd;
	int flags; /* as openat2 takes them */
	uint32_t mode;
	uint64_t resolve;
	struct tracee_path path;
};

static int access_mode(int flags)
{
	static const int modes[] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
	int mode = modes[flags & O_ACCMODE];

	return flags & O_TRUNC ? mode | W_OK : mode;
}

static int clear_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

struct reopen_call {
	int fd;
	int flags;
	uint32_t mode;
};

/* By openat2, which adds no flags of its own: F_GETFL shows the caller what it asked for. */
static int do_reopen(void *arg)
{
	const struct reopen_call *call = arg;
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", call->fd);
	return host_openat2(AT_FDCWD, path, (uint64_t)call->flags, call->mode, 0);
}

/* The name is settled: no creation, and the magic link itself must be followed. O_NOCTTY: no terminal for the supervisor. */
static int reopen_flags(int flags)
{
	if (!(flags & TMPFILE_BIT))
		flags &= ~(O_CREAT | O_EXCL);
	return (flags & ~O_NOFOLLOW) | O_NOCTTY;
}

/* Opens what fd (O_PATH) stands for, as the caller. */
static int reopen(struct request *rq, int fd, int flags, uint32_t mode, int *ret_fd)
{
	struct reopen_call call = {
		.fd = fd,
		.flags = reopen_flags(flags),
		.mode = mode & 07777,
	};

	return act_call(rq, do_reopen, &call, ret_fd);
}

static int give(struct reply *reply, int fd, const struct open_call *call)
{
	return reply_fd(reply, fd, !!(call->flags & O_CLOEXEC));
}

/* A file made or truncated for a caller that then cannot have the descriptor would be lost: EMFILE
 * comes first, as in the kernel. */
static int check_fd_room(struct request *rq)
{
	act_as_self(rq);
	return tracee_fd_table_full(rq->svc->proc_fd, rq->tid) ? -EMFILE : 0;
}

static int create(struct request *rq, struct lookup *lk, const struct open_call *call,
		  struct reply *reply)
{
	int fd = -EBADF;
	int r = lookup_create(rq, lk, call->flags, call->mode, &fd);

	return r < 0 ? r : give(reply, fd, call);
}

/* proc(5): 0 to 2. Only for files and FIFOs; sockets and devices are always guarded, where everybody may write. */
static unsigned sticky_level(const struct service *svc, mode_t mode)
{
	if (S_ISREG(mode))
		return svc->protected_regular;
	return S_ISFIFO(mode) ? svc->protected_fifos : 1;
}

/*
 * protected_regular and protected_fifos: O_CREAT of somebody else's file in a sticky directory that others may write. The kernel checks this only
 * with O_CREAT, which reopen strips.
 */
static int check_sticky(struct request *rq, const struct lookup *lk, const struct object *obj)
{
	unsigned guarded = sticky_level(rq->svc, obj->st.st_mode);
	cleanup_object struct object dir = OBJECT_INIT;
	char name[NAME_MAX + 1];
	int r;

	if (!guarded || obj->st.st_uid == rq->creds.fsuid)
		return 0;
	r = lookup_parent(rq, lk, &dir, name);
	if (r < 0)
		return r;
	if (!(dir.st.st_mode & S_ISVTX) || dir.st.st_uid == obj->st.st_uid)
		return 0;
	if (dir.st.st_mode & S_IWOTH)
		return -EACCES;
	return (dir.st.st_mode & S_IWGRP) && guarded >= 2 ? -EACCES : 0;
}

static int check_access(struct request *rq, const struct object *obj, const struct open_call *call)
{
	int r = act_as_caller(rq);

	if (r == 0)
		r = host_access_fd(obj->fd, access_mode(call->flags));
	/* open(2): O_NOATIME is for the owner. Must be known before a truncating copy-up gives the
	 * old content up. */
	if (r == 0 && (call->flags & O_NOATIME) && obj->st.st_uid != rq->creds.fsuid &&
	    !(rq->creds.effective & (1ull << CAP_FOWNER)))
		r = -EPERM;
	return r;
}

/* A shared inode reached through an old descriptor (/proc/self/fd/N): its name is gone or belongs
 * to a private file. */
static int open_nameless(struct request *rq, const struct object *obj, const struct live_name *ln,
			 const struct open_call *call, struct reply *reply)
{
	cleanup_fd int copy = -EBADF, fd = -EBADF;
	int r = 0;

	if (ln->kind == LIVE_GONE)
		r = cow_copy_unnamed(rq->svc->cow, obj->fd, &copy);
	if (r == 0)
		r = reopen(rq, ln->kind == LIVE_GONE ? copy : ln->moved_fd, call->flags, 0, &fd);
	return r < 0 ? r : give(reply, steal_fd(&fd), call);
}

static int open_shared(struct request *rq, struct lookup *lk, const struct object *obj,
		       const struct open_call *call, struct reply *reply)
{
	struct live_name ln;
	int r;

	r = check_access(rq, obj, call);
	if (r == 0 && (call->flags & O_CREAT))
		r = check_sticky(rq, lk, obj);
	act_as_self(rq);
	if (r == 0)
		r = live_name_find(rq, obj, &ln);
	if (r < 0)
		return r;
	if (ln.kind == LIVE_NAMED)
		r = act_copy_up(rq, obj, &ln, call->flags & O_TRUNC ? ACT_NO_DATA : 0);
	else
		r = open_nameless(rq, obj, &ln, call, reply);
	/* look the private file up in the container's mounts */
	if (r == 0 && ln.kind == LIVE_NAMED)
		r = -EAGAIN;
	live_name_done(&ln);
	return r;
}

static int park_fifo(struct request *rq, struct object *obj, const struct open_call *call,
		     struct reply *reply)
{
	struct parked *parked = malloc(sizeof(*parked));

	if (!parked)
		return -ENOMEM;
	parked->fd = steal_fd(&obj->fd);
	parked->flags = call->flags;
	parked->cloexec = !!(call->flags & O_CLOEXEC);
	parked->creds = rq->creds;
	return reply_park(reply, parked);
}

/* With our rights, since the kernel would not take us for the caller. What is written is checked against the writer. */
static int open_own_comm(struct request *rq, const struct object *obj, const struct open_call *call,
			 struct reply *reply)
{
	struct reopen_call reopen_call = {
		.fd = obj->fd,
		.flags = reopen_flags(call->flags),
	};
	int fd;

	act_as_self(rq);
	fd = do_reopen(&reopen_call);
	return fd < 0 ? fd : give(reply, fd, call);
}

static int open_private(struct request *rq, struct lookup *lk, struct object *obj,
			const struct open_call *call, struct reply *reply)
{
	bool special = !S_ISREG(obj->st.st_mode) && !S_ISDIR(obj->st.st_mode);
	cleanup_fd int fd = -EBADF;
	int r = 0;

	if (call->flags & O_CREAT) {
		if (S_ISDIR(obj->st.st_mode))
			return -EISDIR;
		r = check_sticky(rq, lk, obj);
	}
	if (r == 0 && (S_ISCHR(obj->st.st_mode) || S_ISBLK(obj->st.st_mode)))
		r = device_check(rq, obj, access_mode(call->flags));
	if (r < 0)
		return r;
	if (device_is_tty(obj))
		r = device_open_tty(rq, obj);
	if (special)
		rq->svc->may_block(rq);
	if (r == 0 && obj->own_comm)
		return open_own_comm(rq, obj, call, reply);
	/* Never block in a worker: devices and FIFOs are opened O_NONBLOCK, and the flag is taken
	 * back afterwards. */
	if (r == 0)
		r = reopen(rq, obj->fd, call->flags | (special ? O_NONBLOCK : 0), call->mode, &fd);
	if (r == -ENXIO && S_ISFIFO(obj->st.st_mode) && !(call->flags & O_NONBLOCK))
		return park_fifo(rq, obj, call, reply);
	if (r == 0 && special && !(call->flags & O_NONBLOCK))
		r = clear_nonblock(fd);
	return r < 0 ? r : give(reply, steal_fd(&fd), call);
}

/* open(2): access mode 3 asks for both permissions and gives a descriptor that neither reads nor writes, on a read-only mount too. */
static bool can_write(int flags)
{
	return (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR ||
	       (flags & O_TRUNC);
}

static int open_object(struct request *rq, struct lookup *lk, struct object *obj,
		       const struct open_call *call, struct reply *reply)
{
	if ((call->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((call->flags & O_DIRECTORY) && !S_ISDIR(obj->st.st_mode))
		return -ENOTDIR;
	if (S_ISLNK(obj->st.st_mode))
		return -ELOOP;
	if (obj->shared && can_write(call->flags))
		return open_shared(rq, lk, obj, call, reply);
	return open_private(rq, lk, obj, call, reply);
}

/* O_CREAT of "name/": no file can be called so, whatever lies there. The kernel says it once the directory is found. */
static int check_creates_directory(struct request *rq, const struct open_call *call,
				   const struct lookup *lk)
{
	cleanup_object struct object dir = OBJECT_INIT;
	struct lookup cut = *lk;
	char path[PATH_MAX], name[NAME_MAX + 1];
	size_t len = call->path.len;
	int r;

	if (!(call->flags & O_CREAT) || call->path.bytes[len - 1] != '/')
		return 0;
	while (len > 0 && call->path.bytes[len - 1] == '/')
		len--;
	snprintf(path, sizeof(path), "%.*s", (int)len, call->path.bytes);
	cut.path = path;
	r = lookup_parent(rq, &cut, &dir, name);
	if (r == -ENOENT && dir.fd < 0 && (len == 0 || path[len - 1] == '.'))
		return 0; /* "/", "./", "../": directories that are there */
	if (r == 0 && !S_ISDIR(dir.st.st_mode))
		r = -ENOTDIR;
	if (r == 0)
		r = act_as_caller(rq);
	if (r < 0)
		return r;
	r = host_access_fd(dir.fd, X_OK);
	act_as_self(rq);
	return r < 0 ? r : -EISDIR;
}

static int open_round(struct request *rq, const struct open_call *call, struct lookup *lk,
		      struct reply *reply)
{
	bool nofollow = (call->flags & O_NOFOLLOW) ||
			(call->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	cleanup_object struct object obj = OBJECT_INIT;
	int r;

	rq->stay_caller = true;
	r = lookup_object(rq, lk, nofollow, &obj);
	rq->stay_caller = false;
	if (r == -ENOENT && (call->flags & O_CREAT))
		return create(rq, lk, call, reply);
	return r < 0 ? r : open_object(rq, lk, &obj, call, reply);
}

static int open_path(struct request *rq, const struct open_call *call, struct reply *reply)
{
	cleanup_lookup struct lookup lk = {
		.base_fd = -EBADF, .root_fd = -EBADF, .missing_parent = -EBADF};
	int r;

	r = lookup_begin(rq, call->dirfd, &call->path, call->resolve, &lk);
	if (r == 0)
		r = check_creates_directory(rq, call, &lk);
	if (r < 0)
		return r;
	r = -EAGAIN;
	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++)
		r = open_round(rq, call, &lk, reply);
	return r;
}

static int serve_open(struct request *rq, const struct open_call *call, struct reply *reply)
{
	bool early = (call->flags & (O_CREAT | O_TRUNC)) && call->path.len > 0;
	int r = early ? check_fd_room(rq) : 0;

	if (r == 0)
		r = open_path(rq, call, reply);
	/* The kernel takes a number before it looks at the path. */
	if (!early && r < 0 && r != -EMFILE && call->path.len > 0 && check_fd_room(rq) < 0)
		r = -EMFILE;
	return r;
}

/* O_CREAT | O_TRUNC | O_WRONLY, creat(2). */
#define CREAT_FLAGS (O_CREAT | O_WRONLY | O_TRUNC)

static int open_by_row(struct request *rq, int flags, uint32_t mode, struct reply *reply)
{
	/* open(2) ignores flags that it does not know, and sets this one */
	struct open_call call = {.flags = (flags & KNOWN_OPEN_FLAGS) | LARGEFILE, .mode = mode};
	int r;

	call.dirfd = rq->row->dirfd >= 0 ? request_int(rq, (unsigned)rq->row->dirfd) : AT_FDCWD;
	r = tracee_read_path(rq->tid, request_ptr(rq, (unsigned)rq->row->path), &call.path);
	return r < 0 ? r : serve_open(rq, &call, reply);
}

/* As the filter decides; see notify_set.c. */
static bool is_guarded(int flags)
{
	if ((flags & (O_PATH | __O_TMPFILE)) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return false;
	return flags & (O_ACCMODE | O_TRUNC);
}

/* Notified only while the live root is populated lazily. */
static int continue_open(struct request *rq, int flags, struct reply *reply)
{
	bool nofollow = (flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	int dirfd = rq->row->dirfd >= 0 ? request_int(rq, (unsigned)rq->row->dirfd) : AT_FDCWD;
	int r = path_touch(rq, dirfd, request_ptr(rq, (unsigned)rq->row->path),
			   nofollow ? AT_SYMLINK_NOFOLLOW : 0);

	return path_continue(rq, r, reply);
}

int handle_open(struct request *rq, struct reply *reply)
{
	unsigned op = (unsigned)rq->row->operand;
	int flags = request_int(rq, op);

	if (!is_guarded(flags))
		return continue_open(rq, flags, reply);
	return open_by_row(rq, flags, (uint32_t)rq->args[op + 1], reply);
}

int handle_creat(struct request *rq, struct reply *reply)
{
	return open_by_row(rq, CREAT_FLAGS, (uint32_t)rq->args[rq->row->operand], reply);
}

#define KNOWN_RESOLVE                                                                              \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |         \
	 RESOLVE_IN_ROOT | RESOLVE_CACHED)
#define HOW_SIZE_MAX 4096

/* openat2(2) of a newer program: a longer struct is fine as long as what we do not know is zero. */
static int read_how(struct request *rq, struct open_how *ret)
{
	unsigned op = (unsigned)rq->row->operand;
	uint64_t size = rq->args[op + 1];
	unsigned char bytes[HOW_SIZE_MAX];
	int r;

	if (size < sizeof(*ret))
		return -EINVAL;
	if (size > sizeof(bytes))
		return -E2BIG;
	r = tracee_read(rq->tid, request_ptr(rq, op), bytes, size);
	if (r < 0)
		return r;
	for (size_t i = sizeof(*ret); i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(ret, bytes, sizeof(*ret));
	return 0;
}

static int check_how(const struct open_how *how)
{
	bool creates = how->flags & (O_CREAT | TMPFILE_BIT);

	if ((how->flags & ~(uint64_t)KNOWN_OPEN_FLAGS) ||
	    (how->resolve & ~(uint64_t)KNOWN_RESOLVE) ||
	    (creates ? how->mode & ~07777ull : how->mode))
		return -EINVAL;
	if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how->flags & O_PATH) &&
	    (how->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if ((how->flags & O_CREAT) && (how->flags & O_DIRECTORY))
		return -EINVAL;
	/* A cached lookup may always fail so; the caller then tries without. */
	return how->resolve & RESOLVE_CACHED ? -EAGAIN : 0;
}

/*
 * ADDFD takes no such descriptor, so only the kernel can open it; but the flags are in memory and could be others by then. Where that could
 * reach a shared inode programs are told to use other ways, those for kernels before 5.6.
 */
static int openat2_path_fd(struct request *rq, const struct open_call *call, struct reply *reply)
{
	bool nofollow = call->flags & O_NOFOLLOW;
	int r;

	if (!cow_shares_nothing(rq->svc->cow))
		return -ENOSYS;
	r = path_touch_string(rq, call->dirfd, &call->path, nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	return r < 0 ? r : reply_continue(reply, CONTINUE_NOTHING_SHARED);
}

static int open_tmpfile(struct request *rq, const struct open_call *call, struct reply *reply)
{
	cleanup_object struct object dir = OBJECT_INIT;
	cleanup_fd int fd = -EBADF;
	struct lookup lk;
	int r;

	r = lookup_begin(rq, call->dirfd, &call->path, call->resolve, &lk);
	if (r < 0)
		return r;
	r = lookup_object(rq, &lk, !!(call->flags & O_NOFOLLOW), &dir);
	lookup_done(&lk);
	if (r == 0 && !S_ISDIR(dir.st.st_mode))
		r = -ENOTDIR;
	if (r == 0)
		r = reopen(rq, dir.fd, call->flags, call->mode, &fd);
	return r < 0 ? r : give(reply, steal_fd(&fd), call);
}

int handle_openat2(struct request *rq, struct reply *reply)
{
	struct open_call call = {.dirfd = request_int(rq, (unsigned)rq->row->dirfd)};
	struct open_how how;
	int r;

	r = read_how(rq, &how);
	if (r == 0)
		r = check_how(&how);
	if (r == 0)
		r = tracee_read_path(rq->tid, request_ptr(rq, (unsigned)rq->row->path), &call.path);
	if (r < 0)
		return r;
	call.flags = (int)how.flags;
	call.mode = (uint32_t)how.mode;
	call.resolve = how.resolve;
	if (call.flags & O_PATH)
		return openat2_path_fd(rq, &call, reply);
	if (call.flags & TMPFILE_BIT)
		return open_tmpfile(rq, &call, reply);
	return serve_open(rq, &call, reply);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inode flags and the like (chattr, lsattr's setters): ioctls and file_setattr. Not available on
 * shared files (EOPNOTSUPP, as on file systems without them); served on the checked object
 * elsewhere. Supervisor worker thread. Untrusted: the argument structs, copied once.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/object.h"

#define FILE_ATTR_SIZE_MAX 4096

/* Size of the argument in the caller's memory; 0: not served. The number encodes long where the
 * kernel reads int (ioctl_iflags(2)). */
static size_t argument_size(uint32_t cmd)
{
	switch (cmd) {
	case FS_IOC_SETFLAGS:
	case FS_IOC_SETVERSION:
		return sizeof(int);
	case FS_IOC_FSSETXATTR:
		return sizeof(struct fsxattr);
	default:
		return 0;
	}
}

static int do_ioctl(struct request *rq, const struct object *obj, uint32_t cmd, void *arg)
{
	cleanup_fd int fd = -EBADF;
	char path[48];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", obj->fd);
	/* The caller has the file open; an O_PATH descriptor takes no ioctls, so one is opened here
	 * with our own rights. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = act_as_caller(rq);
	if (r == 0)
		r = ioctl(fd, cmd, arg) < 0 ? -errno : 0;
	act_as_self(rq);
	return r;
}

int handle_ioctl(struct request *rq, struct reply *reply)
{
	uint32_t cmd = (uint32_t)rq->args[rq->row->operand];
	cleanup_object struct object obj = OBJECT_INIT;
	size_t size = argument_size(cmd);
	union {
		int number;
		struct fsxattr xattr;
	} arg;
	int r;

	r = resolve_fd(rq, request_int(rq, (unsigned)rq->row->dirfd), false, &obj);
	if (r < 0)
		return r;
	/* On terminals, sockets and pipes these numbers mean nothing (or, for a driver, something
	 * else that is not ours to do). */
	if (!S_ISREG(obj.st.st_mode) && !S_ISDIR(obj.st.st_mode))
		return -ENOTTY;
	if (obj.shared || size == 0)
		return -EOPNOTSUPP;
	r = tracee_read(rq->tid, request_ptr(rq, (unsigned)rq->row->operand + 1), &arg, size);
	if (r == 0)
		r = do_ioctl(rq, &obj, cmd, &arg);
	return r < 0 ? r : reply_value(reply, 0);
}

int handle_file_setattr(struct request *rq, struct reply *reply)
{
	unsigned op = (unsigned)rq->row->operand;
	cleanup_object struct object obj = OBJECT_INIT;
	unsigned char attr[FILE_ATTR_SIZE_MAX];
	uint64_t size = rq->args[op + 1];
	int r;

	if (size > sizeof(attr))
		return -E2BIG;
	r = tracee_read(rq->tid, request_ptr(rq, op), attr, (size_t)size);
	if (r == 0)
		r = resolve_call(rq, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0, &obj);
	if (r < 0)
		return r;
	if (obj.shared)
		return -EOPNOTSUPP;
	r = act_as_caller(rq);
	if (r == 0)
		r = host_file_setattr_fd(obj.fd, attr, (size_t)size);
	act_as_self(rq);
	return r < 0 ? r : reply_value(reply, 0);
}

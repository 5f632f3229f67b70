/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting and removing extended attributes (POSIX ACLs and file capabilities too). Supervisor
 * worker thread. Untrusted: name and value, read once into our own copies; sizes are limited as in
 * the kernel (XATTR_NAME_MAX, XATTR_SIZE_MAX).
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "handlers/handlers.h"
#include "handlers/on_object.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"

struct xattr {
	char name[XATTR_NAME_MAX + 1];
	void *value;
	size_t size;
	int flags;
};

static int read_name(struct request *rq, unsigned reg, struct xattr *x)
{
	size_t len;
	int r = tracee_read_string(rq->tid, request_ptr(rq, reg), x->name, sizeof(x->name), &len);

	if (r == -ENAMETOOLONG || (r == 0 && len == 0))
		return -ERANGE;
	/* the engine's own marks */
	if (r == 0 && strncmp(x->name, "user.sandlock.", strlen("user.sandlock.")) == 0)
		return -EPERM;
	return r;
}

static int read_value(struct request *rq, struct tracee_ptr from, uint64_t size, struct xattr *x)
{
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	x->size = (size_t)size;
	x->value = malloc(x->size + 1);
	if (!x->value)
		return -ENOMEM;
	return tracee_read(rq->tid, from, x->value, x->size);
}

/* Symlinks too are reached by the magic link: it ends at the object itself. */
static int do_set(int fd, const char *path, void *arg)
{
	const struct xattr *x = arg;

	if (path)
		return setxattr(path, x->name, x->value, x->size, x->flags) < 0 ? -errno : 0;
	return fsetxattr(fd, x->name, x->value, x->size, x->flags) < 0 ? -errno : 0;
}

static int do_remove(int fd, const char *path, void *arg)
{
	const char *name = ((const struct xattr *)arg)->name;

	return (path ? removexattr(path, name) : fremovexattr(fd, name)) < 0 ? -errno : 0;
}

/* What may be wrong is looked at in the kernel's order. */
static int set(struct request *rq, struct xattr *x, struct tracee_ptr from, uint64_t size,
	       int known_flags, struct reply *reply)
{
	int r = resolve_check_flags(rq, known_flags);

	if (r == 0 && (x->flags & ~(XATTR_CREATE | XATTR_REPLACE)))
		r = -EINVAL;
	if (r == 0)
		r = read_name(rq, (unsigned)rq->row->operand, x);
	if (r == 0)
		r = read_value(rq, from, size, x);
	if (r == 0)
		r = on_object(rq, known_flags, FD_IS_OPEN, do_set, x, reply);
	free(x->value);
	return r;
}

int handle_setxattr(struct request *rq, struct reply *reply)
{
	unsigned op = (unsigned)rq->row->operand;
	struct xattr x = {.flags = request_int(rq, op + 3)};

	return set(rq, &x, request_ptr(rq, op + 1), rq->args[op + 2], 0, reply);
}

/* struct xattr_args, 6.13 */
struct args_v0 {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

int handle_setxattrat(struct request *rq, struct reply *reply)
{
	unsigned op = (unsigned)rq->row->operand;
	struct args_v0 args;
	struct xattr x = {.value = NULL};
	int r;

	if (rq->args[op + 2] < sizeof(args))
		return -EINVAL;
	/* Longer structs belong to newer kernels: what we do not know cannot be served. */
	if (rq->args[op + 2] > sizeof(args))
		return -E2BIG;
	r = tracee_read(rq->tid, request_ptr(rq, op + 1), &args, sizeof(args));
	if (r < 0)
		return r;
	x.flags = (int)args.flags;
	return set(rq, &x, (struct tracee_ptr){args.value}, args.size,
		   AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, reply);
}

int handle_removexattr(struct request *rq, struct reply *reply)
{
	int known_flags = rq->row->at_flags >= 0 ? AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH : 0;
	struct xattr x = {.value = NULL};
	int r = resolve_check_flags(rq, known_flags);

	if (r == 0)
		r = read_name(rq, (unsigned)rq->row->operand, &x);
	return r < 0 ? r
		     : on_object(rq, known_flags, FD_IS_OPEN | FD_NEVER_CWD, do_remove, &x, reply);
}

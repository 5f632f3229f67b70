/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount of a single file is a second place that holds its inode and does not follow the name in a copy-up. So a shared file gets its private inode before, as for
 * link(2). The mount itself is made by the kernel. Supervisor worker thread. Untrusted: the path.
 */
#include <config.h>

#include "handlers/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>

#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/live_name.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"

#define ROUNDS	   100
#define CLONE_TREE 1 /* OPEN_TREE_CLONE; libc's <sys/mount.h> may not have it */

/* Others cannot mount, and shall not make us copy. */
static bool may_mount(struct request *rq)
{
	return request_need_creds(rq) == 0 &&
	       ((rq->creds.effective | rq->nested_effective) & (1ull << CAP_SYS_ADMIN));
}

static int copy_up(struct request *rq, const struct object *obj)
{
	struct live_name ln;
	int r = live_name_find(rq, obj, &ln);

	if (r < 0)
		return r;
	if (ln.kind == LIVE_NAMED)
		r = act_copy_up(rq, obj, &ln, 0);
	live_name_done(&ln);
	return r;
}

static int find(struct request *rq, int dirfd, const struct tracee_path *path, int flags,
		struct object *ret)
{
	struct lookup lk;
	int r;

	if (path->len == 0)
		return flags & AT_EMPTY_PATH && dirfd != AT_FDCWD ? resolve_fd(rq, dirfd, true, ret)
								  : -ENOENT;
	r = lookup_begin(rq, dirfd, path, 0, &lk);
	if (r == 0) {
		r = lookup_object(rq, &lk, !!(flags & AT_SYMLINK_NOFOLLOW), ret);
		lookup_done(&lk);
	}
	return r;
}

int bind_before(struct request *rq, int dirfd, struct tracee_ptr ptr, int flags)
{
	struct tracee_path path;
	int r = -EAGAIN;

	/* what cannot be read or found is for the kernel to say */
	if (!may_mount(rq) || tracee_read_path(rq->tid, ptr, &path) < 0)
		return 0;
	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++) {
		cleanup_object struct object obj = OBJECT_INIT;

		if (find(rq, dirfd, &path, flags, &obj) < 0 || !obj.shared)
			return 0;
		r = copy_up(rq, &obj);
	}
	return r;
}

int handle_open_tree(struct request *rq, struct reply *reply)
{
	const struct syscall_row *row = rq->row;
	int flags = request_int(rq, (unsigned)row->at_flags), r = 0;

	if (flags & CLONE_TREE)
		r = bind_before(rq, request_int(rq, (unsigned)row->dirfd),
				request_ptr(rq, (unsigned)row->path), flags);
	if (r < 0)
		return r;
	r = handle_path(rq, reply);
	if (r == 0)
		reply->reason = CONTINUE_MOUNT_MODIFIES_NOTHING;
	return r;
}

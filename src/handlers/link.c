/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link, linkat: a shared file gets its private inode before it gets a second name (as in
 * overlayfs), so that both names stay one file when either is written. The link itself is made by
 * the kernel. Supervisor worker thread.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>

#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"

#define ROUNDS 100

/* linkat's default is not to follow; its flag is the opposite one. */
static int resolve_source(struct request *rq, struct object *ret)
{
	int flags = rq->row->at_flags >= 0 ? request_int(rq, (unsigned)rq->row->at_flags) : 0;
	struct syscall_row row = *rq->row;
	struct request as_nofollow = *rq;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	row.at_flags = NO_REGISTER;
	row.fixed_flags =
		(flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) | (flags & AT_EMPTY_PATH);
	as_nofollow.row = &row;
	return resolve_call(&as_nofollow, 0, false, ret);
}

static int round_once(struct request *rq)
{
	cleanup_object struct object obj = OBJECT_INIT;
	int r = resolve_source(rq, &obj);

	if (r == 0 && obj.shared)
		r = object_check_writable(&obj);
	return r == 0 && obj.shared ? act_copy_up(rq, &obj, 0) : r;
}

int handle_link(struct request *rq, struct reply *reply)
{
	int r = -EAGAIN;

	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++)
		r = round_once(rq);
	return r < 0 ? r : reply_continue(reply, CONTINUE_LINK_MODIFIES_NOTHING);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolve, act, retry. Supervisor worker thread. */
#include <config.h>

#include "handlers/on_object.h"

#include <errno.h>

#include "handlers/handlers.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"

/* Each round that ends in -EAGAIN means that a rival made progress. */
#define ROUNDS 100

static int round_once(struct request *rq, int known_flags, unsigned fd_use, act_fn fn, void *arg,
		      unsigned act_flags)
{
	cleanup_object struct object obj = OBJECT_INIT;
	int r;

	/* act_on_descriptor, and a look-up that found nothing, leave the thread otherwise */
	act_as_self(rq);
	r = resolve_call(rq, known_flags, fd_use, &obj);
	return r < 0 ? r : act_on_object(rq, &obj, fn, arg, act_flags);
}

bool on_object_by_descriptor(const struct request *rq)
{
	const struct syscall_row *row = rq->row;

	if (row->handler == handle_utimensat || row->handler == handle_utimes)
		return row->path >= 0 && row->dirfd >= 0 && rq->args[row->path] == 0 &&
		       (row->at_flags < 0 || rq->args[row->at_flags] == 0);
	return row->path < 0 &&
	       (row->handler == handle_chmod || row->handler == handle_chown ||
		row->handler == handle_setxattr || row->handler == handle_removexattr);
}

int on_object_flags(struct request *rq, int known_flags, unsigned fd_use, act_fn fn, void *arg,
		    unsigned act_flags, struct reply *reply)
{
	int r = -EAGAIN;

	if (on_object_by_descriptor(rq)) {
		r = act_on_descriptor(rq, request_int(rq, (unsigned)rq->row->dirfd), fn, arg);
		if (r <= 0)
			return r < 0 ? r : reply_value(reply, 0);
		rq->svc->look_around(rq);
		r = -EAGAIN;
	}
	rq->stay_caller = true;
	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++)
		r = round_once(rq, known_flags, fd_use, fn, arg, act_flags);
	rq->stay_caller = false;
	return r < 0 ? r : reply_value(reply, 0);
}

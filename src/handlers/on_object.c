/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolve, act, retry. Supervisor worker thread. */
#include <config.h>

#include "handlers/on_object.h"

#include <errno.h>

#include "handlers/request.h"
#include "handlers/resolve.h"

/* Each round that ends in -EAGAIN means that a rival made progress. */
#define ROUNDS 100

static int round_once(struct request *rq, int known_flags, unsigned fd_use, act_fn fn, void *arg,
		      unsigned act_flags)
{
	cleanup_object struct object obj = OBJECT_INIT;
	int r = resolve_call(rq, known_flags, fd_use, &obj);

	return r < 0 ? r : act_on_object(rq, &obj, fn, arg, act_flags);
}

int on_object_flags(struct request *rq, int known_flags, unsigned fd_use, act_fn fn, void *arg,
		    unsigned act_flags, struct reply *reply)
{
	int r = -EAGAIN;

	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++)
		r = round_once(rq, known_flags, fd_use, fn, arg, act_flags);
	return r < 0 ? r : reply_value(reply, 0);
}

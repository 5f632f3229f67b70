/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of most handlers: resolve as the row says, act, and again when a rival changed the
 * name. */
#ifndef SANDLOCK_HANDLERS_ON_OBJECT_H
#define SANDLOCK_HANDLERS_ON_OBJECT_H

#include <stdbool.h>

#include "handlers/act.h"

struct reply;
struct request;

/*
 * Does the call name a descriptor and no path (fchmod, utimensat with NULL, ...)? Such a one is tried with act_on_descriptor first, from whatever capabilities the thread
 * has at the moment; all others begin as the supervisor (act_as_self).
 */
bool on_object_by_descriptor(const struct request *rq);

/* Answers with value 0 when fn succeeded. known_flags, fd_use: see resolve_call. act_flags:
 * ACT_*. */
int on_object_flags(struct request *rq, int known_flags, unsigned fd_use, act_fn fn, void *arg,
		    unsigned act_flags, struct reply *reply);

static inline int on_object(struct request *rq, int known_flags, unsigned fd_use, act_fn fn,
			    void *arg, struct reply *reply)
{
	return on_object_flags(rq, known_flags, fd_use, fn, arg, 0, reply);
}

#endif

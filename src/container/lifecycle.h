/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which state a container is, and which operation is allowed there: one table. */
#ifndef SANDLOCK_CONTAINER_LIFECYCLE_H
#define SANDLOCK_CONTAINER_LIFECYCLE_H

#include <stdbool.h>

struct container;
struct err;

enum container_state {
	STATE_CREATING, /* create has not finished, or it died */
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPED,
	STATE_COUNT
};

enum container_op {
	OP_START,
	OP_EXEC,
	OP_KILL,
	OP_DELETE,
	OP_DELETE_FORCE,
	OP_PAUSE,
	OP_RESUME,
	OP_LIST_PIDS,
	OP_UPDATE,
	OP_EVENTS,
	OP_EXEC_PAUSED, /* exec --ignore-paused */
	OP_COUNT
};

/* Looked at anew each time: the pid must be alive with its start time. Borrowed text as in `state`. */
enum container_state lifecycle_state(const struct container *c);
const char *lifecycle_state_name(enum container_state state);

/* 0, or -EINVAL/-ESRCH with the text for this operation in this state. */
int lifecycle_check(enum container_op op, enum container_state state, const char *id,
		    struct err **err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State × operation. Runs in the commands; the state comes from the status file, /proc and the freezer, never from memory. */
#include <config.h>

#include "container/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cgroup/cgroup.h"
#include "container/store.h"
#include "host/process.h"

static const char *const state_names[STATE_COUNT] = {
	[STATE_CREATING] = "creating", [STATE_CREATED] = "created", [STATE_RUNNING] = "running",
	[STATE_PAUSED] = "paused",     [STATE_STOPPED] = "stopped",
};

enum verdict {
	NO,
	OK,
	NOT_RUNNING,
	STARTED,
	ENDED,
	IS_PAUSED,
	NOT_PAUSED,
	NOT_STOPPED,
	UNFINISHED
};

/* clang-format off */
static const enum verdict table[OP_COUNT][STATE_COUNT] = {
	/*		       creating     created      running      paused       stopped */
	[OP_START]	   = { UNFINISHED,  OK,          STARTED,     STARTED,     ENDED       },
	[OP_EXEC]	   = { UNFINISHED,  NOT_RUNNING, OK,          IS_PAUSED,   NOT_RUNNING },
	[OP_KILL]	   = { UNFINISHED,  OK,          OK,          OK,          NOT_RUNNING },
	[OP_DELETE]	   = { NOT_STOPPED, OK,          NOT_STOPPED, NOT_STOPPED, OK          },
	[OP_DELETE_FORCE]  = { OK,          OK,          OK,          OK,          OK          },
	[OP_PAUSE]	   = { UNFINISHED,  NOT_RUNNING, OK,          IS_PAUSED,   NOT_RUNNING },
	[OP_RESUME]	   = { UNFINISHED,  NOT_PAUSED,  NOT_PAUSED,  OK,          NOT_RUNNING },
	[OP_LIST_PIDS]	   = { UNFINISHED,  OK,          OK,          OK,          NOT_RUNNING },
	[OP_UPDATE]	   = { UNFINISHED,  OK,          OK,          OK,          NOT_RUNNING },
	[OP_EVENTS]	   = { UNFINISHED,  OK,          OK,          OK,          NOT_RUNNING },
	[OP_EXEC_PAUSED]   = { UNFINISHED,  NOT_RUNNING, OK,          OK,          NOT_RUNNING },
};

static const struct { int code; const char *format; } verdicts[] = {
	[NOT_RUNNING] = { ESRCH,  "the container `%s` is not running: No such process" },
	[STARTED]     = { EINVAL, "cannot start the container `%s`: it is already running" },
	[ENDED]       = { EINVAL, "cannot start the container `%s`: it has stopped" },
	[IS_PAUSED]   = { EINVAL, "the container `%s` is paused" },
	[NOT_PAUSED]  = { EINVAL, "the container `%s` is not paused" },
	[NOT_STOPPED] = { EINVAL, "the container `%s` is not in `created` or `stopped` state" },
	[UNFINISHED]  = { EINVAL, "the container `%s` is still being created" },
};
/* clang-format on */

static bool is_paused(const struct container *c)
{
	struct cgroup *cg = NULL;
	bool frozen = false;

	if (c->status->cgroup_path && cgroup_open(c->status->cgroup_path, &cg, NULL) == 0)
		frozen = cgroup_is_frozen(cg);
	cgroup_free(cg);
	return frozen;
}

enum container_state lifecycle_state(const struct container *c)
{
	const struct status *s = c->status;

	if (!s || (s->creating && s->pid == 0))
		return STATE_CREATING;
	if (!host_process_is(s->pid, s->start_time))
		return STATE_STOPPED;
	if (s->creating)
		return STATE_CREATING;
	if (faccessat(c->dir_fd, "exec.fifo", F_OK, 0) == 0)
		return STATE_CREATED;
	return is_paused(c) ? STATE_PAUSED : STATE_RUNNING;
}

const char *lifecycle_state_name(enum container_state state)
{
	return state_names[state];
}

int lifecycle_check(enum container_op op, enum container_state state, const char *id,
		    struct err **err)
{
	enum verdict v = table[op][state];

	if (v == OK)
		return 0;
		/* The format comes from the table above, with one %s for the id. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return err_text(err, verdicts[v].code, verdicts[v].format, id);
#pragma GCC diagnostic pop
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which operation is allowed in which state. */
#include "container/lifecycle.h"

#include <stddef.h>

#include "base/err.h"
#include "tests/lib/tap.h"

/* A letter per state: creating, created, running, paused, stopped. */
static const struct {
	enum container_op op;
	const char *name;
	const char *allowed;
} rows[] = {
	{OP_START, "start", "-y---"},
	{OP_EXEC, "exec", "--y--"},
	{OP_KILL, "kill", "-yyy-"},
	{OP_DELETE, "delete", "-y--y"},
	{OP_PAUSE, "pause", "--y--"},
	{OP_DELETE_FORCE, "delete --force", "yyyyy"},
	{OP_RESUME, "resume", "---y-"},
	{OP_LIST_PIDS, "ps", "-yyy-"},
	{OP_UPDATE, "update", "-yyy-"},
	{OP_EVENTS, "events", "-yyy-"},
	{OP_EXEC_PAUSED, "exec --ignore-paused", "--yy-"},
};

int main(void)
{
	is_int(sizeof(rows) / sizeof(rows[0]), OP_COUNT, "every operation is tested");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int state = 0; state < STATE_COUNT; state++) {
			struct err *err = NULL;
			int r = lifecycle_check(rows[i].op, (enum container_state)state, "ID",
						&err);

			is_int(r == 0, rows[i].allowed[state] == 'y', "%s when %s", rows[i].name,
			       lifecycle_state_name((enum container_state)state));
			ok(r == 0 ? err == NULL : strstr(err_msg(err), "`ID`") != NULL, "text: %s",
			   err ? err_msg(err) : "none");
			err_free(err);
		}
	}
	return tap_done();
}

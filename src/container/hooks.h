/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs hooks of config.json. */
#ifndef SANDLOCK_CONTAINER_HOOKS_H
#define SANDLOCK_CONTAINER_HOOKS_H

#include <sys/types.h>

#include "container/lifecycle.h"
#include "plan/plan.h"

struct container;
struct err;

/*
 * All hooks of one kind in their order; the first that fails ends it ("error executing hook `X` (exit code: N)"). Runs in the command, or in
 * init for createContainer and startContainer. Blocks for as long as the hooks run (their timeout is enforced with SIGKILL).
 * pid: of the container's init as the hook sees it.
 */
int hooks_run(const struct container *c, const struct plan *plan, enum plan_hook_kind kind,
	      enum container_state state, pid_t pid, struct err **err);

#endif

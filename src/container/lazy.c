/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a lazily populated root needs from the beginning: whatever init and the kernel look at before the container's calls are
 * trapped; and where none is possible. Runs in create.
 */
#include <config.h>

#include "container/lazy.h"

#include <string.h>

#include "base/log.h"
#include "base/strv.h"
#include "container/store.h"
#include "plan/plan.h"
#include "supervisor/supervisor.h"

/* Hooks that see the root from outside, where nobody populates for them. */
static bool has_outside_hooks(const struct plan *plan)
{
	for (int i = 0; i < PLAN_HOOK_COUNT; i++)
		if (i != PLAN_HOOK_START_CONTAINER && plan->hooks[i].n)
			return true;
	return false;
}

void lazy_decide(struct plan *plan)
{
	struct plan_cow *cow = &plan->cow;

	if (!cow->on || cow->populate == PLAN_POPULATE_EAGER)
		return;
	if (cow->existing) { /* filled by whoever made it */
		cow->populate = PLAN_POPULATE_EAGER;
		return;
	}
	if (!has_outside_hooks(plan))
		return;
	if (cow->populate == PLAN_POPULATE_LAZY)
		log_warning(
			"the live root is populated eagerly: hooks may look at it from outside");
	cow->populate = PLAN_POPULATE_EAGER;
}

static enum supervisor_populate populate_of(const struct plan *plan)
{
	switch (plan->cow.populate) {
	case PLAN_POPULATE_EAGER:
		return SUPERVISOR_POPULATE_EAGER;
	case PLAN_POPULATE_LAZY:
		return SUPERVISOR_POPULATE_LAZY;
	default:
		return SUPERVISOR_POPULATE_AUTO;
	}
}

void lazy_finish(const struct container *c)
{
	if (c->status->cow_lazy)
		supervisor_wait_populated(c->dir_fd);
}

void lazy_paths_of(const struct plan *plan, struct lazy_paths *ret,
		   struct supervisor_params *params)
{
	static const char *const always[] = {"/dev/pts", "/dev/shm", "/etc", "/proc", "/sys"};

	params->populate = populate_of(plan);
	if (params->populate == SUPERVISOR_POPULATE_EAGER)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		strv_add(&ret->touch, always[i]);
	for (size_t i = 0; i < plan->n_mounts; i++)
		strv_add(plan->mounts[i].copy_up ? &ret->trees : &ret->touch, plan->mounts[i].dest);
	for (size_t i = 0; i < plan->n_devices; i++)
		strv_add(&ret->touch, plan->devices[i].path);
	for (size_t i = 0; plan->masked_paths && plan->masked_paths[i]; i++)
		strv_add(&ret->touch, plan->masked_paths[i]);
	for (size_t i = 0; plan->readonly_paths && plan->readonly_paths[i]; i++)
		strv_add(&ret->touch, plan->readonly_paths[i]);
	if (plan->has_process) {
		strv_add(&ret->touch, plan->process.cwd);
		params->cwd = plan->process.cwd;
		params->command = plan->process.args ? plan->process.args[0] : NULL;
		params->command_path = strv_env_get(plan->process.env, "PATH");
	}
	params->touch = ret->touch;
	params->touch_trees = ret->trees;
}

void lazy_paths_done(struct lazy_paths *paths)
{
	strv_free(paths->touch);
	strv_free(paths->trees);
}

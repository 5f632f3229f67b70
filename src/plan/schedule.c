/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling, I/O priority, CPUs, memory policy and personality. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>

#include "base/err.h"
#include "libocispec/oci_types.h"

static void set_scheduler(const struct oci_scheduler *from, struct plan_process *to)
{
	to->has_scheduler = from != NULL;
	if (!from)
		return;
	to->scheduler = (struct host_sched){
		.policy = from->policy,
		.flags = from->flags,
		.nice = from->nice,
		.priority = (uint32_t)from->priority,
		.runtime = from->runtime,
		.deadline = from->deadline,
		.period = from->period,
	};
}

static int set_list(const char *text, const char *what, struct idset *ret, struct err **err)
{
	int r = text ? idset_parse(text, ret) : 0;

	if (r == -ERANGE)
		return err_text(err, EINVAL, "%s: `%s`: a number above %d or a range backwards",
				what, text, IDSET_MAX - 1);
	if (r < 0)
		return err_text(err, EINVAL, "%s: `%s` is not a list such as \"0-3,7\"", what,
				text);
	return 0;
}

static int set_process(const struct oci_process *from, struct plan_process *to, struct err **err)
{
	const struct oci_exec_cpu_affinity *cpus = from->exec_cpu_affinity;
	int r = 0;

	set_scheduler(from->scheduler, to);
	if (from->io_priority) {
		to->io_class = from->io_priority->io_class;
		to->io_priority = from->io_priority->priority;
	}
	if (cpus)
		r = set_list(cpus->initial, "process.execCPUAffinity.initial", &to->cpus_initial,
			     err);
	if (cpus && r == 0)
		r = set_list(cpus->final, "process.execCPUAffinity.final", &to->cpus_final, err);
	return r;
}

int plan_schedule(struct plan_ctx *ctx, struct err **err)
{
	const struct oci_linux *lin = ctx->lin;
	struct plan *plan = ctx->plan;
	const struct oci_memory_policy *m = lin->memory_policy;
	int r = ctx->process ? set_process(ctx->process, &plan->process, err) : 0;

	if (r < 0)
		return r;
	plan->has_personality = lin->personality != NULL;
	if (lin->personality)
		plan->personality = lin->personality->domain;
	if (!m)
		return 0;
	plan->memory_policy = (struct plan_memory_policy){true, m->mode, m->flags, {0}};
	return set_list(m->nodes, "linux.memoryPolicy.nodes", &plan->memory_policy.nodes, err);
}

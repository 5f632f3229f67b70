/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduler, I/O priority and CPUs of the process that is about to become the container's. Done by its parent: a process in a user namespace of its
 * own has no rights over real-time policies. Runs in create and exec.
 */
#include <config.h>

#include "container/schedule.h"

#include <errno.h>

#include "base/err.h"
#include "host/sched.h"
#include "libocispec/oci_types.h"
#include "plan/plan.h"

static int set_cpus(const struct idset *cpus, const char *what, pid_t pid, struct err **err)
{
	int r = host_affinity_set(pid, cpus->words, cpus->n_bits);

	if (r == -EINVAL)
		return err_text(err, EINVAL,
				"process.execCPUAffinity.%s: none of these CPUs can be used", what);
	return r < 0 ? err_set(err, r, "process.execCPUAffinity.%s: set the CPUs", what) : 0;
}

int schedule_before_cgroup(const struct plan *plan, bool exec, pid_t pid, struct err **err)
{
	const struct idset *cpus = &plan->process.cpus_initial;

	return exec && cpus->words ? set_cpus(cpus, "initial", pid, err) : 0;
}

/* Without a final list those of the cgroup count; since Linux 6.2 a process would keep what was set for it before. */
static int set_final_cpus(const struct plan_process *p, pid_t pid, struct err **err)
{
	struct idset all;
	int r;

	if (p->cpus_final.words)
		return set_cpus(&p->cpus_final, "final", pid, err);
	if (!p->cpus_initial.words)
		return 0;
	idset_fill(&all);
	r = host_affinity_set(pid, all.words, all.n_bits);
	idset_done(&all);
	return r < 0 ? err_set(err, r, "process.execCPUAffinity: give the CPUs of the cgroup back")
		     : 0;
}

int schedule_in_cgroup(const struct plan *plan, bool exec, pid_t pid, struct err **err)
{
	const struct plan_process *p = &plan->process;
	int r = exec ? set_final_cpus(p, pid, err) : 0;

	if (r < 0)
		return r;
	if (p->has_scheduler && (r = host_sched_set(pid, &p->scheduler)) < 0)
		return err_set(err, r, "process.scheduler: set the policy %s",
			       oci_sched_policy_name(p->scheduler.policy));
	if (p->io_class && (r = host_ioprio_set(pid, p->io_class, p->io_priority)) < 0)
		return err_set(err, r, "process.ioPriority: set the class %s",
			       oci_io_class_name(p->io_class));
	return 0;
}

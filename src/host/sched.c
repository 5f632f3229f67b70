/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling, I/O priority, CPU affinity, memory policy. Runs in create and exec, the memory policy in init. */
#include <config.h>

#include "host/sched.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IOPRIO_WHO_PROCESS_ 1
#define IOPRIO_CLASS_SHIFT_ 13

/* struct sched_attr up to the members of Linux 5.3 (SCHED_ATTR_SIZE_VER1); libc has it only since glibc 2.41. */
struct sched_attr_v1 {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

int host_sched_set(pid_t pid, const struct host_sched *sched)
{
	struct sched_attr_v1 attr = {
		.size = sizeof(attr),
		.policy = sched->policy,
		.flags = sched->flags,
		.nice = sched->nice,
		.priority = sched->priority,
		.runtime = sched->runtime,
		.deadline = sched->deadline,
		.period = sched->period,
	};

	return syscall(SYS_sched_setattr, pid, &attr, 0) < 0 ? -errno : 0;
}

int host_ioprio_set(pid_t pid, int io_class, int priority)
{
	int value = io_class << IOPRIO_CLASS_SHIFT_ | priority;

	return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS_, pid, value) < 0 ? -errno : 0;
}

int host_affinity_set(pid_t pid, const unsigned long *mask, size_t n_bits)
{
	return syscall(SYS_sched_setaffinity, pid, n_bits / CHAR_BIT, mask) < 0 ? -errno : 0;
}

int host_mempolicy_set(int mode, uint32_t flags, const unsigned long *mask, size_t n_bits)
{
	/* The kernel takes one bit less than it is told, and refuses nodes that it cannot have. */
	unsigned long max = mask ? n_bits + 1 : 0;

	return syscall(SYS_set_mempolicy, mode | (int)flags, mask, max) < 0 ? -errno : 0;
}

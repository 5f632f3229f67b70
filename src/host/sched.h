/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel schedules a process, does its I/O and places its memory. Raw calls: no policy, no allocation. All: 0 or -errno. */
#ifndef SANDLOCK_HOST_SCHED_H
#define SANDLOCK_HOST_SCHED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct host_sched { /* sched_setattr(2); times in nanoseconds */
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* -EPERM: a real-time policy without CAP_SYS_NICE on the host. -EBUSY: not enough bandwidth for SCHED_DEADLINE. */
int host_sched_set(pid_t pid, const struct host_sched *sched);
/* ioprio_set(2). io_class: IOPRIO_CLASS_*; priority 0 (highest) to 7. */
int host_ioprio_set(pid_t pid, int io_class, int priority);
/* sched_setaffinity(2). mask holds n_bits bits, a multiple of those of a long. -EINVAL: none of them is a CPU that pid may use. */
int host_affinity_set(pid_t pid, const unsigned long *mask, size_t n_bits);
/* set_mempolicy(2) of the calling thread. mask NULL: no nodes. -ENOSYS: a kernel without NUMA. */
int host_mempolicy_set(int mode, uint32_t flags, const unsigned long *mask, size_t n_bits);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container's groups have used. Numbers of both versions in one form (runc's): bytes and nanoseconds. A file that is not there leaves
 * zeros: which ones exist depends on kernel and controllers. Runs in the commands.
 */
#ifndef SANDLOCK_CGROUP_STATS_H
#define SANDLOCK_CGROUP_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cgroup;
struct err;

struct cgroup_memory_use {
	uint64_t limit; /* UINT64_MAX: none (v2), near 2^63 (v1) */
	uint64_t usage;
	uint64_t max; /* highest so far */
	uint64_t failcnt;
};

struct cgroup_named_value {
	char *name;
	uint64_t value;
};

struct cgroup_io_use {
	uint64_t major, minor;
	char *op; /* "Read", "Write", "Discard", ... */
	uint64_t value;
};

struct cgroup_io_list {
	struct cgroup_io_use *v;
	size_t n;
};

struct cgroup_huge_use {
	char *size; /* "2MB" */
	uint64_t usage, max, failcnt;
};

struct cgroup_stats {
	uint64_t cpu_total, cpu_user, cpu_kernel;
	uint64_t *percpu; /* v1 */
	size_t n_percpu;
	uint64_t periods, throttled_periods, throttled_time;
	char *cpus, *mems; /* lists such as "0-3"; may be NULL */
	struct cgroup_memory_use memory, swap, kernel, kernel_tcp; /* swap counts memory too */
	uint64_t cache;
	struct cgroup_named_value *raw; /* memory.stat */
	size_t n_raw;
	uint64_t pids, pids_limit; /* limit 0: none */
	struct cgroup_io_list io_bytes, io_count;
	struct cgroup_huge_use *huge;
	size_t n_huge;
};

/* -ENOTSUP: the container has no cgroup; -ENOENT: its group is gone. */
int cgroup_read_stats(struct cgroup *cg, struct cgroup_stats *ret, struct err **err);
void cgroup_stats_done(struct cgroup_stats *s);
#define cleanup_cgroup_stats ATTR_CLEANUP(cgroup_stats_done)

/*
 * Descriptors of the kernel's notice that the group ran out of memory, for poll(POLLIN | POLLPRI), and how often it did so far.
 * v1 has an eventfd, v2 the file memory.events (POLLPRI). -ENOTSUP: no memory controller.
 */
struct cgroup_oom {
	int event_fd; /* to poll */
	int file_fd;  /* v1: memory.oom_control, keeps the eventfd registered */
	uint64_t kills;
};

int cgroup_watch_oom(struct cgroup *cg, struct cgroup_oom *ret, struct err **err);
/* After poll: how many times since the last call. */
uint64_t cgroup_count_oom(struct cgroup_oom *oom);
void cgroup_unwatch_oom(struct cgroup_oom *oom);
/* Did the kernel kill a process of the group for lack of memory? */
bool cgroup_had_oom(const struct cgroup *cg);

#endif

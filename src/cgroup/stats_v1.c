/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of cgroup v1 (kernel: admin-guide/cgroup-v1). Runs in the commands. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/internal.h"
#include "cgroup/stats_internal.h"

static void read_percpu(const char *dir, struct cgroup_stats *s)
{
	cleanup_free char *text = stats_text(dir, "cpuacct.usage_percpu");
	cleanup_strv char **words = strv_split(text ? text : "", ' ');
	size_t n = strv_len(words);

	s->percpu = xcalloc(n + 1, sizeof(*s->percpu));
	for (size_t i = 0; i < n; i++)
		if (num_parse_u64(words[i], 10, &s->percpu[s->n_percpu]) == 0)
			s->n_percpu++;
}

static void read_cpu(const struct cgroup *cg, struct cgroup_stats *s)
{
	const char *acct = stats_dir(cg, "cpuacct"), *cpu = stats_dir(cg, "cpu"),
		   *set = stats_dir(cg, "cpuset");
	struct cgroup_named_value *v;
	size_t n;

	if (acct) {
		stats_number(acct, "cpuacct.usage", 0, &s->cpu_total);
		stats_number(acct, "cpuacct.usage_user", 0, &s->cpu_user);
		stats_number(acct, "cpuacct.usage_sys", 0, &s->cpu_kernel);
		read_percpu(acct, s);
	}
	if (cpu) {
		v = stats_lines(cpu, "cpu.stat", &n);
		s->periods = stats_value(v, n, "nr_periods");
		s->throttled_periods = stats_value(v, n, "nr_throttled");
		s->throttled_time = stats_value(v, n, "throttled_time");
		stats_free_lines(v, n);
	}
	if (set) {
		s->cpus = stats_text(set, "cpuset.cpus");
		s->mems = stats_text(set, "cpuset.mems");
	}
}

static void read_use(const char *dir, const char *prefix, struct cgroup_memory_use *u)
{
	const struct {
		const char *ending;
		uint64_t *to;
	} files[] = {
		{"usage_in_bytes", &u->usage},
		{"limit_in_bytes", &u->limit},
		{"max_usage_in_bytes", &u->max},
		{"failcnt", &u->failcnt},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_free char *name = xasprintf("%s.%s", prefix, files[i].ending);

		stats_number(dir, name, 0, files[i].to);
	}
}

static void read_memory(const struct cgroup *cg, struct cgroup_stats *s)
{
	const char *dir = stats_dir(cg, "memory");

	if (!dir)
		return;
	read_use(dir, "memory", &s->memory);
	read_use(dir, "memory.memsw", &s->swap);
	read_use(dir, "memory.kmem", &s->kernel);
	read_use(dir, "memory.kmem.tcp", &s->kernel_tcp);
	s->raw = stats_lines(dir, "memory.stat", &s->n_raw);
	s->cache = stats_value(s->raw, s->n_raw, "cache");
}

/* Lines "8:0 Read 4096"; a last line "Total n" has no device. */
static void read_io(const char *dir, const char *const files[2], struct cgroup_io_list *list)
{
	for (size_t f = 0; f < 2 && list->n == 0; f++) {
		size_t n;
		struct cgroup_named_value *v = stats_lines(dir, files[f], &n);

		for (size_t i = 0; i < n; i++) {
			char *op = strchr(v[i].name, ' ');
			uint64_t major, minor;

			if (!op)
				continue;
			*op++ = '\0';
			if (stats_device(v[i].name, &major, &minor) == 0)
				stats_add_io(list, major, minor, op, v[i].value);
		}
		stats_free_lines(v, n);
	}
}

void stats_v1(const struct cgroup *cg, struct cgroup_stats *s)
{
	/* BFQ counts for itself, everything else goes through the throttle policy. */
	static const char *const bytes[] = {"blkio.bfq.io_service_bytes_recursive",
					    "blkio.throttle.io_service_bytes_recursive"},
				 *const counts[] = {"blkio.bfq.io_serviced_recursive",
						    "blkio.throttle.io_serviced_recursive"};
	const char *blkio = stats_dir(cg, "blkio"), *pids = stats_dir(cg, "pids");

	read_cpu(cg, s);
	read_memory(cg, s);
	if (blkio) {
		read_io(blkio, bytes, &s->io_bytes);
		read_io(blkio, counts, &s->io_count);
	}
	if (pids) {
		stats_number(pids, "pids.current", 0, &s->pids);
		stats_number(pids, "pids.max", 0, &s->pids_limit);
	}
	stats_huge(stats_dir(cg, "hugetlb"), ".usage_in_bytes", ".max_usage_in_bytes", ".failcnt",
		   s);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of cgroup v2 (kernel: cgroup-v2.rst). Runs in the commands. */
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

#define USEC 1000u /* nanoseconds */

static void read_cpu(const char *dir, struct cgroup_stats *s)
{
	size_t n;
	struct cgroup_named_value *v = stats_lines(dir, "cpu.stat", &n);

	s->cpu_total = stats_value(v, n, "usage_usec") * USEC;
	s->cpu_user = stats_value(v, n, "user_usec") * USEC;
	s->cpu_kernel = stats_value(v, n, "system_usec") * USEC;
	s->periods = stats_value(v, n, "nr_periods");
	s->throttled_periods = stats_value(v, n, "nr_throttled");
	s->throttled_time = stats_value(v, n, "throttled_usec") * USEC;
	stats_free_lines(v, n);
	s->cpus = stats_text(dir, "cpuset.cpus.effective");
	s->mems = stats_text(dir, "cpuset.mems.effective");
}

static void read_memory(const char *dir, struct cgroup_stats *s)
{
	struct cgroup_memory_use swap = {0};
	size_t n;
	struct cgroup_named_value *events = stats_lines(dir, "memory.events", &n);

	s->memory.failcnt = stats_value(events, n, "max");
	stats_free_lines(events, n);
	stats_number(dir, "memory.current", 0, &s->memory.usage);
	stats_number(dir, "memory.max", UINT64_MAX, &s->memory.limit);
	stats_number(dir, "memory.peak", 0, &s->memory.max); /* 5.19 */
	stats_number(dir, "memory.swap.current", 0, &swap.usage);
	stats_number(dir, "memory.swap.max", UINT64_MAX, &swap.limit);
	/* Together with the memory, as v1 counts. */
	s->swap.usage = s->memory.usage + swap.usage;
	if (swap.limit == UINT64_MAX || s->memory.limit == UINT64_MAX)
		s->swap.limit = UINT64_MAX;
	else
		s->swap.limit = s->memory.limit + swap.limit;
	s->raw = stats_lines(dir, "memory.stat", &s->n_raw);
	s->cache = stats_value(s->raw, s->n_raw, "file");
	s->kernel.usage = stats_value(s->raw, s->n_raw, "kernel");
}

static void add_device(const char *line, struct cgroup_stats *s)
{
	static const struct {
		const char *key;
		const char *op;
		bool bytes;
	} keys[] = {
		{"rbytes=", "Read", true}, {"wbytes=", "Write", true}, {"dbytes=", "Discard", true},
		{"rios=", "Read", false},  {"wios=", "Write", false},  {"dios=", "Discard", false},
	};
	cleanup_strv char **words = strv_split(line, ' ');
	uint64_t major, minor, value;

	if (!words[0] || stats_device(words[0], &major, &minor) < 0)
		return;
	for (size_t w = 1; words[w]; w++)
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			if (str_starts(words[w], keys[k].key) &&
			    num_parse_u64(words[w] + strlen(keys[k].key), 10, &value) == 0)
				stats_add_io(keys[k].bytes ? &s->io_bytes : &s->io_count, major,
					     minor, keys[k].op, value);
}

static void read_io(const char *dir, struct cgroup_stats *s)
{
	cleanup_free char *text = stats_text(dir, "io.stat");
	cleanup_strv char **lines = strv_split(text ? text : "", '\n');

	for (size_t i = 0; lines[i]; i++)
		add_device(lines[i], s);
}

void stats_v2(const struct cgroup *cg, struct cgroup_stats *s)
{
	const char *dir = cg->dirs[0].path;

	read_cpu(dir, s);
	read_memory(dir, s);
	read_io(dir, s);
	stats_number(dir, "pids.current", 0, &s->pids);
	stats_number(dir, "pids.max", 0, &s->pids_limit);
	/* Peaks and failures are not files with one number here. */
	stats_huge(dir, ".current", NULL, NULL, s);
}

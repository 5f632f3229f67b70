/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events: one JSON object a line, in runc's form, which containerd reads. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/stats.h"
#include "cli/options.h"
#include "container/events.h"
#include "libocispec/encode.h"

static void begin(struct encoder *o, const char *type, const char *id)
{
	encode_begin_object(o);
	encode_member_string(o, "type", type);
	encode_member_string(o, "id", id);
}

static int end(struct encoder *o, struct err **err)
{
	encode_end_object(o);
	buf_add_char(o->out, '\n');
	return cli_print(o->out, err);
}

/* Go leaves out zeros that are marked so; the readers expect nothing else. */
static void member(struct encoder *o, const char *key, uint64_t v)
{
	if (v)
		encode_member_u64(o, key, v);
}

static void cpu(struct encoder *o, const struct cgroup_stats *s)
{
	encode_member_object(o, "cpu");
	encode_member_object(o, "usage");
	member(o, "total", s->cpu_total);
	if (s->n_percpu) {
		encode_member_array(o, "percpu");
		for (size_t i = 0; i < s->n_percpu; i++)
			encode_u64(o, s->percpu[i]);
		encode_end_array(o);
	}
	encode_member_u64(o, "kernel", s->cpu_kernel);
	encode_member_u64(o, "user", s->cpu_user);
	encode_end_object(o);
	encode_member_object(o, "throttling");
	member(o, "periods", s->periods);
	member(o, "throttledPeriods", s->throttled_periods);
	member(o, "throttledTime", s->throttled_time);
	encode_end_object(o);
	encode_end_object(o);
}

/* "0-2,7" as [0,1,2,7]. */
static void number_list(struct encoder *o, const char *key, const char *list)
{
	cleanup_strv char **parts = strv_split(list ? list : "", ',');
	uint32_t from, to;

	encode_member_array(o, key);
	for (size_t i = 0; parts[i]; i++) {
		char *dash = strchr(parts[i], '-');

		if (dash)
			*dash = '\0';
		if (num_parse_u32(parts[i], &from) < 0 ||
		    num_parse_u32(dash ? dash + 1 : parts[i], &to) < 0 || to > UINT16_MAX)
			continue;
		for (; from <= to; from++)
			encode_u64(o, from);
	}
	encode_end_array(o);
}

static void cpuset(struct encoder *o, const struct cgroup_stats *s)
{
	encode_member_object(o, "cpuset");
	number_list(o, "cpus", s->cpus);
	number_list(o, "mems", s->mems);
	encode_end_object(o);
}

static void memory_use(struct encoder *o, const char *key, const struct cgroup_memory_use *u)
{
	encode_member_object(o, key);
	encode_member_u64(o, "limit", u->limit);
	member(o, "usage", u->usage);
	member(o, "max", u->max);
	encode_member_u64(o, "failcnt", u->failcnt);
	encode_end_object(o);
}

static void memory(struct encoder *o, const struct cgroup_stats *s)
{
	encode_member_object(o, "memory");
	member(o, "cache", s->cache);
	memory_use(o, "usage", &s->memory);
	memory_use(o, "swap", &s->swap);
	memory_use(o, "kernel", &s->kernel);
	memory_use(o, "kernelTCP", &s->kernel_tcp);
	encode_member_object(o, "raw");
	for (size_t i = 0; i < s->n_raw; i++)
		encode_member_u64(o, s->raw[i].name, s->raw[i].value);
	encode_end_object(o);
	encode_end_object(o);
}

static void io_list(struct encoder *o, const char *key, const struct cgroup_io_list *list)
{
	if (list->n == 0)
		return;
	encode_member_array(o, key);
	for (size_t i = 0; i < list->n; i++) {
		encode_begin_object(o);
		member(o, "major", list->v[i].major);
		member(o, "minor", list->v[i].minor);
		encode_member_string(o, "op", list->v[i].op);
		member(o, "value", list->v[i].value);
		encode_end_object(o);
	}
	encode_end_array(o);
}

static void rest(struct encoder *o, const struct cgroup_stats *s)
{
	encode_member_object(o, "pids");
	member(o, "current", s->pids);
	member(o, "limit", s->pids_limit);
	encode_end_object(o);
	encode_member_object(o, "blkio");
	io_list(o, "ioServiceBytesRecursive", &s->io_bytes);
	io_list(o, "ioServicedRecursive", &s->io_count);
	encode_end_object(o);
	encode_member_object(o, "hugetlb");
	for (size_t i = 0; i < s->n_huge; i++) {
		encode_member_object(o, s->huge[i].size);
		member(o, "usage", s->huge[i].usage);
		member(o, "max", s->huge[i].max);
		encode_member_u64(o, "failcnt", s->huge[i].failcnt);
		encode_end_object(o);
	}
	encode_end_object(o);
	encode_member_object(o, "intel_rdt");
	encode_end_object(o);
	/* Interfaces that the runtime made: none, that is the engine's work. */
	encode_key(o, "network_interfaces");
	encode_null(o);
}

static int print_stats(void *arg, const struct cgroup_stats *s, struct err **err)
{
	cleanup_buf struct buf text = {0};
	struct encoder o = {.out = &text};

	begin(&o, "stats", arg);
	encode_member_object(&o, "data");
	cpu(&o, s);
	cpuset(&o, s);
	memory(&o, s);
	rest(&o, s);
	encode_end_object(&o);
	return end(&o, err);
}

static int print_oom(void *arg, struct err **err)
{
	cleanup_buf struct buf text = {0};
	struct encoder o = {.out = &text};

	begin(&o, "oom", arg);
	return end(&o, err);
}

/* "5s", "500ms", "1m30s": Go's durations as far as they make sense here; a bare number is seconds. */
static int parse_interval(const char *text, unsigned *ret_ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1000}};
	uint64_t total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789"), len, u = 0;
		cleanup_free char *number = strndup(text, digits);
		uint64_t n;

		if (!number || num_parse_u64(number, 10, &n) < 0 || n > 86400000)
			return -EINVAL;
		text += digits;
		len = strcspn(text, "0123456789");
		while (u < ARRAY_SIZE(units) &&
		       (strlen(units[u].name) != len || strncmp(units[u].name, text, len) != 0))
			u++;
		if (u == ARRAY_SIZE(units))
			return -EINVAL;
		total += n * units[u].ms;
		text += len;
	}
	if (total == 0 || total > 86400000)
		return -EINVAL;
	*ret_ms = (unsigned)total;
	return 0;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *interval = "5s", *root;
	bool once = false;
	const struct option_row rows[] = {
		{"interval", 0, OPTION_STRING, &interval, "TIME",
		 "between two lines of statistics (default: 5s)"},
		{"stats", 0, OPTION_FLAG, &once, NULL, "print the statistics of now and end"},
		{NULL},
	};
	struct events_sink sink = {.stats = print_stats, .oom = print_oom};
	unsigned ms;
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	if (parse_interval(interval, &ms) < 0)
		return err_text(err, EINVAL,
				"option --interval needs a time such as 5s or 500ms, not `%s`",
				interval);
	sink.arg = argv[first];
	r = cli_root(cli, &root, err);
	if (r < 0)
		return r;
	return once ? container_stats(root, argv[first], &sink, err)
		    : container_watch(root, argv[first], ms, &sink, err);
}

const struct command cmd_events = {
	.name = "events",
	.args = "[options] ID",
	.summary = "print what a container uses, and when it runs out of memory",
	.run = run,
};

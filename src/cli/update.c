/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update ID: other limits for a container that exists, from a LinuxResources object (file or stdin) or from options. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "cli/options.h"
#include "libocispec/json.h"
#include "libocispec/oci_config.h"

struct limits {
	const char *resources;
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems, *kernel_memory,
		*kernel_memory_tcp, *memory, *memory_reservation, *memory_swap, *pids_limit,
		*l3_cache_schema, *mem_bw_schema;
};

/* What the options add up to. */
struct values {
	struct oci_resources res;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_block_io block_io;
};

/* Powers of 1024, as runc has them: "512m", "1g", "100kb", "1GiB". */
static int parse_bytes(const char *text, int64_t *ret)
{
	static const char units[] = "kmgt";
	size_t digits = strspn(text, "-0123456789");
	cleanup_free char *number = strndup(text, digits);
	const char *unit = text + digits;
	const char *power;
	int64_t v;

	if (!number || num_parse_i64(number, &v) < 0 || v < -1)
		return -EINVAL;
	if (*unit) {
		power = strchr(units, *unit | 0x20);
		if (power)
			unit++;
		if (strcasecmp(unit, "") != 0 && strcasecmp(unit, "b") != 0 &&
		    !(power && strcasecmp(unit, "ib") == 0))
			return -EINVAL;
		for (long n = power ? power - units : -1; n >= 0; n--)
			if (v > 0 && __builtin_mul_overflow(v, 1024, &v))
				return -ERANGE;
	}
	*ret = v;
	return 0;
}

static int bad(const char *option, const char *what, const char *text, struct err **err)
{
	return err_text(err, EINVAL, "option --%s needs %s, not `%s`", option, what, text);
}

static int set_bytes(const char *option, const char *text, struct oci_opt_i64 *ret, bool *used,
		     struct err **err)
{
	if (!text)
		return 0;
	if (parse_bytes(text, &ret->v) < 0)
		return bad(option, "a size such as 512m, or -1 for none", text, err);
	ret->set = true;
	*used = true;
	return 0;
}

static int set_i64(const char *option, const char *text, int64_t min, struct oci_opt_i64 *ret,
		   bool *used, struct err **err)
{
	if (!text)
		return 0;
	if (num_parse_i64(text, &ret->v) < 0 || ret->v < min)
		return bad(option, min < 0 ? "a number, -1 for no limit" : "a number", text, err);
	ret->set = true;
	*used = true;
	return 0;
}

static int set_u64(const char *option, const char *text, struct oci_opt_u64 *ret, bool *used,
		   struct err **err)
{
	if (!text)
		return 0;
	if (num_parse_u64(text, 10, &ret->v) < 0)
		return bad(option, "a number", text, err);
	ret->set = true;
	*used = true;
	return 0;
}

static int set_memory(const struct limits *l, struct values *v, struct err **err)
{
	struct oci_memory *m = &v->memory;
	bool used = false;
	int r = set_bytes("memory", l->memory, &m->limit, &used, err);

	if (r == 0)
		r = set_bytes("memory-reservation", l->memory_reservation, &m->reservation, &used,
			      err);
	if (r == 0)
		r = set_bytes("memory-swap", l->memory_swap, &m->swap, &used, err);
	if (r == 0)
		r = set_bytes("kernel-memory", l->kernel_memory, &m->kernel, &used, err);
	if (r == 0)
		r = set_bytes("kernel-memory-tcp", l->kernel_memory_tcp, &m->kernel_tcp, &used,
			      err);
	if (used)
		v->res.memory = m;
	return r;
}

static int set_cpu(const struct limits *l, struct values *v, struct err **err)
{
	struct oci_cpu *c = &v->cpu;
	bool used = l->cpuset_cpus || l->cpuset_mems;
	int r = set_u64("cpu-period", l->cpu_period, &c->period, &used, err);

	c->cpus = l->cpuset_cpus;
	c->mems = l->cpuset_mems;
	if (r == 0)
		r = set_i64("cpu-quota", l->cpu_quota, -1, &c->quota, &used, err);
	if (r == 0)
		r = set_u64("cpu-burst", l->cpu_burst, &c->burst, &used, err);
	if (r == 0)
		r = set_u64("cpu-share", l->cpu_share, &c->shares, &used, err);
	if (r == 0)
		r = set_u64("cpu-rt-period", l->cpu_rt_period, &c->realtime_period, &used, err);
	if (r == 0)
		r = set_i64("cpu-rt-runtime", l->cpu_rt_runtime, -1, &c->realtime_runtime, &used,
			    err);
	if (r == 0)
		r = set_i64("cpu-idle", l->cpu_idle, 0, &c->idle, &used, err);
	if (used)
		v->res.cpu = c;
	return r;
}

static int set_rest(const struct limits *l, struct values *v, struct err **err)
{
	struct oci_opt_u64 weight = {0};
	bool used = false;
	int r = set_i64("pids-limit", l->pids_limit, -1, &v->res.pids_limit, &used, err);

	if (r == 0)
		r = set_u64("blkio-weight", l->blkio_weight, &weight, &used, err);
	if (r < 0 || !weight.set)
		return r;
	if (weight.v < 10 || weight.v > 1000)
		return bad("blkio-weight", "a number from 10 to 1000", l->blkio_weight, err);
	v->block_io.weight = (struct oci_opt_u16){.set = true, .v = (uint16_t)weight.v};
	v->res.block_io = &v->block_io;
	return 0;
}

static bool is_empty(const struct oci_resources *res)
{
	return !res->memory && !res->cpu && !res->block_io && !res->pids_limit.set;
}

/* "-" is standard input. */
static int read_file(const char *path, struct oci_resources **ret, struct err **err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "standard input" : path;
	cleanup_fd int opened = is_stdin ? -EBADF : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r, fd = is_stdin ? STDIN_FILENO : opened;
	cleanup_buf struct buf text = {0};
	struct oci_err where;
	char shown[1024];

	if (fd < 0)
		return err_set(err, errno, "open %s", name);
	r = fd_read_to_buf(fd, JSON_MAX_SIZE, &text);
	if (r < 0)
		return err_set(err, r, "read %s", name);
	r = oci_resources_parse(text.data ? text.data : "", text.len, ret, &where);
	return r < 0 ? err_text(err, -r, "%s", oci_err_format(&where, name, shown, sizeof(shown)))
		     : 0;
}

/* A newline would be a line of its own in the file of the kernel. */
static int check_schema(const char *option, const char *text, const char *start, struct err **err)
{
	if (!text || (strncmp(text, start, strlen(start)) == 0 && !strchr(text, '\n')))
		return 0;
	return bad(option, start[0] == 'L' ? "a line such as L3:0=ff" : "a line such as MB:0=70",
		   text, err);
}

static int check_schemata(const struct limits *l, struct err **err)
{
	int r = check_schema("l3-cache-schema", l->l3_cache_schema, "L3", err);

	return r < 0 ? r : check_schema("mem-bw-schema", l->mem_bw_schema, "MB:", err);
}

static int update(const struct cli *cli, const char *id, const struct limits *l, struct err **err)
{
	struct oci_resources *file = NULL;
	struct values v = {0};
	struct update_params params = {
		.id = id,
		.rdt = {.l3_cache_schema = l->l3_cache_schema, .mem_bw_schema = l->mem_bw_schema},
	};
	bool has_rdt = l->l3_cache_schema || l->mem_bw_schema;
	int r = set_memory(l, &v, err);

	if (r == 0)
		r = set_cpu(l, &v, err);
	if (r == 0)
		r = set_rest(l, &v, err);
	if (r == 0)
		r = check_schemata(l, err);
	if (r == 0 && !l->resources && !has_rdt && is_empty(&v.res))
		r = err_text(err, EINVAL, "nothing to update: give --resources or a limit");
	if (r == 0)
		r = cli_root(cli, &params.root, err);
	if (r == 0 && l->resources)
		r = read_file(l->resources, &file, err);
	params.resources = file ? file : has_rdt && is_empty(&v.res) ? NULL : &v.res;
	if (r == 0)
		r = container_update(&params, err);
	if (r < 0 && file)
		err_wrap(err, "update with %s",
			 strcmp(l->resources, "-") == 0 ? "standard input" : l->resources);
	oci_resources_free(file);
	return r;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct limits l = {0};
	const struct option_row rows[] = {
		{"resources", 'r', OPTION_STRING, &l.resources, "FILE",
		 "LinuxResources as JSON, - for stdin; the other options do not count then"},
		{"blkio-weight", 0, OPTION_STRING, &l.blkio_weight, "N", "10 to 1000"},
		{"cpu-burst", 0, OPTION_STRING, &l.cpu_burst, "USEC", "saved up beyond the quota"},
		{"cpu-idle", 0, OPTION_STRING, &l.cpu_idle, "0|1", "SCHED_IDLE for the group"},
		{"cpu-period", 0, OPTION_STRING, &l.cpu_period, "USEC", "period of the quota"},
		{"cpu-quota", 0, OPTION_STRING, &l.cpu_quota, "USEC", "CPU time per period"},
		{"cpu-rt-period", 0, OPTION_STRING, &l.cpu_rt_period, "USEC", "cgroup v1 only"},
		{"cpu-rt-runtime", 0, OPTION_STRING, &l.cpu_rt_runtime, "USEC", "cgroup v1 only"},
		{"cpu-share", 0, OPTION_STRING, &l.cpu_share, "N", "relative weight, 2 to 262144"},
		{"cpuset-cpus", 0, OPTION_STRING, &l.cpuset_cpus, "LIST", "CPUs, such as 0-3,7"},
		{"cpuset-mems", 0, OPTION_STRING, &l.cpuset_mems, "LIST", "memory nodes"},
		{"kernel-memory", 0, OPTION_STRING, &l.kernel_memory, "BYTES", "cgroup v1 only"},
		{"kernel-memory-tcp", 0, OPTION_STRING, &l.kernel_memory_tcp, "BYTES",
		 "cgroup v1 only"},
		{"l3-cache-schema", 0, OPTION_STRING, &l.l3_cache_schema, "LINE",
		 "resctrl, such as L3:0=ff; also with --resources"},
		{"mem-bw-schema", 0, OPTION_STRING, &l.mem_bw_schema, "LINE",
		 "resctrl, such as MB:0=70; also with --resources"},
		{"memory", 0, OPTION_STRING, &l.memory, "BYTES", "limit, such as 512m; -1: none"},
		{"memory-reservation", 0, OPTION_STRING, &l.memory_reservation, "BYTES",
		 "kept for the container under pressure"},
		{"memory-swap", 0, OPTION_STRING, &l.memory_swap, "BYTES",
		 "limit of memory and swap together; -1: none"},
		{"pids-limit", 0, OPTION_STRING, &l.pids_limit, "N", "tasks; -1: no limit"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	return r != 0 ? r : update(cli, argv[first], &l, err);
}

const struct command cmd_update = {
	.name = "update",
	.args = "[options] ID",
	.summary = "change the limits of a container",
	.run = run,
};

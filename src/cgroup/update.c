/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New limits for the groups of a running container. All or nothing as far as the kernel lets us: the values of before are read first and
 * written back when one of the new ones is refused. Runs in the command; limits come from the caller of the runtime.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "libocispec/oci_types.h"

#define VALUE_MAX 4096

/*
 * Every file with one value that `apply` may write, of both versions: a directory has only its own. What is listed per device (io.max)
 * is not here: it is written last, and a line that was refused has changed nothing.
 */
static const char *const settings[] = {
	"cpuset.cpus",
	"cpuset.mems",
	"pids.max",
	/* v2 */
	"memory.max",
	"memory.swap.max",
	"memory.low",
	"cpu.weight",
	"cpu.max",
	"cpu.max.burst",
	"cpu.idle",
	/* v1; memsw before and after, since it may not be below the limit at any time */
	"memory.memsw.limit_in_bytes",
	"memory.limit_in_bytes",
	"memory.soft_limit_in_bytes",
	"memory.swappiness",
	"cpu.shares",
	"cpu.cfs_quota_us",
	"cpu.cfs_period_us",
	"cpu.cfs_burst_us",
	"cpu.rt_period_us",
	"cpu.rt_runtime_us",
	"blkio.weight",
	"blkio.bfq.weight",
	"net_cls.classid",
};

struct saved {
	const char *dir;
	char *file;
	char *value;
};

struct snapshot {
	struct saved *v;
	size_t n;
};

static void snapshot_done(struct snapshot *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].file);
		free(s->v[i].value);
	}
	free(s->v);
}
#define cleanup_snapshot ATTR_CLEANUP(snapshot_done)

static void save(struct snapshot *s, const char *dir, const char *file)
{
	char value[VALUE_MAX];

	if (cgroup_read(dir, file, value, sizeof(value)) < 0 || strchr(value, '\n'))
		return;
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct saved){.dir = dir, .file = xstrdup(file), .value = xstrdup(value)};
}

static void take(const struct cgroup *cg, const struct oci_resources *res, struct snapshot *s)
{
	for (size_t d = 0; d < cg->n_dirs; d++) {
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
			save(s, cg->dirs[d].path, settings[i]);
		for (size_t i = 0; i < res->n_unified; i++)
			save(s, cg->dirs[d].path, res->unified[i].key);
	}
}

/* Number of values that are not (yet) what they were. */
static size_t put_back(const struct snapshot *s)
{
	char now[VALUE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct saved *v = &s->v[i];

		if (cgroup_read(v->dir, v->file, now, sizeof(now)) == 0 &&
		    strcmp(now, v->value) == 0)
			continue;
		/* An empty cpuset is written as a newline: write(2) of nothing does nothing. */
		if (cgroup_write_raw(v->dir, v->file, v->value[0] ? v->value : "\n") < 0)
			n++;
	}
	return n;
}

static void restore(const struct snapshot *s)
{
	/* Twice: a value may wait for another one (limit and memsw, quota and period). */
	if (put_back(s) && put_back(s))
		log_warning("some limits could not be set back to what they were");
}

/* Bytes in use, or 0 when the file is not there. */
static uint64_t usage(const struct cgroup *cg)
{
	static const char *const files[] = {"memory.current", "memory.usage_in_bytes"};
	char text[32];
	uint64_t v;

	for (size_t d = 0; d < cg->n_dirs; d++)
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			if (cgroup_read(cg->dirs[d].path, files[i], text, sizeof(text)) == 0 &&
			    num_parse_u64(text, 10, &v) == 0)
				return v;
	return 0;
}

static int check_usage(const struct cgroup *cg, const struct oci_memory *m, struct err **err)
{
	uint64_t used;

	if (!m || !m->check_before_update.set || !m->check_before_update.v || !m->limit.set ||
	    m->limit.v <= 0)
		return 0;
	used = usage(cg);
	if (used > (uint64_t)m->limit.v)
		return err_text(err, EBUSY,
				"memory.limit %" PRId64 " is below the %" PRIu64
				" bytes that the container uses now",
				m->limit.v, used);
	return 0;
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *res, bool rootless,
		  struct err **err)
{
	cleanup_snapshot struct snapshot before = {0};
	int r;

	if (!cg->ops)
		return cgroup_none(err, "update its limits");
	r = check_usage(cg, res->memory, err);
	if (r < 0)
		return r;
	take(cg, res, &before);
	r = cg->ops->apply(cg, res, rootless, err);
	/* Or systemd would write its old values at the next reload. */
	if (r == 0 && cg->scope)
		r = cgroup_update_scope(cg, res, err);
	if (r < 0)
		restore(&before);
	return r;
}

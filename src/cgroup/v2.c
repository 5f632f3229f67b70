/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup v2: one directory, controllers enabled on the way down to it. Values of the specification
 * are v1's and converted; what has no counterpart is an error. Runs in the commands.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/stats_internal.h"
#include "libocispec/oci_types.h"

static int v2_find(struct cgroup *cg, struct err **err)
{
	(void)err;
	cgroup_add_dir(cg, "", xstrdup(CGROUP_MOUNT));
	return 0;
}

/*
 * Every controller the parent has. One that cannot be enabled (not delegated, processes in the
 * parent) only matters when a limit needs it, and then its file is missing: that is the error.
 */
static int v2_prepare(const struct cgroup_dir *dir, const char *parent, const char *child,
		      struct err **err)
{
	cleanup_strv char **names = NULL;
	char text[1024];
	int r;

	(void)dir;
	(void)child;
	(void)err;
	if (cgroup_read(parent, "cgroup.controllers", text, sizeof(text)) < 0)
		return 0;
	names = strv_split(text, ' ');
	for (size_t i = 0; names && names[i]; i++) {
		cleanup_free char *enable = xasprintf("+%s", names[i]);

		r = cgroup_write_raw(parent, "cgroup.subtree_control", enable);
		if (r < 0)
			log_debug("cgroup controller %s is not enabled in %s: %s", names[i], parent,
				  strerror(-r));
	}
	return 0;
}

static int no_v2(struct err **err, const char *what)
{
	return err_text(err, ENOTSUP, "%s has no counterpart in cgroup v2", what);
}

/* The limit that holds: the one just written, or in an update the one of before. false: unlimited. */
static bool memory_limit(const char *dir, int64_t *ret)
{
	char text[32];

	return cgroup_read(dir, "memory.max", text, sizeof(text)) == 0 &&
	       num_parse_i64(text, ret) == 0;
}

static int apply_swap(const char *dir, const struct oci_memory *m, struct err **err)
{
	bool unlimited = m->limit.set && m->limit.v == -1;
	int64_t limit = 0, swap = m->swap.set ? m->swap.v : 0;
	bool has_limit;

	/* Without a limit of the memory there is none of both together (runc does the same). */
	if (swap == 0 && unlimited)
		swap = -1;
	if (swap == 0)
		return 0;
	if (!cgroup_has_file(dir, "memory.swap.max")) {
		if (swap != -1)
			log_warning("memory.swap is not limited: the kernel counts no swap");
		return 0;
	}
	has_limit = m->limit.set && m->limit.v != 0 ? !unlimited : memory_limit(dir, &limit);
	if (m->limit.set && m->limit.v > 0)
		limit = m->limit.v;
	if (cgroup_swap_max(has_limit, limit, swap, &swap) < 0)
		return err_text(err, EINVAL,
				"memory.swap (%" PRId64
				") needs a memory.limit that is not above it",
				m->swap.v);
	return cgroup_write_max(dir, "memory.swap.max", swap, err);
}

static int apply_memory(const char *dir, const struct oci_memory *m, struct err **err)
{
	int r = 0;

	if (m->kernel.set && m->kernel.v > 0)
		return no_v2(err, "memory.kernel");
	if (m->kernel_tcp.set && m->kernel_tcp.v > 0)
		return no_v2(err, "memory.kernelTCP");
	if (m->swappiness.set)
		return no_v2(err, "memory.swappiness");
	if (m->disable_oom_killer.set && m->disable_oom_killer.v)
		return no_v2(err, "memory.disableOOMKiller");
	if (m->limit.set && m->limit.v != 0)
		r = cgroup_write_max(dir, "memory.max", m->limit.v, err);
	if (r == 0)
		r = apply_swap(dir, m, err);
	if (r == 0 && m->reservation.set && m->reservation.v != 0)
		r = cgroup_write_max(dir, "memory.low", m->reservation.v, err);
	return r;
}

/* One of the two alone leaves the other as it is ("max 100000" in a new group). */
static int apply_cpu_max(const char *dir, const struct oci_cpu *c, struct err **err)
{
	bool has_quota = c->quota.set && c->quota.v, has_period = c->period.set && c->period.v;
	cleanup_free char *quota = NULL, *period = NULL, *text = NULL;
	char now[64] = "max 100000";
	char *space;

	if (!has_quota && !has_period)
		return 0;
	/* A file that cannot be read fails when it is written. */
	(void)cgroup_read(dir, "cpu.max", now, sizeof(now));
	space = strchr(now, ' ');
	if (space)
		*space++ = '\0';
	period = has_period ? xasprintf("%" PRIu64, c->period.v) : xstrdup(space ? space : "");
	quota = !has_quota	 ? xstrdup(now)
		: c->quota.v > 0 ? xasprintf("%" PRId64, c->quota.v)
				 : xstrdup("max");
	text = xasprintf("%s %s", quota, period);
	return cgroup_write(dir, "cpu.max", text, err);
}

static int apply_cpu(const char *dir, const struct oci_cpu *c, struct err **err)
{
	int r = 0;

	if ((c->realtime_runtime.set && c->realtime_runtime.v) ||
	    (c->realtime_period.set && c->realtime_period.v))
		return no_v2(err, "cpu.realtimeRuntime/realtimePeriod");
	if (c->shares.set && c->shares.v)
		r = cgroup_write_u64(dir, "cpu.weight", cgroup_weight_of_shares(c->shares.v), err);
	if (r == 0)
		r = apply_cpu_max(dir, c, err);
	if (r == 0 && c->burst.set)
		r = cgroup_write_u64(dir, "cpu.max.burst", c->burst.v, err);
	if (r == 0 && c->idle.set)
		r = cgroup_write_i64(dir, "cpu.idle", c->idle.v, err);
	if (r == 0 && c->cpus)
		r = cgroup_write(dir, "cpuset.cpus", c->cpus, err);
	if (r == 0 && c->mems)
		r = cgroup_write(dir, "cpuset.mems", c->mems, err);
	return r;
}

static int apply_throttle(const char *dir, const char *key, const struct oci_throttle_list *list,
			  struct err **err)
{
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		cleanup_free char *text =
			xasprintf("%" PRId64 ":%" PRId64 " %s=%" PRIu64, list->v[i].major,
				  list->v[i].minor, key, list->v[i].rate);

		r = cgroup_write(dir, "io.max", text, err);
	}
	return r;
}

static int apply_io_weight(const char *dir, const char *device, uint64_t weight, struct err **err)
{
	cleanup_free char *text = NULL;

	if (cgroup_has_file(dir, "io.bfq.weight")) {
		text = xasprintf("%s %" PRIu64, device, weight);
		return cgroup_write(dir, "io.bfq.weight", text, err);
	}
	text = xasprintf("%s %" PRIu64, device, cgroup_io_weight(weight));
	return cgroup_write(dir, "io.weight", text, err);
}

static int apply_block_io(const char *dir, const struct oci_block_io *b, struct err **err)
{
	int r = 0;

	if (b->leaf_weight.set && b->leaf_weight.v)
		return no_v2(err, "blockIO.leafWeight");
	if (b->weight.set && b->weight.v)
		r = apply_io_weight(dir, "default", b->weight.v, err);
	for (size_t i = 0; i < b->n_weight_device && r == 0; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];
		cleanup_free char *device = xasprintf("%" PRId64 ":%" PRId64, d->major, d->minor);

		if (d->leaf_weight.set)
			return no_v2(err, "blockIO.weightDevice[].leafWeight");
		r = apply_io_weight(dir, device, d->weight.v, err);
	}
	if (r == 0)
		r = apply_throttle(dir, "rbps", &b->read_bps, err);
	if (r == 0)
		r = apply_throttle(dir, "wbps", &b->write_bps, err);
	if (r == 0)
		r = apply_throttle(dir, "riops", &b->read_iops, err);
	if (r == 0)
		r = apply_throttle(dir, "wiops", &b->write_iops, err);
	return r;
}

static int apply_lists(const char *dir, const struct oci_resources *res, struct err **err)
{
	int r = 0;

	for (size_t i = 0; i < res->n_hugepage_limits && r == 0; i++) {
		const struct oci_hugepage_limit *h = &res->hugepage_limits[i];
		cleanup_free char *rsvd = xasprintf("hugetlb.%s.rsvd.max", h->page_size);
		cleanup_free char *fault = xasprintf("hugetlb.%s.max", h->page_size);

		r = cgroup_write_u64(dir, cgroup_has_file(dir, rsvd) ? rsvd : fault, h->limit, err);
	}
	for (size_t i = 0; i < res->n_rdma && r == 0; i++) {
		cleanup_free char *text = cgroup_rdma_text(&res->rdma[i]);

		r = cgroup_write(dir, "rdma.max", text, err);
	}
	/* Last: unified overrides what was converted. */
	for (size_t i = 0; i < res->n_unified && r == 0; i++)
		r = cgroup_write(dir, res->unified[i].key, res->unified[i].value, err);
	return r;
}

static void v2_default_devices(struct cgroup *cg)
{
	static const struct oci_resources none;

	cgroup_devices_v2(cg->dirs[0].path, &none, true, NULL);
}

static int v2_apply(struct cgroup *cg, const struct oci_resources *res, bool rootless,
		    struct err **err)
{
	const char *dir = cg->dirs[0].path;
	int r = 0;

	if (res->network && (res->network->class_id.set || res->network->n_priorities))
		return no_v2(err, "resources.network");
	if (res->n_devices)
		r = cgroup_devices_v2(dir, res, rootless, err);
	if (r == 0 && res->memory)
		r = apply_memory(dir, res->memory, err);
	if (r == 0 && res->cpu)
		r = apply_cpu(dir, res->cpu, err);
	if (r == 0 && res->pids_limit.set)
		r = cgroup_write_max(dir, "pids.max", res->pids_limit.v, err);
	/* Per device, so not undone in an update: late. */
	if (r == 0 && res->block_io)
		r = apply_block_io(dir, res->block_io, err);
	return r < 0 ? r : apply_lists(dir, res, err);
}

/* "frozen 1" in cgroup.events says that the last process has stopped. */
static bool settled(const char *dir, bool frozen)
{
	char text[256];

	return cgroup_read(dir, "cgroup.events", text, sizeof(text)) == 0 &&
	       strstr(text, frozen ? "frozen 1" : "frozen 0");
}

static int v2_freeze(struct cgroup *cg, bool frozen, struct err **err)
{
	const char *dir = cg->dirs[0].path;
	int r = cgroup_write(dir, "cgroup.freeze", frozen ? "1" : "0", err);

	if (r < 0)
		return r;
	for (unsigned try = 0; try < 1000; try++) {
		if (settled(dir, frozen))
			return 0;
		usleep(1000);
	}
	cgroup_write_raw(dir, "cgroup.freeze", "0");
	return err_text(err, EBUSY, "cgroup: %s does not freeze", dir);
}

static bool v2_is_frozen(struct cgroup *cg)
{
	char text[8];

	return cgroup_read(cg->dirs[0].path, "cgroup.freeze", text, sizeof(text)) == 0 &&
	       text[0] == '1';
}

static int v2_kill_all(struct cgroup *cg)
{
	return cgroup_write_raw(cg->dirs[0].path, "cgroup.kill", "1"); /* since 5.14 */
}

const struct cgroup_ops cgroup_v2_ops = {
	.find = v2_find,
	.prepare = v2_prepare,
	.apply = v2_apply,
	.default_devices = v2_default_devices,
	.freeze = v2_freeze,
	.is_frozen = v2_is_frozen,
	.stats = stats_v2,
	.kill_all = v2_kill_all,
};

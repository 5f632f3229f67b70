/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup v1: one hierarchy per controller (or a few together) below /sys/fs/cgroup. A limit for a
 * controller that is not mounted is an error. Runs in the commands.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/stats_internal.h"
#include "host/cgroup_lines.h"
#include "libocispec/oci_types.h"

static bool has_controller(const char *controllers, const char *name)
{
	cleanup_strv char **list = strv_split(controllers, ',');

	for (size_t i = 0; list && list[i]; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* Directory of a controller, or NULL with the error set. */
static const char *need_dir(struct cgroup *cg, const char *controller, struct err **err)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (has_controller(cg->dirs[i].controllers, controller))
			return cg->dirs[i].path;
	err_text(err, ENODEV, "the requested cgroup controller `%s` is not available", controller);
	return NULL;
}

char *cgroup_v1_root(const char *controllers)
{
	return xasprintf(CGROUP_MOUNT "/%s", host_cgroup_dir(controllers));
}

static int v1_find(struct cgroup *cg, struct err **err)
{
	cleanup_buf struct buf text = {0};
	struct host_cgroup_line line;
	int r = host_cgroup_text(0, &text);
	char *at = text.data;

	if (r < 0)
		return err_set(err, r, "read /proc/self/cgroup");
	while (host_cgroup_next(&at, &line)) {
		char *root;
		struct statfs fs;

		if (!*line.controllers)
			continue;
		root = cgroup_v1_root(line.controllers);
		if (statfs(root, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC)
			cgroup_add_dir(cg, line.controllers, root);
		else
			free(root);
	}
	return cg->n_dirs ? 0
			  : err_text(err, ENODEV,
				     "no cgroup hierarchy is mounted below " CGROUP_MOUNT);
}

static int inherit(const char *parent, const char *child, const char *file, struct err **err)
{
	char text[4096];

	if (cgroup_read(child, file, text, sizeof(text)) == 0 && text[0])
		return 0;
	if (cgroup_read(parent, file, text, sizeof(text)) < 0)
		return 0;
	return cgroup_write(child, file, text, err);
}

/* A new cpuset group is empty and takes no process. */
static int v1_prepare(const struct cgroup_dir *dir, const char *parent, const char *child,
		      struct err **err)
{
	int r;

	if (!has_controller(dir->controllers, "cpuset"))
		return 0;
	r = inherit(parent, child, "cpuset.cpus", err);
	return r < 0 ? r : inherit(parent, child, "cpuset.mems", err);
}

/* swap counts memory too; without a new limit the one of before holds. */
static bool swap_fits(const char *dir, const struct oci_memory *m)
{
	int64_t limit = m->limit.v;
	char text[32];

	if (!m->limit.set || limit == 0) {
		/* Unlimited reads as a number near 2^63. */
		if (cgroup_read(dir, "memory.limit_in_bytes", text, sizeof(text)) < 0 ||
		    num_parse_i64(text, &limit) < 0)
			return false;
	}
	return limit >= 0 && limit <= m->swap.v;
}

/*
 * limit <= memsw must hold after each write: when the new limit is above the present memsw, memsw
 * goes first. Both start unlimited in a new group, so only an existing group can be in the way.
 */
static int apply_memory_limits(const char *dir, const struct oci_memory *m, struct err **err)
{
	static const char limit[] = "memory.limit_in_bytes",
			  memsw[] = "memory.memsw.limit_in_bytes";
	int r;

	if (m->swap.set && m->swap.v > 0 && !swap_fits(dir, m))
		return err_text(err, EINVAL,
				"memory.swap (%" PRId64
				") needs a memory.limit that is not above it",
				m->swap.v);
	/* An unlimited memory under a limit of both together: the kernel refuses that. */
	if (m->limit.set && m->limit.v == -1 && !(m->swap.set && m->swap.v) &&
	    cgroup_has_file(dir, memsw)) {
		r = cgroup_write_i64(dir, memsw, -1, err);
		if (r < 0)
			return r;
	}
	if (m->limit.set && m->limit.v != 0) {
		r = cgroup_write_i64(dir, limit, m->limit.v, NULL);
		if (r == -EINVAL && m->swap.set && cgroup_has_file(dir, memsw)) {
			r = cgroup_write_i64(dir, memsw, m->swap.v, err);
			if (r < 0)
				return r;
			r = -EINVAL;
		}
		if (r < 0 && (r = cgroup_write_i64(dir, limit, m->limit.v, err)) < 0)
			return r;
	}
	if (m->swap.set && m->swap.v != 0) {
		/* Swap accounting off: crun and runc go without. */
		if (cgroup_has_file(dir, memsw))
			return cgroup_write_i64(dir, memsw, m->swap.v, err);
		log_warning("memory.swap is not limited: the kernel counts no swap");
	}
	return 0;
}

static int apply_memory(struct cgroup *cg, const struct oci_memory *m, struct err **err)
{
	const char *dir = need_dir(cg, "memory", err);
	int r;

	if (!dir)
		return -ENODEV;
	r = apply_memory_limits(dir, m, err);
	if (r == 0 && m->reservation.set && m->reservation.v != 0)
		r = cgroup_write_i64(dir, "memory.soft_limit_in_bytes", m->reservation.v, err);
	if (r == 0 && m->kernel.set && m->kernel.v != 0)
		r = cgroup_write_i64(dir, "memory.kmem.limit_in_bytes", m->kernel.v, err);
	if (r == 0 && m->kernel_tcp.set && m->kernel_tcp.v != 0)
		r = cgroup_write_i64(dir, "memory.kmem.tcp.limit_in_bytes", m->kernel_tcp.v, err);
	if (r == 0 && m->use_hierarchy.set)
		r = cgroup_write_i64(dir, "memory.use_hierarchy", m->use_hierarchy.v, err);
	if (r == 0 && m->swappiness.set)
		r = cgroup_write_u64(dir, "memory.swappiness", m->swappiness.v, err);
	if (r == 0 && m->disable_oom_killer.set && m->disable_oom_killer.v)
		r = cgroup_write(dir, "memory.oom_control", "1", err);
	return r;
}

static const char period_file[] = "cpu.cfs_period_us", quota_file[] = "cpu.cfs_quota_us";

static int apply_cfs(const char *dir, const struct oci_cpu *c, struct err **err)
{
	bool has_quota = c->quota.set && c->quota.v, has_period = c->period.set && c->period.v;
	int r = 0;

	/*
	 * The quotient of the two is checked at each write against that of the parent: in an update the new period may only fit the new
	 * quota. So when the period is refused, the quota goes first.
	 */
	if (has_period && has_quota && cgroup_write_u64(dir, period_file, c->period.v, NULL) < 0) {
		r = cgroup_write_i64(dir, quota_file, c->quota.v, err);
		has_quota = false;
	}
	if (r == 0 && has_period)
		r = cgroup_write_u64(dir, period_file, c->period.v, err);
	if (r == 0 && has_quota)
		r = cgroup_write_i64(dir, quota_file, c->quota.v, err);
	return r;
}

static int apply_cpu(struct cgroup *cg, const struct oci_cpu *c, struct err **err)
{
	const char *dir = need_dir(cg, "cpu", err);
	int r = 0;

	if (!dir)
		return -ENODEV;
	if (c->shares.set && c->shares.v)
		r = cgroup_write_u64(dir, "cpu.shares", c->shares.v, err);
	if (r == 0)
		r = apply_cfs(dir, c, err);
	if (r == 0 && c->burst.set)
		r = cgroup_write_u64(dir, "cpu.cfs_burst_us", c->burst.v, err);
	if (r == 0 && c->realtime_period.set && c->realtime_period.v)
		r = cgroup_write_u64(dir, "cpu.rt_period_us", c->realtime_period.v, err);
	if (r == 0 && c->realtime_runtime.set && c->realtime_runtime.v)
		r = cgroup_write_i64(dir, "cpu.rt_runtime_us", c->realtime_runtime.v, err);
	if (r == 0 && c->idle.set)
		r = cgroup_write_i64(dir, "cpu.idle", c->idle.v, err);
	return r;
}

static int apply_cpuset(struct cgroup *cg, const struct oci_cpu *c, struct err **err)
{
	const char *dir = need_dir(cg, "cpuset", err);
	int r = 0;

	if (!dir)
		return -ENODEV;
	if (c->cpus)
		r = cgroup_write(dir, "cpuset.cpus", c->cpus, err);
	if (r == 0 && c->mems)
		r = cgroup_write(dir, "cpuset.mems", c->mems, err);
	return r;
}

static int write_device(const char *dir, const char *file, int64_t major, int64_t minor,
			uint64_t value, struct err **err)
{
	char text[80];

	snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu64, major, minor, value);
	return cgroup_write(dir, file, text, err);
}

static int apply_throttle(const char *dir, const char *file, const struct oci_throttle_list *list,
			  struct err **err)
{
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++)
		r = write_device(dir, file, list->v[i].major, list->v[i].minor, list->v[i].rate,
				 err);
	return r;
}

static int apply_io_weights(const char *dir, const struct oci_block_io *b, struct err **err)
{
	/* CFQ's names, and BFQ's since 5.0. */
	const char *weight =
		cgroup_has_file(dir, "blkio.weight") ? "blkio.weight" : "blkio.bfq.weight";
	const char *device = cgroup_has_file(dir, "blkio.weight_device")
				     ? "blkio.weight_device"
				     : "blkio.bfq.weight_device";
	int r = 0;

	if (b->weight.set && b->weight.v)
		r = cgroup_write_u64(dir, weight, b->weight.v, err);
	if (r == 0 && b->leaf_weight.set && b->leaf_weight.v)
		r = cgroup_write_u64(dir, "blkio.leaf_weight", b->leaf_weight.v, err);
	for (size_t i = 0; i < b->n_weight_device && r == 0; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];

		if (d->weight.set)
			r = write_device(dir, device, d->major, d->minor, d->weight.v, err);
		if (r == 0 && d->leaf_weight.set)
			r = write_device(dir, "blkio.leaf_weight_device", d->major, d->minor,
					 d->leaf_weight.v, err);
	}
	return r;
}

static int apply_block_io(struct cgroup *cg, const struct oci_block_io *b, struct err **err)
{
	const char *dir = need_dir(cg, "blkio", err);
	int r;

	if (!dir)
		return -ENODEV;
	r = apply_io_weights(dir, b, err);
	if (r == 0)
		r = apply_throttle(dir, "blkio.throttle.read_bps_device", &b->read_bps, err);
	if (r == 0)
		r = apply_throttle(dir, "blkio.throttle.write_bps_device", &b->write_bps, err);
	if (r == 0)
		r = apply_throttle(dir, "blkio.throttle.read_iops_device", &b->read_iops, err);
	if (r == 0)
		r = apply_throttle(dir, "blkio.throttle.write_iops_device", &b->write_iops, err);
	return r;
}

static int apply_hugetlb(struct cgroup *cg, const struct oci_resources *res, struct err **err)
{
	const char *dir = need_dir(cg, "hugetlb", err);
	int r = dir ? 0 : -ENODEV;

	for (size_t i = 0; i < res->n_hugepage_limits && r == 0; i++) {
		const struct oci_hugepage_limit *h = &res->hugepage_limits[i];
		cleanup_free char *rsvd = xasprintf("hugetlb.%s.rsvd.limit_in_bytes", h->page_size);
		cleanup_free char *fault = xasprintf("hugetlb.%s.limit_in_bytes", h->page_size);

		r = cgroup_write_u64(dir, cgroup_has_file(dir, rsvd) ? rsvd : fault, h->limit, err);
	}
	return r;
}

static int apply_network(struct cgroup *cg, const struct oci_network *n, struct err **err)
{
	const char *dir;
	int r = 0;

	if (n->class_id.set) {
		dir = need_dir(cg, "net_cls", err);
		r = dir ? cgroup_write_u64(dir, "net_cls.classid", n->class_id.v, err) : -ENODEV;
	}
	for (size_t i = 0; i < n->n_priorities && r == 0; i++) {
		cleanup_free char *text =
			xasprintf("%s %" PRIu32, n->priorities[i].name, n->priorities[i].priority);

		dir = need_dir(cg, "net_prio", err);
		r = dir ? cgroup_write(dir, "net_prio.ifpriomap", text, err) : -ENODEV;
	}
	return r;
}

static int apply_rdma(struct cgroup *cg, const struct oci_resources *res, struct err **err)
{
	const char *dir = need_dir(cg, "rdma", err);
	int r = dir ? 0 : -ENODEV;

	for (size_t i = 0; i < res->n_rdma && r == 0; i++) {
		cleanup_free char *text = cgroup_rdma_text(&res->rdma[i]);

		r = cgroup_write(dir, "rdma.max", text, err);
	}
	return r;
}

static int apply_pids(struct cgroup *cg, int64_t limit, struct err **err)
{
	const char *dir = need_dir(cg, "pids", err);

	return dir ? cgroup_write_max(dir, "pids.max", limit, err) : -ENODEV;
}

static int apply_devices(struct cgroup *cg, const struct oci_resources *res, bool rootless,
			 struct err **err)
{
	cleanup_err struct err *why = NULL;
	const char *dir = need_dir(cg, "devices", rootless ? &why : err);
	int r = dir ? cgroup_devices_v1(dir, res, rootless ? &why : err) : -ENODEV;

	if (r < 0 && rootless) {
		log_debug("device rules are left out without privilege: %s", err_msg(why));
		return 0;
	}
	return r;
}

static void v1_default_devices(struct cgroup *cg)
{
	static const struct oci_resources none;

	apply_devices(cg, &none, true, NULL);
}

static int v1_apply(struct cgroup *cg, const struct oci_resources *res, bool rootless,
		    struct err **err)
{
	int r = 0;

	if (res->n_unified)
		return err_text(err, ENOTSUP,
				"resources.unified needs cgroup v2 (this host has v1)");
	if (res->n_devices)
		r = apply_devices(cg, res, rootless, err);
	if (r == 0 && res->memory)
		r = apply_memory(cg, res->memory, err);
	if (r == 0 && res->cpu)
		r = apply_cpu(cg, res->cpu, err);
	if (r == 0 && res->cpu && (res->cpu->cpus || res->cpu->mems))
		r = apply_cpuset(cg, res->cpu, err);
	if (r == 0 && res->n_hugepage_limits)
		r = apply_hugetlb(cg, res, err);
	if (r == 0 && res->network)
		r = apply_network(cg, res->network, err);
	if (r == 0 && res->n_rdma)
		r = apply_rdma(cg, res, err);
	if (r == 0 && res->pids_limit.set)
		r = apply_pids(cg, res->pids_limit.v, err);
	/* Per device, so not undone in an update: late. */
	if (r == 0 && res->block_io)
		r = apply_block_io(cg, res->block_io, err);
	return r;
}

static int v1_freeze(struct cgroup *cg, bool frozen, struct err **err)
{
	const char *dir = need_dir(cg, "freezer", err);
	const char *want = frozen ? "FROZEN" : "THAWED";
	char state[32];
	int r;

	if (!dir)
		return -ENODEV;
	/* FREEZING stays while a task forks or sleeps uninterruptibly: writing again makes progress
	 * (kernel: freezer-subsystem.rst). */
	for (unsigned try = 0; try < 1000; try++) {
		r = cgroup_write(dir, "freezer.state", want, err);
		if (r < 0)
			return r;
		r = cgroup_read(dir, "freezer.state", state, sizeof(state));
		if (r < 0)
			return err_set(err, r, "cgroup: read %s/freezer.state", dir);
		if (strcmp(state, want) == 0)
			return 0;
		usleep(1000);
	}
	cgroup_write_raw(dir, "freezer.state", "THAWED");
	return err_text(err, EBUSY, "cgroup: %s does not freeze", dir);
}

static bool v1_is_frozen(struct cgroup *cg)
{
	const char *dir = need_dir(cg, "freezer", NULL);
	char state[32];

	return dir && cgroup_read(dir, "freezer.state", state, sizeof(state)) == 0 &&
	       strcmp(state, "THAWED") != 0;
}

const struct cgroup_ops cgroup_v1_ops = {
	.find = v1_find,
	.prepare = v1_prepare,
	.apply = v1_apply,
	.default_devices = v1_default_devices,
	.freeze = v1_freeze,
	.is_frozen = v1_is_frozen,
	.stats = stats_v1,
};

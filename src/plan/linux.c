/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, network devices and sysctl. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "libocispec/oci_types.h"

static const struct plan_device default_devices[] = {
	{'c', "/dev/null", 1, 3, 0666, 0, 0, true},   {'c', "/dev/zero", 1, 5, 0666, 0, 0, true},
	{'c', "/dev/full", 1, 7, 0666, 0, 0, true},   {'c', "/dev/tty", 5, 0, 0666, 0, 0, true},
	{'c', "/dev/random", 1, 8, 0666, 0, 0, true}, {'c', "/dev/urandom", 1, 9, 0666, 0, 0, true},
};

/* The host's own /dev, bound in: it has its nodes and must not be changed. */
static bool dev_is_bound(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (plan->mounts[i].kind == PLAN_MOUNT_BIND &&
		    strcmp(plan->mounts[i].dest, "/dev") == 0)
			return true;
	}
	return false;
}

static bool is_mount_dest(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (strcmp(plan->mounts[i].dest, path) == 0)
			return true;
	}
	return false;
}

static int add_device(struct plan_ctx *ctx, const struct oci_device *from, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct plan_device d = {
		.type = from->type == 'u' ? 'c' : from->type,
		.path = plan_clean_path(plan, from->path),
		.mode = from->file_mode.set ? from->file_mode.v & 0777 : 0666,
		.uid = from->uid.set ? from->uid.v : 0,
		.gid = from->gid.set ? from->gid.v : 0,
	};

	if (d.type != 'p') {
		if (from->major.v > UINT32_MAX || from->minor.v > UINT32_MAX)
			return err_text(err, EINVAL, "linux.devices: `%s`: no such device number",
					from->path);
		d.major = (uint32_t)from->major.v;
		d.minor = (uint32_t)from->minor.v;
	}
	for (size_t i = 0; i < plan->n_devices; i++) {
		if (strcmp(plan->devices[i].path, d.path) == 0) {
			plan->devices[i] = d;
			return 0;
		}
	}
	plan->devices[plan->n_devices++] = d;
	return 0;
}

int plan_devices(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	const struct oci_linux *lin = ctx->lin;

	plan->devices =
		xcalloc(ARRAY_SIZE(default_devices) + lin->n_devices + 1, sizeof(*plan->devices));
	plan->bind_devices =
		plan->ns[PLAN_NS_USER].how != PLAN_NS_INHERIT || ctx->env->caps->in_userns;
	if (plan->ns[PLAN_NS_MOUNT].how == PLAN_NS_INHERIT) {
		if (lin->n_devices > 0)
			return err_text(err, EINVAL, "linux.devices need a mount namespace");
		return 0;
	}
	plan->dev_is_bound = dev_is_bound(plan);
	if (!plan->dev_is_bound) {
		/* podman binds single nodes over the defaults: those are served already. */
		for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
			if (!is_mount_dest(plan, default_devices[i].path))
				plan->devices[plan->n_devices++] = default_devices[i];
		}
	}
	for (size_t i = 0; i < lin->n_devices; i++) {
		int r = add_device(ctx, &lin->devices[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int plan_rdt(struct plan_ctx *ctx, struct err **err)
{
	const struct oci_intel_rdt *from = ctx->lin->intel_rdt;
	struct plan_rdt *to = &ctx->plan->rdt;

	if (!from)
		return 0;
	if (!ctx->env->caps->resctrl[0])
		return err_text(err, ENOTSUP,
				"linux.intelRdt: this host has no resctrl file system mounted");
	*to = (struct plan_rdt){
		.set = true,
		.root = ctx->env->caps->resctrl,
		.clos_id = from->clos_id,
		.monitoring = from->enable_monitoring,
	};
	if (from->l3_cache_schema)
		strv_add(&to->schemata, from->l3_cache_schema);
	if (from->mem_bw_schema)
		strv_add(&to->schemata, from->mem_bw_schema);
	for (char **line = from->schemata; line && *line; line++)
		strv_add(&to->schemata, *line);
	return 0;
}

static bool map(const struct plan_id_range *v, size_t n, uint32_t *id)
{
	for (size_t i = 0; i < n; i++) {
		if (*id < v[i].inside || *id - v[i].inside >= v[i].count)
			continue;
		*id = v[i].outside + (*id - v[i].inside);
		return true;
	}
	return false;
}

static bool cgroup_is_writable(const struct plan *plan)
{
	bool writable = false;

	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct plan_mount *m = &plan->mounts[i];

		if (strcmp(m->dest, "/sys/fs/cgroup") == 0)
			writable = (m->kind == PLAN_MOUNT_CGROUP ||
				    (m->kind == PLAN_MOUNT_FS && m->fstype &&
				     strcmp(m->fstype, "cgroup2") == 0)) &&
				   !(m->attr_set & MOUNT_ATTR_RDONLY);
	}
	return writable;
}

/*
 * runtime-spec, config-linux.md, "Cgroup ownership": to process.user, when the container sees nothing but its own group, and may write there. With a user
 * namespace of somebody else its ids are not known here.
 */
int plan_cgroup_owner(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct plan_owner owner = {true, plan->process.uid, plan->process.gid};

	(void)err;
	if (plan->ns[PLAN_NS_CGROUP].how != PLAN_NS_NEW || plan->ids.join_path ||
	    !cgroup_is_writable(plan))
		return 0;
	if (plan->ids.how != PLAN_MAP_NONE && (!map(plan->ids.uids, plan->ids.n_uids, &owner.uid) ||
					       !map(plan->ids.gids, plan->ids.n_gids, &owner.gid)))
		return 0;
	plan->cgroup_owner = owner;
	return 0;
}

int plan_net_devices(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	const struct oci_linux *lin = ctx->lin;

	if (lin->n_net_devices > 0 && ctx->env->caps->euid != 0)
		return err_text(err, ENOTSUP,
				"linux.netDevices: moving a network device needs root on the host");
	plan->net_devices = xcalloc(lin->n_net_devices + 1, sizeof(*plan->net_devices));
	plan->n_net_devices = lin->n_net_devices;
	for (size_t i = 0; i < lin->n_net_devices; i++) {
		const struct oci_net_device *from = &lin->net_devices[i];
		struct plan_net_device *to = &plan->net_devices[i];

		to->host_name = from->host_name;
		to->name = from->name ? from->name : from->host_name;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(plan->net_devices[j].name, to->name) == 0 &&
			    !strchr(to->name, '%'))
				return err_text(err, EINVAL,
						"linux.netDevices: `%s` and `%s` would both be "
						"called `%s`",
						plan->net_devices[j].host_name, to->host_name,
						to->name);
		}
	}
	return 0;
}

/* Settings that belong to a namespace. A name that ends in '.' is a prefix. */
static const struct {
	const char *name;
	enum plan_ns_type ns;
} namespaced[] = {
	{"fs.mqueue.", PLAN_NS_IPC},
	{"kernel.domainname", PLAN_NS_UTS},
	{"kernel.msg_next_id", PLAN_NS_IPC},
	{"kernel.msgmax", PLAN_NS_IPC},
	{"kernel.msgmnb", PLAN_NS_IPC},
	{"kernel.msgmni", PLAN_NS_IPC},
	{"kernel.sem", PLAN_NS_IPC},
	{"kernel.sem_next_id", PLAN_NS_IPC},
	{"kernel.shm_next_id", PLAN_NS_IPC},
	{"kernel.shm_rmid_forced", PLAN_NS_IPC},
	{"kernel.shmall", PLAN_NS_IPC},
	{"kernel.shmmax", PLAN_NS_IPC},
	{"kernel.shmmni", PLAN_NS_IPC},
	{"net.", PLAN_NS_NET},
	{"user.", PLAN_NS_USER},
};

static int check_sysctl(const struct plan_ctx *ctx, const char *key, const char *value,
			struct err **err)
{
	char *dotted = xstrdup(key);
	int r = -1;

	/* "net/ipv4/ip_forward" is allowed too; a component may then hold dots (interface names). */
	for (char *p = dotted; *p; p++)
		*p = *p == '/' ? '.' : *p;
	if (strstr(key, "..") || key[0] == '.' || key[0] == '/')
		r = err_text(err, EINVAL, "the sysctl `%s` is not a valid name", key);
	else if (strcmp(dotted, "kernel.hostname") == 0)
		r = err_text(err, EINVAL, "the sysctl `%s` must be set through hostname", key);
	else if (strcmp(dotted, "kernel.domainname") == 0 && ctx->config->domainname &&
		 strcmp(ctx->config->domainname, value) != 0)
		r = err_text(err, EINVAL, "the sysctl `%s` contradicts domainname", key);
	for (size_t i = 0; r == -1 && i < ARRAY_SIZE(namespaced); i++) {
		const char *name = namespaced[i].name;
		bool prefix = name[strlen(name) - 1] == '.';

		if (prefix ? !str_starts(dotted, name) : strcmp(dotted, name) != 0)
			continue;
		r = 0;
		if (ctx->plan->ns[namespaced[i].ns].how == PLAN_NS_INHERIT)
			r = err_text(err, EINVAL, "the sysctl `%s` requires a new %s namespace",
				     key, plan_ns_name(namespaced[i].ns));
	}
	if (r == -1)
		r = err_text(err, EINVAL, "the sysctl `%s` is not namespaced", key);
	free(dotted);
	return r;
}

int plan_sysctl(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	size_t n = ctx->lin->n_sysctl;

	plan->sysctl = xcalloc(n + 1, sizeof(*plan->sysctl));
	plan->n_sysctl = n;
	for (size_t i = 0; i < n; i++) {
		int r = check_sysctl(ctx, ctx->lin->sysctl[i].key, ctx->lin->sysctl[i].value, err);

		if (r < 0)
			return r;
		plan->sysctl[i].key = ctx->lin->sysctl[i].key;
		plan->sysctl[i].value = ctx->lin->sysctl[i].value;
	}
	return 0;
}

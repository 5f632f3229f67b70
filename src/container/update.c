/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update: other limits for a container that exists. All or nothing, as far as the kernel lets us. Runs in the command; the limits are the caller's. */
#include <config.h>

#include "container/container.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "container/intel_rdt.h"
#include "container/lifecycle.h"
#include "container/store.h"
#include "host/probe.h"
#include "libocispec/oci_config.h"

static bool same_number(const struct oci_opt_i64 *a, const struct oci_opt_i64 *b)
{
	/* absent and -1 mean the same */
	return (a->set ? a->v : -1) == (b->set ? b->v : -1);
}

static bool same_rule(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return a->allow == b->allow && a->type == b->type && same_number(&a->major, &b->major) &&
	       same_number(&a->minor, &b->minor) &&
	       strcmp(a->access ? a->access : "rwm", b->access ? b->access : "rwm") == 0;
}

static bool same_rules(const struct oci_resources *a, const struct oci_resources *b)
{
	if (!a || a->n_devices != b->n_devices)
		return false;
	for (size_t i = 0; i < a->n_devices; i++)
		if (!same_rule(&a->devices[i], &b->devices[i]))
			return false;
	return true;
}

/*
 * Engines send the rules of create along with the limits that change: they hold already. Others are applied, but not with copy-on-write: there the
 * supervisor opens devices for the container, by the rules it was started with.
 */
static int check_devices(struct container *c, struct oci_resources *res, struct err **err)
{
	struct oci_config *config = NULL;
	bool same;
	int r;

	if (res->n_devices == 0 || c->status->devices_updated)
		return 0;
	r = store_load_config(c, &config, err);
	if (r < 0)
		return r;
	same = same_rules(config->lin ? config->lin->resources : NULL, res);
	oci_config_free(config);
	if (same)
		res->n_devices = 0;
	else if (c->status->cow_dir)
		return err_text(err, ENOTSUP,
				"the device rules of a container with copy-on-write cannot be "
				"changed: leave `devices` out");
	return 0;
}

/* What an update has to work with. */
struct updating {
	struct container *c;
	struct cgroup *cg;
	struct host_caps caps;
};

static int prepare(struct updating *u, const char *root, const char *id, struct err **err)
{
	int r = store_open(root, id, STORE_LOCK, &u->c, err);

	if (r == 0)
		r = lifecycle_check(OP_UPDATE, lifecycle_state(u->c), id, err);
	if (r == 0)
		r = cgroup_open(u->c->status->cgroup_path, &u->cg, err);
	if (r == 0 && u->c->status->systemd_scope)
		cgroup_set_scope(u->cg, u->c->status->systemd_scope, u->c->status->systemd_user);
	if (r == 0 && (r = host_probe(&u->caps)) < 0)
		err_set(err, r, "look at the host");
	return r;
}

static int update_rdt(struct updating *u, const struct rdt_update *rdt, char **ret_before,
		      struct err **err)
{
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int r = u->c->status->rdt_group ? 0 : cgroup_pids(u->cg, &pids, &n, err);

	return r < 0 ? r
		     : intel_rdt_update(rdt, u->caps.resctrl, u->c->id, pids, n, u->c->status,
					ret_before, err);
}

static int update_limits(struct updating *u, const struct oci_resources *resources,
			 bool *ret_devices, struct err **err)
{
	struct oci_resources res = *resources;
	int r = check_devices(u->c, &res, err);

	if (r == 0)
		r = cgroup_update(u->cg, &res, u->caps.euid != 0 || u->caps.in_userns, err);
	*ret_devices = r == 0 && res.n_devices;
	return r;
}

static int apply(struct updating *u, const struct update_params *p, struct err **err)
{
	struct status *s = u->c->status;
	bool has_rdt = p->rdt.l3_cache_schema || p->rdt.mem_bw_schema, devices = false;
	cleanup_free char *before = NULL;
	int r = has_rdt ? update_rdt(u, &p->rdt, &before, err) : 0;

	if (r == 0 && p->resources)
		r = update_limits(u, p->resources, &devices, err);
	if (r < 0 && before)
		intel_rdt_set_back(s, before);
	s->devices_updated |= devices;
	/* A group that is new stays, for delete, also when the limits were refused. */
	if ((has_rdt && !before && s->rdt_group) || devices) {
		int w = status_write(u->c->dir_fd, s, r < 0 ? NULL : err);

		return r < 0 ? r : w;
	}
	return r;
}

int container_update(const struct update_params *p, struct err **err)
{
	struct updating u = {0};
	int r = prepare(&u, p->root, p->id, err);

	if (r == 0)
		r = apply(&u, p, err);
	cgroup_free(u.cg);
	store_close(u.c);
	return r;
}

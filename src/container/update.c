/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update: other limits for a container that exists. Runs in the command; the limits are the caller's. */
#include <config.h>

#include "container/container.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
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

int container_update(const char *root, const char *id, const struct oci_resources *resources,
		     struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	struct oci_resources res = *resources;
	struct host_caps caps;
	int r = store_open(root, id, STORE_LOCK, &c, err);

	if (r == 0)
		r = lifecycle_check(OP_UPDATE, lifecycle_state(c), id, err);
	if (r == 0)
		r = check_devices(c, &res, err);
	if (r == 0)
		r = cgroup_open(c->status->cgroup_path, &cg, err);
	if (r == 0 && c->status->systemd_scope)
		cgroup_set_scope(cg, c->status->systemd_scope, c->status->systemd_user);
	if (r == 0 && (r = host_probe(&caps)) < 0)
		err_set(err, r, "look at the host");
	if (r == 0)
		r = cgroup_update(cg, &res, caps.euid != 0 || caps.in_userns, err);
	if (r < 0 || res.n_devices == 0)
		return r;
	c->status->devices_updated = true;
	return status_write(c->dir_fd, c->status, err);
}

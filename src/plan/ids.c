/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces and the ids of the user namespace. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "libocispec/oci_types.h"

int plan_namespaces(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	const struct host_caps *caps = ctx->env->caps;

	for (size_t i = 0; i < ctx->lin->n_namespaces; i++) {
		const struct oci_namespace *ns = &ctx->lin->namespaces[i];
		struct plan_ns *to = &plan->ns[ns->type];

		if (to->how != PLAN_NS_INHERIT)
			return err_text(err, EINVAL, "duplicate namespace type `%s`",
					oci_ns_type_name(ns->type));
		to->how = ns->path ? PLAN_NS_JOIN : PLAN_NS_NEW;
		to->path = ns->path;
	}
	if (plan->ns[PLAN_NS_TIME].how != PLAN_NS_INHERIT && !caps->time_ns)
		return err_text(err, ENOTSUP, "this kernel has no time namespaces");
	if (plan->ns[PLAN_NS_CGROUP].how != PLAN_NS_INHERIT && !caps->cgroup_ns)
		return err_text(err, ENOTSUP, "this kernel has no cgroup namespaces");
	if (ctx->lin->time_offsets) {
		const struct oci_time_offsets *t = ctx->lin->time_offsets;

		if (plan->ns[PLAN_NS_TIME].how != PLAN_NS_NEW)
			return err_text(err, EINVAL, "linux.timeOffsets need a new time namespace");
		plan->monotonic = (struct plan_time_offset){t->monotonic.set, t->monotonic.secs,
							    t->monotonic.nanosecs};
		plan->boottime = (struct plan_time_offset){t->boottime.set, t->boottime.secs,
							   t->boottime.nanosecs};
	}
	return 0;
}

bool plan_id_outside(const struct plan_id_range *map, size_t n, uint32_t outside,
		     uint32_t *ret_inside)
{
	for (size_t i = 0; i < n; i++) {
		if (outside >= map[i].outside && outside - map[i].outside < map[i].count) {
			*ret_inside = map[i].inside + (outside - map[i].outside);
			return true;
		}
	}
	return false;
}

bool plan_id_inside(const struct plan_id_range *map, size_t n, uint32_t inside,
		    uint32_t *ret_outside)
{
	for (size_t i = 0; i < n; i++) {
		if (inside >= map[i].inside && inside - map[i].inside < map[i].count) {
			*ret_outside = map[i].outside + (inside - map[i].inside);
			return true;
		}
	}
	return false;
}

struct plan_id_range *plan_convert_map(const struct oci_id_mapping *from, size_t n)
{
	struct plan_id_range *map = xcalloc(n + 1, sizeof(*map));

	for (size_t i = 0; i < n; i++)
		map[i] =
			(struct plan_id_range){from[i].container_id, from[i].host_id, from[i].size};
	return map;
}

/* 0 is the caller; with a subordinate range, 1 and up are that. */
static struct plan_id_range *automatic_map(uint32_t own, const struct host_subids *sub,
					   bool use_sub, size_t *ret_n)
{
	struct plan_id_range *map = xcalloc(2, sizeof(*map));

	map[0] = (struct plan_id_range){0, own, 1};
	*ret_n = 1;
	if (use_sub && sub->count > 0) {
		map[1] = (struct plan_id_range){1, sub->start, sub->count};
		*ret_n = 2;
	}
	return map;
}

/* The kernel lets an unprivileged process map nothing but itself. */
static bool maps_only_self(const struct plan_ids *ids, const struct host_caps *caps)
{
	return ids->n_uids == 1 && ids->uids[0].count == 1 && ids->uids[0].outside == caps->euid &&
	       ids->n_gids == 1 && ids->gids[0].count == 1 && ids->gids[0].outside == caps->egid;
}

static int choose_writer(struct plan_ids *ids, const struct host_caps *caps, struct err **err)
{
	if (caps->euid == 0) {
		ids->how = PLAN_MAP_DIRECT;
	} else if (maps_only_self(ids, caps)) {
		ids->how = PLAN_MAP_SELF;
	} else if (caps->newuidmap[0] && caps->newgidmap[0]) {
		ids->how = PLAN_MAP_HELPER;
		ids->newuidmap = caps->newuidmap;
		ids->newgidmap = caps->newgidmap;
	} else {
		return err_text(
			err, ENOTSUP,
			"the id mappings need newuidmap and newgidmap, which are not installed");
	}
	return 0;
}

static void set_automatic_maps(struct plan *plan, const struct host_caps *caps)
{
	struct plan_ids *ids = &plan->ids;
	bool use_sub = caps->subuid.count > 0 && caps->subgid.count > 0 && caps->newuidmap[0] &&
		       caps->newgidmap[0];

	ids->automatic = true;
	ids->uids = automatic_map(caps->euid, &caps->subuid, use_sub, &ids->n_uids);
	ids->gids = automatic_map(caps->egid, &caps->subgid, use_sub, &ids->n_gids);
	if (!use_sub)
		plan_warn(plan, "only one id is mapped: no range in /etc/subuid and /etc/subgid, "
				"or no newuidmap");
}

int plan_ids(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct plan_ids *ids = &plan->ids;
	const struct oci_linux *lin = ctx->lin;
	const struct host_caps *caps = ctx->env->caps;
	struct plan_ns *user = &plan->ns[PLAN_NS_USER];

	if (user->how == PLAN_NS_JOIN) {
		ids->join_path = user->path;
		return 0;
	}
	/* Without privilege nothing works outside of a user namespace: make one, as if it had been asked for. */
	if (user->how == PLAN_NS_INHERIT && caps->euid != 0)
		user->how = PLAN_NS_NEW;
	if (user->how == PLAN_NS_INHERIT) {
		if (lin->n_uid_mappings > 0 || lin->n_gid_mappings > 0)
			return err_text(
				err, EINVAL,
				"linux.uidMappings and linux.gidMappings need a user namespace");
		return 0;
	}
	if (!caps->user_ns)
		return err_text(err, ENOTSUP, "this kernel has no user namespaces");
	if (lin->n_uid_mappings == 0 && lin->n_gid_mappings == 0) {
		if (caps->euid == 0)
			return err_text(err, EINVAL,
					"a new user namespace needs linux.uidMappings and "
					"linux.gidMappings");
		set_automatic_maps(plan, caps);
	} else if (lin->n_uid_mappings == 0 || lin->n_gid_mappings == 0) {
		return err_text(err, EINVAL,
				"linux.uidMappings and linux.gidMappings are needed together");
	} else {
		ids->uids = plan_convert_map(lin->uid_mappings, lin->n_uid_mappings);
		ids->n_uids = lin->n_uid_mappings;
		ids->gids = plan_convert_map(lin->gid_mappings, lin->n_gid_mappings);
		ids->n_gids = lin->n_gid_mappings;
	}
	return choose_writer(ids, caps, err);
}

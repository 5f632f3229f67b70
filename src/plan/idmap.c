/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids of idmapped mounts: from uidMappings and gidMappings of the mount, from crun's option text ("idmap=uids=0-1000-10#10-@0-5;gids=..."), or those of
 * the container's user namespace. Part of building the plan: no side effects.
 */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "libocispec/oci_types.h"

/* FROM-TO-LENGTH; '@' in front: TO counts in the container's user namespace. */
static int parse_triplet(const struct plan *plan, bool uids, const char *text,
			 struct plan_id_range *ret, struct err **err)
{
	bool relative = text[0] == '@';
	cleanup_strv char **part = strv_split(text + relative, '-');
	const struct plan_ids *ids = &plan->ids;
	uint32_t last;

	if (strv_len(part) != 3 || num_parse_u32(part[0], &ret->inside) < 0 ||
	    num_parse_u32(part[1], &ret->outside) < 0 || num_parse_u32(part[2], &ret->count) < 0 ||
	    ret->count == 0 || ret->inside > UINT32_MAX - ret->count ||
	    ret->outside > UINT32_MAX - ret->count)
		return err_text(err, EINVAL, "idmap: `%s` is not FROM-TO-LENGTH", text);
	if (!relative)
		return 0;
	last = ret->outside + ret->count - 1;
	if (!plan_id_inside(uids ? ids->uids : ids->gids, uids ? ids->n_uids : ids->n_gids, last,
			    &last) ||
	    !plan_id_inside(uids ? ids->uids : ids->gids, uids ? ids->n_uids : ids->n_gids,
			    ret->outside, &ret->outside) ||
	    last - ret->outside != ret->count - 1)
		return err_text(err, EINVAL,
				"idmap: `%s` is not inside of one range of the container's user "
				"namespace",
				text);
	return 0;
}

static int parse_ranges(const struct plan *plan, bool uids, const char *text,
			struct plan_id_range **ret, size_t *ret_n, struct err **err)
{
	cleanup_strv char **triplets = strv_split(text, '#');
	size_t n = strv_len(triplets);
	struct plan_id_range *v;

	if (n == 0 || *ret)
		return err_text(err, EINVAL, "idmap: %s %s", uids ? "uids" : "gids",
				n ? "are given twice" : "without a range");
	v = xcalloc(n, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		int r = parse_triplet(plan, uids, triplets[i], &v[i], err);

		if (r < 0) {
			free(v);
			return r;
		}
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int parse_text(const struct plan *plan, const char *text, struct plan_ids *ids,
		      struct err **err)
{
	cleanup_strv char **parts = strv_split(text, ';');

	for (size_t i = 0; parts && parts[i]; i++) {
		int r;

		if (str_starts(parts[i], "uids="))
			r = parse_ranges(plan, true, parts[i] + 5, &ids->uids, &ids->n_uids, err);
		else if (str_starts(parts[i], "gids="))
			r = parse_ranges(plan, false, parts[i] + 5, &ids->gids, &ids->n_gids, err);
		else
			r = err_text(err, EINVAL, "idmap: `%s` is neither uids=... nor gids=...",
				     parts[i]);
		if (r < 0)
			return r;
	}
	if (!ids->uids || !ids->gids)
		return err_text(err, EINVAL, "idmap: uids= and gids= are needed together");
	return 0;
}

static void free_ids(struct plan_ids *ids)
{
	free(ids->uids);
	free(ids->gids);
	free(ids);
}

void plan_idmap_free(const struct plan *plan, struct plan_mount *m)
{
	if (m->idmap && m->idmap != &plan->ids)
		free_ids(m->idmap);
}

static int choose_ids(struct plan *plan, const struct oci_mount *from, struct plan_mount *m,
		      struct err **err)
{
	struct plan_ids *ids;
	int r;

	if (from->n_uid_mappings > 0 && m->idmap_text)
		return err_text(
			err, EINVAL,
			"the ids are given twice: by uidMappings and by the option idmap=...");
	if (from->n_uid_mappings == 0 && !m->idmap_text) {
		if (plan->ns[PLAN_NS_USER].how == PLAN_NS_INHERIT)
			return err_text(err, EINVAL,
					"the option idmap needs uidMappings and gidMappings, or a "
					"user namespace of the container");
		m->idmap = &plan->ids;
		return 0;
	}
	ids = xcalloc(1, sizeof(*ids));
	ids->how = PLAN_MAP_DIRECT;
	if (m->idmap_text) {
		r = parse_text(plan, m->idmap_text, ids, err);
		if (r < 0) {
			free_ids(ids);
			return r;
		}
	} else {
		ids->uids = plan_convert_map(from->uid_mappings, from->n_uid_mappings);
		ids->n_uids = from->n_uid_mappings;
		ids->gids = plan_convert_map(from->gid_mappings, from->n_gid_mappings);
		ids->n_gids = from->n_gid_mappings;
	}
	m->idmap = ids;
	return 0;
}

int plan_idmap(struct plan_ctx *ctx, const struct oci_mount *from, struct plan_mount *m,
	       struct err **err)
{
	if (!m->idmap_asked && from->n_uid_mappings == 0)
		return 0;
	if (m->kind != PLAN_MOUNT_BIND)
		return err_text(err, ENOTSUP, "only bind mounts can be idmapped");
	if (ctx->env->caps->euid != 0)
		return err_text(err, ENOTSUP, "an idmapped mount needs root on the host");
	return choose_ids(ctx->plan, from, m, err);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process of config.json or of exec's process.json. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/cred.h"
#include "libocispec/oci_types.h"

static int refuse_labels(const struct oci_process *process, const struct host_caps *caps,
			 struct err **err)
{
	if (process->apparmor_profile && !caps->apparmor)
		return err_text(
			err, ENOTSUP,
			"process.apparmorProfile is set but AppArmor is not enabled on this host");
	if (process->selinux_label && !caps->selinux)
		return err_text(
			err, ENOTSUP,
			"process.selinuxLabel is set but SELinux is not enabled on this host");
	return 0;
}

static uint64_t cap_mask(struct plan_ctx *ctx, char *const *names, uint64_t grantable)
{
	uint64_t mask = 0;

	for (size_t i = 0; names && names[i]; i++) {
		int n = host_cap_number(names[i]);
		bool known = n >= 0 && (ctx->env->caps->known_caps & UINT64_C(1) << n);

		if (known && (grantable & UINT64_C(1) << n))
			mask |= UINT64_C(1) << n;
		else
			plan_warn(ctx->plan,
				  known ? "capability `%s` cannot be granted"
					: "unknown capability `%s` is ignored",
				  names[i]);
	}
	return mask;
}

static void set_caps(struct plan_ctx *ctx)
{
	const struct oci_capabilities *from = ctx->process->capabilities;
	struct plan_caps *to = &ctx->plan->process.caps;
	uint64_t grantable = ctx->env->caps->known_caps, all;

	if (!from)
		return;
	/* A user namespace hands out every capability; without one the bounding set is the limit. */
	if (ctx->plan->ns[PLAN_NS_USER].how == PLAN_NS_INHERIT)
		grantable = ctx->env->caps->bounding_caps;
	to->bounding = cap_mask(ctx, from->bounding, grantable);
	/* The other sets warn only about names that bounding did not warn about already. */
	all = ctx->env->caps->known_caps;
	to->permitted = cap_mask(ctx, from->permitted, all) & grantable;
	to->inheritable = cap_mask(ctx, from->inheritable, all) & grantable;
	to->effective = cap_mask(ctx, from->effective, all) & to->permitted;
	to->ambient = cap_mask(ctx, from->ambient, all) & to->permitted & to->inheritable;
}

static void drop_duplicate_warnings(struct plan *plan)
{
	size_t n = strv_len(plan->warnings), kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t j = 0; j < kept && !seen; j++)
			seen = strcmp(plan->warnings[i], plan->warnings[j]) == 0;
		if (seen)
			free(plan->warnings[i]);
		else
			plan->warnings[kept++] = plan->warnings[i];
	}
	if (plan->warnings)
		plan->warnings[kept] = NULL;
}

static int check_mapped(const struct plan *plan, struct err **err)
{
	const struct plan_ids *ids = &plan->ids;
	const struct plan_process *p = &plan->process;
	uint32_t outside;

	if (ids->how == PLAN_MAP_NONE)
		return 0;
	if (!plan_id_inside(ids->uids, ids->n_uids, p->uid, &outside))
		return err_text(err, EINVAL,
				"process.user.uid %u is not mapped in the user namespace", p->uid);
	if (!plan_id_inside(ids->gids, ids->n_gids, p->gid, &outside))
		return err_text(err, EINVAL,
				"process.user.gid %u is not mapped in the user namespace", p->gid);
	for (size_t i = 0; i < p->n_groups; i++) {
		if (!plan_id_inside(ids->gids, ids->n_gids, p->groups[i], &outside))
			return err_text(err, EINVAL,
					"process.user.additionalGids: %u is not mapped in the user "
					"namespace",
					p->groups[i]);
	}
	if (ids->how == PLAN_MAP_SELF && p->n_groups > 0)
		return err_text(err, EINVAL,
				"process.user.additionalGids cannot be set in a user namespace "
				"with one id");
	return 0;
}

static int set_user(struct plan_ctx *ctx, struct err **err)
{
	const struct oci_user *user = ctx->process->user;
	struct plan_process *p = &ctx->plan->process;
	const char *keep = oci_config_annotation(ctx->config, "run.oci.keep_original_groups");

	p->keep_groups = keep && strcmp(keep, "0") != 0;
	if (user) {
		p->uid = user->uid;
		p->gid = user->gid;
		p->groups = user->additional_gids;
		p->n_groups = user->n_additional_gids;
		p->has_umask = user->umask.set;
		p->umask = user->umask.v;
	}
	return check_mapped(ctx->plan, err);
}

static void set_rlimits(struct plan_ctx *ctx)
{
	const struct oci_process *from = ctx->process;
	struct plan_process *to = &ctx->plan->process;

	to->rlimits = xcalloc(from->n_rlimits + 1, sizeof(*to->rlimits));
	to->n_rlimits = from->n_rlimits;
	for (size_t i = 0; i < from->n_rlimits; i++) {
		to->rlimits[i] = (struct plan_rlimit){
			.resource = from->rlimits[i].resource,
			.name = from->rlimits[i].type,
			.soft = from->rlimits[i].soft,
			.hard = from->rlimits[i].hard,
		};
	}
}

int plan_process(struct plan_ctx *ctx, struct err **err)
{
	static char *const no_env[] = {NULL};
	const struct oci_process *from = ctx->process;
	struct plan_process *to = &ctx->plan->process;
	int r;

	if (!from)
		return 0;
	r = refuse_labels(from, ctx->env->caps, err);
	if (r < 0)
		return r;
	ctx->plan->has_process = true;
	to->args = from->args;
	to->env = from->env ? from->env : no_env;
	to->cwd = from->cwd;
	to->no_new_privs = from->no_new_privileges;
	to->has_oom_score_adj = from->oom_score_adj.set;
	to->oom_score_adj = from->oom_score_adj.v;
	to->terminal = from->terminal;
	if (from->terminal && from->console_size) {
		to->console_height = from->console_size->height;
		to->console_width = from->console_size->width;
	}
	to->apparmor = from->apparmor_profile;
	to->selinux = from->selinux_label;
	set_rlimits(ctx);
	set_caps(ctx);
	drop_duplicate_warnings(ctx->plan);
	return set_user(ctx, err);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the plan, area by area. Runs in cli and container (create, run, exec, delete). Reads an untrusted but checked configuration; what it
 * must know about the host comes through struct plan_env. May not touch the system, print or log.
 */
#include <config.h>

#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "landlock/layer.h"
#include "libocispec/oci_types.h"
#include "plan/internal.h"
#include "seccomp/default_profile.h"

_Static_assert((int)PLAN_NS_COUNT == (int)OCI_NS_COUNT && (int)PLAN_NS_NET == (int)OCI_NS_NETWORK &&
		       (int)PLAN_NS_USER == (int)OCI_NS_USER &&
		       (int)PLAN_NS_TIME == (int)OCI_NS_TIME &&
		       (int)PLAN_NS_MOUNT == (int)OCI_NS_MOUNT &&
		       (int)PLAN_NS_PID == (int)OCI_NS_PID && (int)PLAN_NS_IPC == (int)OCI_NS_IPC &&
		       (int)PLAN_NS_UTS == (int)OCI_NS_UTS &&
		       (int)PLAN_NS_CGROUP == (int)OCI_NS_CGROUP,
	       "namespace types in the same order");
_Static_assert((int)PLAN_HOOK_COUNT == (int)OCI_HOOK_COUNT &&
		       (int)PLAN_HOOK_CREATE_RUNTIME == (int)OCI_HOOK_CREATE_RUNTIME &&
		       (int)PLAN_HOOK_CREATE_CONTAINER == (int)OCI_HOOK_CREATE_CONTAINER &&
		       (int)PLAN_HOOK_START_CONTAINER == (int)OCI_HOOK_START_CONTAINER &&
		       (int)PLAN_HOOK_POSTSTART == (int)OCI_HOOK_POSTSTART,
	       "hooks in the same order");

const char *plan_own(struct plan *plan, char *s)
{
	strv_take(&plan->owned, s);
	return s;
}

const char *plan_printf(struct plan *plan, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return plan_own(plan, s);
}

void plan_warn(struct plan *plan, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(&plan->warnings, xvasprintf(fmt, ap));
	va_end(ap);
}

const char *plan_clean_path(struct plan *plan, const char *path)
{
	char *out = xmalloc(strlen(path) + 2);
	size_t len = 0;

	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && p[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return plan_own(plan, out);
}

const char *plan_absolute(struct plan *plan, const char *base, const char *path)
{
	if (path[0] == '/')
		return path;
	return plan_printf(plan, "%s/%s", base, path);
}

static void copy_hooks(struct plan_ctx *ctx)
{
	for (int kind = 0; kind < PLAN_HOOK_COUNT; kind++) {
		const struct oci_hook_list *from = &ctx->config->hooks[kind];
		struct plan_hook_list *to = &ctx->plan->hooks[kind];

		to->v = xcalloc(from->n + 1, sizeof(*to->v));
		to->n = from->n;
		for (size_t i = 0; i < from->n; i++) {
			to->v[i] = (struct plan_hook){
				.path = from->v[i].path,
				.args = from->v[i].args,
				.env = from->v[i].env,
				.timeout = from->v[i].timeout.set ? from->v[i].timeout.v : 0,
			};
		}
	}
}

static void copy_annotations(struct plan_ctx *ctx)
{
	const struct oci_config *config = ctx->config;
	struct plan *plan = ctx->plan;

	plan->annotations = xcalloc(config->n_annotations + 1, sizeof(*plan->annotations));
	plan->n_annotations = config->n_annotations;
	for (size_t i = 0; i < config->n_annotations; i++) {
		plan->annotations[i].key = config->annotations[i].key;
		plan->annotations[i].value = config->annotations[i].value;
	}
}

/* As with a program called krun: a virtual machine or WebAssembly was asked for. */
static int check_handler(const struct plan_ctx *ctx, struct err **err)
{
	const char *handler = plan_annotation(ctx->plan, "run.oci.handler");

	return handler && handler[0]
		       ? err_text(err, ENOTSUP,
				  "annotation run.oci.handler: `%s`: there are no handlers",
				  handler)
		       : 0;
}

static int check_label(const struct plan_ctx *ctx, struct err **err)
{
	if (ctx->lin->mount_label && !ctx->env->caps->selinux)
		return err_text(err, ENOTSUP,
				"linux.mountLabel is set but SELinux is not enabled on this host");
	return 0;
}

static int check_needs_mount_ns(const struct plan_ctx *ctx, struct err **err)
{
	const struct oci_linux *lin = ctx->lin;

	if (ctx->plan->ns[PLAN_NS_MOUNT].how != PLAN_NS_INHERIT)
		return 0;
	if (ctx->config->n_mounts > 0)
		return err_text(err, EINVAL, "mounts need a mount namespace");
	if ((lin->masked_paths && lin->masked_paths[0]) ||
	    (lin->readonly_paths && lin->readonly_paths[0]))
		return err_text(err, EINVAL,
				"linux.maskedPaths and linux.readonlyPaths need a mount namespace");
	if (ctx->config->root->readonly)
		return err_text(err, EINVAL, "root.readonly needs a mount namespace");
	return 0;
}

static struct plan_ctx start(const struct oci_config *config, const struct oci_process *process,
			     const struct plan_options *opts, const struct plan_env *env)
{
	static const struct oci_linux empty;
	struct plan_ctx ctx = {
		.config = config,
		.lin = config->lin ? config->lin : &empty,
		.process = process,
		.opts = opts,
		.env = env,
		.plan = xcalloc(1, sizeof(struct plan)),
	};

	ctx.plan->id = opts->id;
	ctx.plan->bundle = opts->bundle;
	copy_annotations(&ctx);
	return ctx;
}

static int run_steps(struct plan_ctx *ctx, int (*const *steps)(struct plan_ctx *, struct err **),
		     size_t n, struct plan **ret, struct err **err)
{
	for (size_t i = 0; i < n; i++) {
		int r = steps[i](ctx, err);

		if (r < 0) {
			plan_free(ctx->plan);
			return r;
		}
	}
	*ret = ctx->plan;
	return 0;
}

static int plan_rest(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	const struct oci_linux *lin = ctx->lin;
	int r = check_label(ctx, err);

	if (r == 0)
		r = check_handler(ctx, err);
	if (r < 0)
		return r;
	r = check_needs_mount_ns(ctx, err);
	if (r < 0)
		return r;
	if ((ctx->config->hostname || ctx->config->domainname) &&
	    plan->ns[PLAN_NS_UTS].how == PLAN_NS_INHERIT)
		return err_text(err, EINVAL, "hostname and domainname need a UTS namespace");
	plan->hostname = ctx->config->hostname;
	plan->domainname = ctx->config->domainname;
	plan->masked_paths = lin->masked_paths;
	plan->readonly_paths = lin->readonly_paths;
	plan->cgroups_path = lin->cgroups_path;
	plan->resources = lin->resources;
	plan->new_keyring = !ctx->opts->no_new_keyring;
	copy_hooks(ctx);
	return 0;
}

int plan_build(const struct oci_config *config, const struct plan_options *opts,
	       const struct plan_env *env, struct plan **ret, struct err **err)
{
	static int (*const steps[])(struct plan_ctx *, struct err **) = {
		plan_namespaces,   plan_ids,	     plan_rest,	  plan_process, plan_schedule,
		plan_rootfs,	   plan_cow,	     plan_mounts, plan_devices, plan_rdt,
		plan_cgroup_owner, plan_net_devices, plan_sysctl, plan_seccomp, plan_landlock,
	};
	struct plan_ctx ctx = start(config, config->process, opts, env);

	return run_steps(&ctx, steps, ARRAY_SIZE(steps), ret, err);
}

int plan_build_exec(const struct oci_config *config, const struct oci_process *process,
		    const struct plan_options *opts, const struct plan_env *env, struct plan **ret,
		    struct err **err)
{
	static int (*const steps[])(struct plan_ctx *, struct err **) = {
		plan_namespaces, plan_ids, plan_process, plan_schedule,
		plan_rootfs,	 plan_cow, plan_seccomp, plan_landlock,
	};
	struct plan_ctx ctx = start(config, process, opts, env);

	ctx.plan->new_keyring = !opts->no_new_keyring;
	return run_steps(&ctx, steps, ARRAY_SIZE(steps), ret, err);
}

void plan_free_mounts(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++)
		plan_idmap_free(plan, &plan->mounts[i]);
	free(plan->mounts);
	free(plan->devices);
	plan->mounts = NULL;
	plan->devices = NULL;
	plan->n_mounts = plan->n_devices = 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->ids.uids);
	free(plan->ids.gids);
	free(plan->net_devices);
	strv_free(plan->rdt.schemata);
	plan_free_mounts(plan);
	seccomp_default_free(plan->default_seccomp);
	free(plan->sysctl);
	free(plan->seccomp_raw);
	free(plan->process.rlimits);
	idset_done(&plan->process.cpus_initial);
	idset_done(&plan->process.cpus_final);
	idset_done(&plan->memory_policy.nodes);
	for (int i = 0; i < PLAN_HOOK_COUNT; i++)
		free(plan->hooks[i].v);
	for (size_t i = 0; i < plan->n_landlock; i++)
		landlock_layer_done(&plan->landlock[i]);
	free(plan->landlock);
	strv_free(plan->cow.lowers);
	free(plan->annotations);
	strv_free(plan->warnings);
	strv_free(plan->owned);
	free(plan);
}

const char *plan_ns_name(enum plan_ns_type type)
{
	return oci_ns_type_name((enum oci_ns_type)type);
}

const char *plan_hook_name(enum plan_hook_kind kind)
{
	return oci_hook_kind_name((enum oci_hook_kind)kind);
}

const char *plan_annotation(const struct plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->n_annotations; i++) {
		if (strcmp(plan->annotations[i].key, key) == 0)
			return plan->annotations[i].value;
	}
	return NULL;
}

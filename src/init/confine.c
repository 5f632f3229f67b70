/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock, no_new_privs and the seccomp filters. Runs in init. The notify filter comes first (outermost), then the OCI profile, which can only be
 * stricter. Everything that cannot be applied ends init.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/seccomp_sys.h"
#include "init/sync.h"
#include "landlock/layer.h"
#include "seccomp/notify_set.h"

static void skipped_rule(void *arg, const char *path, int error)
{
	init_warn(arg, "no Landlock rule for `%s`: %s", path, strerror(-error));
}

static int enforce(struct init_ctx *ctx, const struct landlock_layer *layer, struct err **err)
{
	struct landlock_fault fault;
	int r = landlock_enforce(layer, &landlock_kernel, skipped_rule, ctx, &fault);

	/* A runtime without CAP_SYS_ADMIN (root in somebody else's container): the process gets no_new_privs anyway. */
	if (r == -EPERM && ctx->plan->process.no_new_privs) {
		r = step_no_new_privs(ctx, err);
		if (r < 0)
			return r;
		r = landlock_enforce(layer, &landlock_kernel, NULL, NULL, &fault);
	}
	if (r < 0)
		return err_set(err, r, "Landlock, %s: %s%s%s", layer->name, fault.what,
			       fault.path ? " " : "", fault.path ? fault.path : "");
	return 0;
}

int step_landlock(struct init_ctx *ctx, struct err **err)
{
	int r = 0;

	for (size_t i = 0; i < ctx->plan->n_landlock && r >= 0; i++)
		r = enforce(ctx, &ctx->plan->landlock[i], err);
	return r;
}

static int load_notify_filter(struct init_ctx *ctx, struct err **err)
{
	static struct notify_filter filter;
	struct sock_fprog prog = {0};
	cleanup_fd int listener = -EBADF;
	int r;

	if (!ctx->plan->notify || ctx->notify_loaded)
		return 0;
	ctx->notify_loaded = true;
	r = notify_filter_build(ctx->lazy, &filter);
	if (r < 0)
		return err_set(err, r, "build the notify filter");
	prog.len = filter.len;
	prog.filter = filter.insns;
	listener = host_seccomp_load_listener(&prog);
	if (listener < 0)
		return err_set(err, listener, "load the notify filter");
	/* #4 -> create */
	r = sync_send(ctx->args->sync_fd, SYNC_LISTENER, 0, NULL, listener);
	if (r < 0)
		return err_set(err, r, "hand over the seccomp listener");
	/* #5 <- create: the supervisor serves it. Until then a guarded call of ours would wait for ever. */
	return sync_expect(ctx->args->sync_fd, SYNC_SERVED, err);
}

static int load_profile(struct init_ctx *ctx, struct err **err)
{
	struct sock_fprog prog = {
		.len = ctx->args->filter_len,
		.filter = (struct sock_filter *)ctx->args->filter,
	};
	int r;

	if (!ctx->args->filter)
		return 0;
	if (ctx->plan->seccomp_agent)
		return agent_load_profile(ctx, &prog, ctx->args->filter_flags, err);
	r = host_seccomp_load(&prog, ctx->args->filter_flags);
	return r < 0 ? err_set(err, r, "load the seccomp profile") : 0;
}

static int load_filters(struct init_ctx *ctx, struct err **err)
{
	int r = load_notify_filter(ctx, err);

	return r < 0 ? r : load_profile(ctx, err);
}

int step_notify_lazy(struct init_ctx *ctx, struct err **err)
{
	return ctx->lazy ? load_notify_filter(ctx, err) : 0;
}

int step_filters_early(struct init_ctx *ctx, struct err **err)
{
	return ctx->plan->process.no_new_privs ? 0 : load_filters(ctx, err);
}

int step_no_new_privs(struct init_ctx *ctx, struct err **err)
{
	if (ctx->plan->process.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(err, errno, "set no_new_privs");
	return 0;
}

int step_filters_late(struct init_ctx *ctx, struct err **err)
{
	return ctx->plan->process.no_new_privs ? load_filters(ctx, err) : 0;
}

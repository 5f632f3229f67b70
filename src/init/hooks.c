/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Barriers for hooks: those of the runtime's namespaces run in create, those of the container's run here, through a callback of create's code. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "init/sync.h"

int step_runtime_hooks(struct init_ctx *ctx, struct err **err)
{
	int r;

	if (ctx->plan->hooks[PLAN_HOOK_PRESTART].n == 0 &&
	    ctx->plan->hooks[PLAN_HOOK_CREATE_RUNTIME].n == 0)
		return 0;
	/* #2 -> create */
	r = sync_send(ctx->args->sync_fd, SYNC_MOUNTED, 0, NULL, -EBADF);
	if (r < 0)
		return err_set(err, r, "report that mounts are done");
	/* #3 <- create: its hooks have run */
	return sync_expect(ctx->args->sync_fd, SYNC_HOOKED, err);
}

static int run_hooks(struct init_ctx *ctx, enum plan_hook_kind kind, struct err **err)
{
	mode_t ours;
	int r;

	if (ctx->plan->hooks[kind].n == 0)
		return 0;
	if (!ctx->args->hooks)
		return err_text(err, 0, "no way to run %s hooks", plan_hook_name(kind));
	/* Before the container's own umask is set (step_environment), hooks get the caller's. */
	ours = umask(ctx->umask);
	r = ctx->args->hooks(ctx->args->hooks_arg, kind, getpid(), err);
	umask(ours);
	return r;
}

int step_container_hooks(struct init_ctx *ctx, struct err **err)
{
	return run_hooks(ctx, PLAN_HOOK_CREATE_CONTAINER, err);
}

int step_start_hooks(struct init_ctx *ctx, struct err **err)
{
	return run_hooks(ctx, PLAN_HOOK_START_CONTAINER, err);
}

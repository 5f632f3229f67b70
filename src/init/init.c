/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the table of steps. Runs in init, from clone to execve. Never returns, never prints before the container has been started. */
#include <config.h>

#include "init/init.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "init/internal.h"
#include "init/sync.h"

void init_warn(struct init_ctx *ctx, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	/* A peer that is gone is noticed by the next barrier. */
	sync_send(ctx->args->sync_fd, SYNC_WARNING, 0, text, -EBADF);
	free(text);
}

/* The statuses a shell would give. */
static int exit_status(const struct err *err)
{
	int code = err_code(err);

	if (code == ENOENT)
		return 127;
	return code == EACCES || code == EPERM || code == ENOEXEC ? 126 : 1;
}

void init_run(const struct init_args *args)
{
	struct init_ctx ctx = {
		.args = args,
		.plan = args->plan,
		.root_fd = -EBADF,
		.label_fd = -EBADF,
	};
	struct err *err = NULL;
	const struct init_step *step;
	bool released = false;
	int r;

	/* #1 create: id maps are written, we are in our cgroup, the root is ready */
	r = sync_expect(args->sync_fd, SYNC_MAPPED, &err);
	ctx.lazy = r > 0;
	for (step = init_steps; r >= 0 && step->run; step++) {
		if (args->exec ? step->exec : step->create)
			r = step->run(&ctx, &err);
		released |= r >= 0 && step->run == step_ready && args->fifo_fd >= 0;
	}
	sync_send_err(args->sync_fd, err);
	/* After `start` nobody listens on sync any more: the container's stderr is all there is. */
	if (released)
		dprintf(STDERR_FILENO, "%s\n", err_msg(err));
	_exit(exit_status(err));
}

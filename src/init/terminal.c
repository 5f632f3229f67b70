/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's terminal: a pty of its own devpts becomes stdio, controlling terminal and /dev/console; the master goes out through the
 * console socket or, for a foreground run, through sync. Runs in init below root_fd.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "host/mount.h"
#include "init/sync.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* 4.13 */
#endif

static int open_pty(struct init_ctx *ctx, int *ret_master, int *ret_slave)
{
	cleanup_fd int master = -EBADF;
	int unlock = 0, slave;
	int r = host_open_in_root(ctx->root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, &master);

	/* No devpts of its own: whatever /dev/ptmx is in the root. */
	if (r == -ENOENT)
		r = host_open_in_root(ctx->root_fd, "/dev/ptmx", O_RDWR | O_NOCTTY, 0, &master);
	if (r < 0)
		return r;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	/* By descriptor: the slave's path may lead anywhere. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	*ret_slave = slave;
	*ret_master = steal_fd(&master);
	return 0;
}

static int bind_console(struct init_ctx *ctx, int slave)
{
	cleanup_fd int target = -EBADF, tree = -EBADF;
	int r = target_open(ctx->root_fd, "/dev/console", false, false, &target);

	if (r < 0 || (r = host_tree_clone(slave, false, &tree)) < 0)
		return r;
	return host_tree_attach(tree, target);
}

static int become_stdio(int slave)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(slave, fd) < 0)
			return -errno;
	}
	return 0;
}

static int hand_over(struct init_ctx *ctx, int master)
{
	if (ctx->args->console_fd >= 0)
		return fd_send(ctx->args->console_fd, "/dev/ptmx", strlen("/dev/ptmx"), &master, 1);
	if (ctx->args->console_return)
		return sync_send(ctx->args->sync_fd, SYNC_CONSOLE, 0, NULL, master);
	return -ENOTCONN;
}

int step_terminal(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;
	cleanup_fd int master = -EBADF, slave = -EBADF;
	int r;

	if (!ctx->plan->has_process || !p->terminal)
		return 0;
	r = open_pty(ctx, &master, &slave);
	if (r < 0)
		return err_set(err, r, "open a terminal");
	if (p->console_height > 0 && p->console_width > 0) {
		struct winsize size = {.ws_row = p->console_height, .ws_col = p->console_width};

		if (ioctl(slave, TIOCSWINSZ, &size) < 0)
			return err_set(err, errno, "set the terminal's size");
	}
	/* EINVAL, EPERM: an id without a mapping; the workload then owns no terminal, as elsewhere. */
	if (fchown(slave, p->uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM)
		return err_set(err, errno, "change the owner of the terminal");
	if (!ctx->args->exec && ctx->plan->ns[PLAN_NS_MOUNT].how != PLAN_NS_INHERIT) {
		r = bind_console(ctx, slave);
		if (r < 0)
			return err_set(err, r, "mount the terminal on `/dev/console`");
	}
	r = hand_over(ctx, master);
	if (r < 0)
		return err_set(err, r, "send the terminal to the console socket");
	r = become_stdio(slave);
	return r < 0 ? err_set(err, r, "make the terminal the controlling one") : 0;
}

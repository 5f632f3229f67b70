/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command as the parent of a foreground process: signals, terminal, exit status. For run and exec. */
#ifndef SANDLOCK_CONTAINER_FOREGROUND_H
#define SANDLOCK_CONTAINER_FOREGROUND_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct foreground {
	int signal_fd;
};

/* Before the process is made: no signal may be lost. Blocks all signals (the container's processes unblock theirs). */
int foreground_prepare(bool subreaper, struct foreground *ret, struct err **err);
/*
 * Until pid has ended: forwards signals, copies between our stdio and the pty master (console_fd, -EBADF: no terminal), hands
 * window sizes on, reaps everything. The terminal is in its old mode again when this returns. *ret_status: exit code or 128 + signal.
 */
int foreground_wait(const struct foreground *fg, pid_t pid, int console_fd, int *ret_status,
		    struct err **err);

#endif

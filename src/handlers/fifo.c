/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A write open of a FIFO without a reader blocks (fifo(7)). No thread waits for that: the request
 * is parked, and the loop's timer tries again. Supervisor.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/request.h"
#include "host/openat2.h"

/* What the kernel gives a call that a signal interrupts before it has an effect; signal delivery
 * turns it into a restart or EINTR. */
#define KERNEL_ERESTARTSYS 512

void parked_free(struct parked *parked)
{
	if (!parked)
		return;
	close_fd(&parked->fd);
	free(parked);
}

int fifo_retry(struct request *rq, const struct parked *parked, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	char path[48];
	int r, flags;

	r = request_check_alive(rq);
	if (r < 0)
		return r;
	rq->creds = parked->creds;
	rq->creds_known = true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", parked->fd);
	flags = parked->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW | O_TRUNC);
	r = act_as_caller(rq);
	if (r == 0) {
		fd = host_openat2(AT_FDCWD, path, (uint64_t)(flags | O_NONBLOCK), 0, 0);
		r = MIN(fd, 0);
	}
	act_as_self(rq);
	/* The listener's wait is killable only, so a handled signal would not end the call: we
	 * must. */
	if (r == -ENXIO)
		return tracee_signal_pending(rq->svc->proc_fd, rq->tid) ? -KERNEL_ERESTARTSYS
									: -EAGAIN;
	if (r < 0)
		return r;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One operation in a child that has entered the caller's user namespace. Supervisor worker thread, then its child. */
#include <config.h>

#include "handlers/nested.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/fd.h"
#include "handlers/request.h"
#include "host/process.h"
#include "host/thread_cred.h"

static int open_userns(const struct request *rq, int *ret_fd)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "%d/ns/user", rq->tid);
	fd = openat(rq->svc->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return request_check_alive(rq);
}

static ATTR_NORETURN void child_main(const struct request *rq, int userns, int sock,
				     int (*fn)(void *), void *arg, bool wants_fd)
{
	uint64_t effective, permitted;
	int32_t answer = 0;
	int fd = -EBADF, r;

	/* Joining gives every capability of that namespace (user_namespaces(7)); the caller's own set decides. */
	if (setns(userns, CLONE_NEWUSER) < 0 || host_thread_get_caps(&effective, &permitted) < 0)
		answer = -EPERM;
	if (answer == 0)
		answer = host_thread_set_effective(rq->nested_effective, permitted);
	if (answer == 0) {
		r = fn(arg);
		if (r < 0)
			answer = r;
		else if (wants_fd)
			fd = r;
	}
	_exit(fd_send(sock, &answer, sizeof(answer), &fd, fd >= 0 ? 1 : 0) < 0);
}

int nested_call(struct request *rq, int (*fn)(void *arg), void *arg, int *ret_fd)
{
	cleanup_fd int userns = -EBADF, ours = -EBADF, theirs = -EBADF;
	int32_t answer = -EIO;
	size_t len = 0, n_fds = 1;
	int pair[2], fd = -EBADF, r;
	pid_t pid;

	r = open_userns(rq, &userns);
	if (r == 0)
		r = fd_socketpair(pair);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	rq->svc->may_block(rq);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_main(rq, userns, theirs, fn, arg, ret_fd != NULL);
	close_fd(&theirs);
	r = fd_recv(ours, &answer, sizeof(answer), &len, &fd, &n_fds);
	host_reap(pid, NULL);
	if (r == 0 && len != sizeof(answer))
		r = -EIO; /* the child died */
	if (r == 0)
		r = answer;
	if (r == 0 && ret_fd)
		*ret_fd = n_fds == 1 ? steal_fd(&fd) : -EBADF;
	close_fd(&fd);
	return r == 0 && ret_fd && *ret_fd < 0 ? -EIO : r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket, both ends. One connection, one request, one answer:
 *   request: struct control_request, to add a listener with that attached (SCM_RIGHTS)
 *   answer:  int32_t, 0 or -errno
 * The socket lies in the state directory (0700), out of reach of the container; requests are
 * checked all the same.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"

#define REQUEST_ADD_LISTENER   1u
#define REQUEST_WAIT_POPULATED 2u
#define PEER_TIMEOUT_S	       10

struct control_request {
	uint32_t kind;
};

/* Through /proc/self/fd the name is short whatever the state directory's path is (sun_path has 108
 * bytes). */
static void socket_address(int state_dirfd, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/" SUPERVISOR_SOCKET,
		 state_dirfd);
}

int supervisor_listen(int state_dirfd, int *ret_fd, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	struct sockaddr_un address;

	socket_address(state_dirfd, &address);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0)
		return err_set(err, errno, "make the supervisor's control socket");
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int set_timeout(int fd)
{
	struct timeval tv = {.tv_sec = PEER_TIMEOUT_S};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	return 0;
}

/* listener_fd -EBADF: none goes with it. */
static int ask(int state_dirfd, uint32_t kind, int listener_fd, struct err **err)
{
	struct control_request request = {.kind = kind};
	cleanup_fd int fd = -EBADF;
	struct sockaddr_un address;
	int32_t answer = -EIO;
	size_t len = 0;
	int r;

	socket_address(state_dirfd, &address);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(err, errno, "reach the container's supervisor");
	r = set_timeout(fd);
	if (r == 0)
		r = fd_send(fd, &request, sizeof(request), &listener_fd, listener_fd >= 0);
	if (r == 0)
		r = fd_recv(fd, &answer, sizeof(answer), &len, NULL, NULL);
	if (r == 0 && len != sizeof(answer))
		r = -EPIPE;
	return r < 0 ? err_set(err, r, "talk to the container's supervisor") : answer;
}

int supervisor_add_listener(int state_dirfd, int listener_fd, struct err **err)
{
	int r = ask(state_dirfd, REQUEST_ADD_LISTENER, listener_fd, err);

	if (r < 0 && !*err)
		return err_set(err, r, "hand the system call listener to the supervisor");
	return r;
}

int supervisor_wait_populated(int state_dirfd)
{
	struct err *err = NULL;
	int r = ask(state_dirfd, REQUEST_WAIT_POPULATED, -EBADF, &err);

	err_free(err);
	return r;
}

static int serve_request(int fd, const struct control_ops *ops, void *arg)
{
	struct control_request request;
	cleanup_fd int listener = -EBADF;
	size_t len, n_fds = 1;
	int received, r;

	r = set_timeout(fd);
	if (r == 0)
		r = fd_recv(fd, &request, sizeof(request), &len, &received, &n_fds);
	if (r < 0)
		return r;
	if (n_fds == 1)
		listener = received;
	if (len == sizeof(request) && request.kind == REQUEST_WAIT_POPULATED)
		return ops->wait_populated(arg);
	if (len != sizeof(request) || request.kind != REQUEST_ADD_LISTENER || n_fds != 1)
		return -EINVAL;
	r = ops->add(arg, listener);
	if (r == 0)
		steal_fd(&listener);
	return r;
}

void control_serve(int control_fd, const struct control_ops *ops, void *arg)
{
	cleanup_fd int fd = accept4(control_fd, NULL, NULL, SOCK_CLOEXEC);
	int32_t answer;

	if (fd < 0)
		return;
	answer = serve_request(fd, ops, arg);
	if (answer < 0)
		log_debug("control request: %s", strerror(-answer));
	fd_send(fd, &answer, sizeof(answer), NULL, 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors: whole reads and writes, SCM_RIGHTS. Any process. Messages may come from an untrusted peer: lengths are checked. */
#include <config.h>

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"

#define MAX_FDS 8

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_full(int fd, void *data, size_t len, size_t *ret_len)
{
	char *p = data;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, p + got, len - got);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*ret_len = got;
	return 0;
}

int fd_read_to_buf(int fd, size_t max, struct buf *out)
{
	char chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		int r;

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			return buf_reserve(out, 0);
		if ((size_t)n > max || out->len > max - (size_t)n)
			return -EFBIG;
		r = buf_add(out, chunk, (size_t)n);
		if (r < 0)
			return r;
	}
}

int fd_set_cloexec(int fd, int on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return -errno;
	flags = on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	return fcntl(fd, F_SETFD, flags) < 0 ? -errno : 0;
}

int fd_socketpair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

union control {
	char space[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	struct cmsghdr align;
};

static int send_all(int sock, const void *data, size_t len, const int *fds, size_t n_fds, bool many)
{
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {0};

	if (len == 0 || n_fds > MAX_FDS)
		return -EINVAL;
	if (n_fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	for (;;) {
		struct mmsghdr one = {.msg_hdr = msg};
		ssize_t n;

		if (!many)
			n = sendmsg(sock, &msg, MSG_NOSIGNAL);
		else if (sendmmsg(sock, &one, 1, MSG_NOSIGNAL) == 1)
			n = (ssize_t)one.msg_len;
		else
			n = -1;
		if (n >= 0)
			return (size_t)n == len ? 0 : -EIO;
		if (errno != EINTR)
			return -errno;
	}
}

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	return send_all(sock, data, len, fds, n_fds, false);
}

int fd_send_untrapped(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	return send_all(sock, data, len, fds, n_fds, true);
}

static void take_fds(struct msghdr *msg, int *ret_fds, size_t room, size_t *ret_n)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < room)
				ret_fds[n++] = fd;
			else
				close(fd);
		}
	}
	*ret_n = n;
}

int fd_recv(int sock, void *data, size_t len, size_t *ret_len, int *ret_fds, size_t *n_fds)
{
	struct iovec iov = {.iov_base = data, .iov_len = len};
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	size_t room = n_fds ? *n_fds : 0, got;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	take_fds(&msg, ret_fds, room, &got);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < got; i++)
			close(ret_fds[i]);
		return -EMSGSIZE;
	}
	if (n_fds)
		*n_fds = got;
	*ret_len = (size_t)n;
	return 0;
}

static int unix_address(const char *path, struct sockaddr_un *addr, socklen_t *len, int *file_fd)
{
	size_t n = strlen(path);

	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	*len = sizeof(*addr);
	if (path[0] == '@') {
		if (n > sizeof(addr->sun_path))
			return -ENAMETOOLONG;
		memcpy(addr->sun_path + 1, path + 1, n - 1);
		*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
		return 0;
	}
	if (n < sizeof(addr->sun_path)) {
		memcpy(addr->sun_path, path, n + 1);
		return 0;
	}
	/* sun_path holds 107 bytes: go through a descriptor. */
	*file_fd = open(path, O_PATH | O_CLOEXEC);
	if (*file_fd < 0)
		return -errno;
	snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d", *file_fd);
	return 0;
}

int fd_connect_unix_type(const char *path, int type, int *ret_fd)
{
	cleanup_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), file = -EBADF;
	struct sockaddr_un addr;
	socklen_t len = 0;
	int r = fd < 0 ? -errno : unix_address(path, &addr, &len, &file);

	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&addr, len) < 0)
		return -errno;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int fd_connect_unix(const char *path, int *ret_fd)
{
	return fd_connect_unix_type(path, SOCK_STREAM, ret_fd);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the supervisor's control socket: one connection that sends anything, with any number of descriptors. First byte: how many;
 * second: what the peer and the server behind the socket do besides. The right request and no other is answered with 0, and no descriptor leaks.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"
#include "tests/fuzz/fuzz.h"

#define FDS_MAX 16

#define SAYS_NOTHING 1u
#define REFUSED	     2u /* by the server */
#define GOES_AWAY    4u /* before it is served */
#define TWICE	     8u

static int state_dir = -1, control = -1;
static int answer_of_ops;
static int added;

static int add(void *arg, int fd)
{
	(void)arg;
	if (fcntl(fd, F_GETFD) != FD_CLOEXEC)
		abort();
	added++;
	if (answer_of_ops == 0)
		close(fd);
	return answer_of_ops;
}

static int wait_populated(void *arg)
{
	(void)arg;
	return answer_of_ops;
}

static const struct control_ops ops = {add, wait_populated};

static void set_up(void)
{
	struct err *err = NULL;

	state_dir = fuzz_temp_dir();
	if (supervisor_listen(state_dir, &control, &err) < 0)
		abort();
}

static int call(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SUPERVISOR_SOCKET,
		 state_dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	return fd;
}

static void say(int fd, unsigned n_fds, const uint8_t *data, size_t size)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * FDS_MAX)];
		struct cmsghdr align;
	} control_data = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		struct cmsghdr *c;
		int fds[FDS_MAX];

		for (unsigned i = 0; i < n_fds; i++)
			fds[i] = state_dir;
		msg.msg_control = control_data.space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool is_request(uint32_t kind, const uint8_t *data, size_t size)
{
	return size == sizeof(kind) && memcmp(data, &kind, sizeof(kind)) == 0;
}

static void check_answer(int fd, unsigned flags, unsigned n_fds, const uint8_t *data, size_t size)
{
	bool adds = !(flags & SAYS_NOTHING) && n_fds > 0 && is_request(1, data, size);
	bool waits = !(flags & SAYS_NOTHING) && is_request(2, data, size);
	int32_t answer = 1;

	if (recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) != sizeof(answer)) {
		/* what was not read resets the connection */
		if (flags & TWICE)
			return;
		abort();
	}
	if (answer > 0)
		abort();
	if (n_fds <= 1 && answer == 0 && !adds && !waits)
		abort();
	if (n_fds <= 1 && (adds || waits) && answer != answer_of_ops)
		abort();
	if (added > (adds ? 1 : 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n_fds, flags;
	int fd, lowest;

	if (control < 0)
		set_up();
	if (size < 2)
		return 0;
	n_fds = data[0] % (FDS_MAX + 1);
	flags = data[1];
	data += 2;
	size -= 2;
	lowest = fuzz_lowest_fd();
	answer_of_ops = flags & REFUSED ? -ENOMEM : 0;
	added = 0;
	fd = call();
	if (!(flags & SAYS_NOTHING))
		say(fd, n_fds, data, size);
	if ((flags & TWICE) && !(flags & SAYS_NOTHING))
		say(fd, n_fds, data, size);
	/* silence is for the timeout of the other end, which is not waited for here */
	shutdown(fd, SHUT_WR);
	if (flags & GOES_AWAY)
		close(fd);
	control_serve(control, &ops, NULL);
	if (!(flags & GOES_AWAY)) {
		check_answer(fd, flags, n_fds, data, size);
		close(fd);
	}
	if (fuzz_lowest_fd() != lowest)
		abort();
	return 0;
}

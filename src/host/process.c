/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes by pid and start time, through pidfds (5.3). Runs in the commands. */
#include <config.h>

#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

int host_process_start_time(pid_t pid, uint64_t *ret)
{
	char path[32], text[1024], *p;
	cleanup_fd int fd = -EBADF;
	size_t len;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = fd_read_full(fd, text, sizeof(text) - 1, &len);
	if (r < 0)
		return r;
	text[len] = '\0';
	/* The name in parentheses may hold anything, the last ')' ends it; then comes field 3, the state. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ')
		return -EBADMSG;
	p += 2;
	if (*p == 'Z' || *p == 'X')
		return -ESRCH;
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EBADMSG;
		p++;
	}
	*ret = strtoull(p, NULL, 10);
	return 0;
}

bool host_process_is(pid_t pid, uint64_t start_time)
{
	uint64_t now;

	return pid > 0 && host_process_start_time(pid, &now) == 0 && now == start_time;
}

int host_process_open(pid_t pid, uint64_t start_time, int *ret_fd)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	if (!host_process_is(pid, start_time)) {
		close(fd);
		return -ESRCH;
	}
	*ret_fd = fd;
	return 0;
}

int host_reap(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int host_process_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int host_process_wait(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t end = now_ms() + timeout_ms;
	int r;

	do {
		int64_t left = timeout_ms < 0 ? -1 : end - now_ms();

		r = poll(&p, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

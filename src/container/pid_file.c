/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pid files, pidfds and descriptors handed through. Runs in the commands. Paths are the caller's own. */
#include <config.h>

#include "container/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "host/process.h"

#define LISTEN_FDS_MAX 4096

/* Complete before we exit 0, which is when callers read it; no newline, as conmon and containerd expect nothing but digits. */
int pid_file_write(const char *path, pid_t pid, struct err **err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%d", (int)pid);
	r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	return r < 0 ? err_set(err, r, "write the pid file %s", path) : 0;
}

int pid_file_send_pidfd(const char *path, pid_t pid, uint64_t start_time, struct err **err)
{
	cleanup_fd int sock = -EBADF, pidfd = -EBADF;
	int r;

	r = host_process_open(pid, start_time, &pidfd);
	if (r < 0)
		return err_set(err, r, "open a pidfd of the container's process");
	r = fd_connect_unix(path, &sock);
	if (r < 0)
		return err_set(err, r, "connect to the pidfd socket %s", path);
	r = fd_send(sock, "pidfd", 5, &pidfd, 1);
	return r < 0 ? err_set(err, r, "send the pidfd to %s", path) : 0;
}

void pid_file_listen_fds(unsigned *preserve_fds, unsigned *ret_listen_fds)
{
	const char *text = getenv("LISTEN_FDS");
	uint32_t n;

	*ret_listen_fds = 0;
	if (!text || num_parse_u32(text, &n) < 0 || n > LISTEN_FDS_MAX)
		return;
	*ret_listen_fds = n;
	*preserve_fds += n;
}

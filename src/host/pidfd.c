/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process descriptors. Raw kernel calls only. */
#include <config.h>

#include "host/pidfd.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

int host_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int host_pidfd_getfd(int pidfd, int number)
{
	long fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);

	return fd < 0 ? -errno : (int)fd;
}

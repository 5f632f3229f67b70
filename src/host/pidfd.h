/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process descriptors, pidfd_open(2), 5.3. */
#ifndef SANDLOCK_HOST_PIDFD_H
#define SANDLOCK_HOST_PIDFD_H

#include <sys/types.h>

/* Descriptor (O_CLOEXEC) of a thread group leader, or -errno; any other thread: -EINVAL or -ENOENT, depending on the kernel. */
int host_pidfd_open(pid_t pid);
/*
 * The process's descriptor `number` in our own table (O_CLOEXEC), O_PATH ones too: the same open file description. pidfd_getfd(2), 5.6; needs ptrace access.
 * -EBADF: it has no such descriptor, -ESRCH: it has ended, -EPERM, -ENOSYS: not to be had this way.
 */
int host_pidfd_getfd(int pidfd, int number);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and namespaces: clone as a fork, checked namespace files. Runs in container/spawn and init. */
#ifndef SANDLOCK_HOST_NS_H
#define SANDLOCK_HOST_NS_H

#include <sys/types.h>

/* fork() with CLONE_* namespace flags (and CLONE_PARENT). Returns the pid, 0 in the child, or -errno. No atfork handlers run. */
pid_t host_fork_ns(unsigned long flags);
/* Opens a namespace file and insists that it is of the type of the CLONE_NEW* flag: -EINVAL otherwise. */
int host_open_ns(const char *path, unsigned long flag, int *ret_fd);
int host_setns(int fd, unsigned long flag);
/* Brings the loopback device of the current network namespace up. */
int host_loopback_up(void);
/* A new session keyring called name. 0 also where the kernel or an outer filter does not allow keyrings. */
int host_new_keyring(const char *name);

#endif

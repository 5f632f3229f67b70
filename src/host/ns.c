/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and namespaces, raw. Runs in container/spawn and init. */
#include <config.h>

#include "host/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

pid_t host_fork_ns(unsigned long flags)
{
	long r;

	/* The stack argument stays 0: the child runs on its copy of ours, as after fork. */
#if defined(__s390__) || defined(__s390x__)
	r = syscall(SYS_clone, NULL, flags | SIGCHLD, NULL, NULL, NULL);
#else
	r = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
	return r < 0 ? -errno : (pid_t)r;
}

int host_open_ns(const char *path, unsigned long flag, int *ret_fd)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	int type;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -EINVAL;
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return -errno;
	if ((unsigned long)type != flag)
		return -EINVAL;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int host_setns(int fd, unsigned long flag)
{
	return setns(fd, (int)flag) < 0 ? -errno : 0;
}

int host_loopback_up(void)
{
	struct ifreq req = {.ifr_name = "lo"};
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		return -errno;
	req.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? -errno : 0;
}

int host_new_keyring(const char *name)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0) >= 0)
		return 0;
	/* No keys in this kernel, an outer filter, or the quota of the user is used up: the old keyring stays. */
	if (errno == ENOSYS || errno == EPERM || errno == EACCES || errno == EDQUOT)
		return 0;
	return -errno;
}

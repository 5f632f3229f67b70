/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp(2) and the notification ioctls. Raw kernel calls only. */
#include <config.h>

#include "host/seccomp_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/compat.h"

int host_seccomp_load(const struct sock_fprog *prog, unsigned long flags)
{
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);

	return r < 0 ? -errno : (int)r;
}

bool host_seccomp_has_flag(unsigned long flag)
{
	/* seccomp(2): flags are looked at first; a filter at NULL is then EFAULT. This one goes with a listener only. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

int host_seccomp_load_listener(const struct sock_fprog *prog)
{
	int r = host_seccomp_load(prog, SECCOMP_FILTER_FLAG_NEW_LISTENER |
						SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	if (r == -EINVAL)
		r = host_seccomp_load(prog, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	return r;
}

int host_notif_recv(int listener, struct seccomp_notif *ret)
{
	*ret = (struct seccomp_notif){0}; /* the kernel wants zeroes (EINVAL) */
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret) < 0 ? -errno : 0;
}

int host_notif_send(int listener, uint64_t id, int64_t value, int error, uint32_t flags)
{
	struct seccomp_notif_resp resp = {.id = id, .val = value, .error = error, .flags = flags};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? -errno : 0;
}

bool host_seccomp_wait_is_killable(void)
{
	return host_seccomp_has_flag(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

int host_notif_addfd(int listener, uint64_t id, int fd, bool cloexec, bool send)
{
	struct seccomp_notif_addfd addfd = {
		.id = id,
		.flags = send ? SECCOMP_ADDFD_FLAG_SEND : 0,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int r = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);

	return r < 0 ? -errno : r;
}

int host_notif_replace_fd(int listener, uint64_t id, int fd, int target_fd, bool cloexec)
{
	struct seccomp_notif_addfd addfd = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = (uint32_t)target_fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) < 0 ? -errno : 0;
}

bool host_notif_id_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool host_notif_sync_wake_up(int listener)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		     (unsigned long)SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
}

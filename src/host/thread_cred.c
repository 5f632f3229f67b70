/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials of the calling thread, by raw system calls. */
#include <config.h>

#include "host/thread_cred.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int check(long r)
{
	return r < 0 ? -errno : 0;
}

int host_thread_set_uid(uid_t euid, uid_t fsuid)
{
	int r = check(syscall(SYS_setresuid, -1, euid, -1));

	if (r < 0 || euid == fsuid)
		return r;
	/* setfsuid(2) reports no errors: ask again with an impossible id to see what is set. */
	syscall(SYS_setfsuid, fsuid);
	return (uid_t)syscall(SYS_setfsuid, -1) == fsuid ? 0 : -EPERM;
}

int host_thread_set_gid(gid_t egid, gid_t fsgid)
{
	int r = check(syscall(SYS_setresgid, -1, egid, -1));

	if (r < 0 || egid == fsgid)
		return r;
	syscall(SYS_setfsgid, fsgid);
	return (gid_t)syscall(SYS_setfsgid, -1) == fsgid ? 0 : -EPERM;
}

int host_thread_set_groups(const gid_t *groups, size_t n)
{
	return check(syscall(SYS_setgroups, n, groups));
}

int host_thread_set_effective(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)(effective & permitted), .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)((effective & permitted) >> 32),
		 .permitted = (uint32_t)(permitted >> 32)},
	};

	return check(syscall(SYS_capset, &header, data));
}

int host_thread_get_caps(uint64_t *ret_effective, uint64_t *ret_permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	int r = check(syscall(SYS_capget, &header, data));

	if (r < 0)
		return r;
	*ret_effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	*ret_permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return 0;
}

int host_thread_keep_caps(void)
{
	return check(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0));
}

int host_thread_unshare_fs(void)
{
	return check(unshare(CLONE_FS));
}

/* setfsuid(2): an impossible id changes nothing, and the present one is returned. */
uid_t host_thread_fsuid(void)
{
	return (uid_t)syscall(SYS_setfsuid, -1);
}

gid_t host_thread_fsgid(void)
{
	return (gid_t)syscall(SYS_setfsgid, -1);
}

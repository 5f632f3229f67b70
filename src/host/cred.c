/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities by raw calls (libcap allocates and caches; masks are all that init needs). */
#include <config.h>

#include "host/cred.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

/* clang-format off */
static const char *const cap_names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
	"CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
	"CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};
/* clang-format on */

int host_cap_number(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (unsigned i = 0; i < ARRAY_SIZE(cap_names); i++) {
		if (strcasecmp(cap_names[i] + 4, name) == 0)
			return (int)i;
	}
	return -1;
}

const char *host_cap_name(unsigned number)
{
	return number < ARRAY_SIZE(cap_names) ? cap_names[number] : NULL;
}

int host_caps_get(struct host_cap_sets *ret)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int host_caps_set(const struct host_cap_sets *sets)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

void host_caps_bounding(uint64_t *ret_known, uint64_t *ret_bounding)
{
	*ret_known = 0;
	*ret_bounding = 0;
	for (unsigned i = 0; i < 64; i++) {
		int r = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (r < 0)
			break;
		*ret_known |= UINT64_C(1) << i;
		if (r > 0)
			*ret_bounding |= UINT64_C(1) << i;
	}
}

int host_caps_drop_bounding(uint64_t keep)
{
	for (unsigned i = 0; i < 64; i++) {
		if (keep & UINT64_C(1) << i)
			continue;
		/* EINVAL: past the last one. A bit that is out already may stay out without CAP_SETPCAP. */
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				break;
			if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0)
				return -EPERM;
		}
	}
	return 0;
}

int host_caps_set_ambient(uint64_t set)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno == EINVAL && set == 0 ? 0 : -errno;
	for (unsigned i = 0; i < 64; i++) {
		if (!(set & UINT64_C(1) << i))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

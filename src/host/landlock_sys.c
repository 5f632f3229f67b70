/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three system calls of Landlock (5.13). Raw kernel calls only. */
#include <config.h>

#include "host/landlock_sys.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULE_NET_PORT 2 /* enum landlock_rule_type, 6.7 */

/* struct landlock_ruleset_attr of ABI 6; the size passed says how much of it is meant. */
struct ruleset_attr {
	uint64_t fs;
	uint64_t net;	 /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

struct net_port_attr {
	uint64_t access;
	uint64_t port;
};

int host_landlock_abi(void)
{
	long r = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return r > 0 ? (int)r : 0;
}

int host_landlock_create(uint64_t fs, uint64_t net, uint64_t scoped, int *ret_fd)
{
	const struct ruleset_attr attr = {.fs = fs, .net = net, .scoped = scoped};
	size_t size = scoped ? sizeof(attr)
		      : net  ? offsetof(struct ruleset_attr, scoped)
			     : offsetof(struct ruleset_attr, net);
	long r = syscall(SYS_landlock_create_ruleset, &attr, size, 0);

	if (r < 0)
		return -errno;
	*ret_fd = (int)r; /* CLOEXEC by itself */
	return 0;
}

int host_landlock_add_path(int ruleset_fd, int path_fd, uint64_t access)
{
	const struct landlock_path_beneath_attr attr = {.allowed_access = access,
							.parent_fd = path_fd};
	long r = syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);

	return r < 0 ? -errno : 0;
}

int host_landlock_add_port(int ruleset_fd, uint16_t port, uint64_t access)
{
	const struct net_port_attr attr = {.access = access, .port = port};
	long r = syscall(SYS_landlock_add_rule, ruleset_fd, RULE_NET_PORT, &attr, 0);

	return r < 0 ? -errno : 0;
}

int host_landlock_restrict(int ruleset_fd)
{
	return syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0 ? -errno : 0;
}

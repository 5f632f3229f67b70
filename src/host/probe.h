/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host lets us have, asked once per command and cheaply. Runs in cli and container; the
 * plan reads only the result. */
#ifndef SANDLOCK_HOST_PROBE_H
#define SANDLOCK_HOST_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum host_cgroups {
	HOST_CGROUPS_NONE,
	HOST_CGROUPS_V1,
	HOST_CGROUPS_HYBRID, /* v1 controllers and a cgroup2 mount below: treated as v1 */
	HOST_CGROUPS_V2,
};

struct host_subids { /* first range of /etc/subuid or /etc/subgid for the caller; count 0: none */
	uint32_t start;
	uint32_t count;
};

struct host_caps {
	uid_t euid;
	gid_t egid;
	bool sys_admin; /* CAP_SYS_ADMIN effective in our user namespace */
	bool in_userns; /* our user namespace is not the initial one */
	bool time_ns;	/* the kernel has time namespaces */
	bool cgroup_ns;
	bool user_ns;
	bool selinux;
	bool apparmor;
	char resctrl[256]; /* where resctrl is mounted, or "" */
	enum host_cgroups cgroups;
	int landlock_abi;	/* host_landlock_abi() */
	uint64_t known_caps;	/* bit n = the kernel knows capability n */
	uint64_t bounding_caps; /* our bounding set: what can be granted without a new user
				   namespace */
	/* Only filled in when euid != 0: */
	struct host_subids subuid;
	struct host_subids subgid;
	char newuidmap[256]; /* absolute path or "" */
	char newgidmap[256];
};

int host_probe(struct host_caps *ret);
/* SELinux, AppArmor and cgroups of host_caps one by one, for `features`. */
enum host_cgroups host_cgroup_mode(void);

struct host_dir {
	uid_t uid; /* as our user namespace shows it */
	gid_t gid;
	mode_t mode;
	bool read_only; /* mounted read-only */
	bool writable;	/* for the caller with its effective credentials */
};

/* -ENOENT, -ENOTDIR, ... */
int host_dir_facts(const char *path, struct host_dir *ret);

#endif

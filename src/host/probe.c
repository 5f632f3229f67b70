/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host lets us have. Runs in cli; reads /etc/subuid and /etc/subgid, which only root can write. */
#include <config.h>

#include "host/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "host/cred.h"
#include "host/landlock_sys.h"

#define RESCTRL "/sys/fs/resctrl"
#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

/* First line of a small file into buf, without the newline; "" when it cannot be read. */
static void read_line(const char *path, char *buf, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static bool is_initial_userns(void)
{
	char line[128];
	unsigned inside, outside, count;

	read_line("/proc/self/uid_map", line, sizeof(line));
	return sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

static bool has_apparmor(void)
{
	char line[16];

	read_line("/sys/module/apparmor/parameters/enabled", line, sizeof(line));
	return line[0] == 'Y';
}

/* The usual place only: a file system of its own kind cannot be mistaken for another. */
static void find_resctrl(char *out, size_t size)
{
	struct statfs fs;

	out[0] = '\0';
	if (statfs(RESCTRL, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC)
		snprintf(out, size, RESCTRL);
}

enum host_cgroups host_cgroup_mode(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0)
		return HOST_CGROUPS_NONE;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return HOST_CGROUPS_V2;
	if (fs.f_type != TMPFS_MAGIC)
		return HOST_CGROUPS_NONE;
	if (statfs("/sys/fs/cgroup/unified", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return HOST_CGROUPS_HYBRID;
	return HOST_CGROUPS_V1;
}

/* "name:start:count" or "uid:start:count". */
static bool parse_subid_line(char *line, const char *name, const char *id, struct host_subids *ret)
{
	char *save = NULL, *who = strtok_r(line, ":\n", &save),
	     *start = strtok_r(NULL, ":\n", &save), *count = strtok_r(NULL, ":\n", &save);
	struct host_subids ids;

	if (!count || (strcmp(who, id) != 0 && (!name || strcmp(who, name) != 0)))
		return false;
	if (num_parse_u32(start, &ids.start) < 0 || num_parse_u32(count, &ids.count) < 0 ||
	    ids.count == 0)
		return false;
	*ret = ids;
	return true;
}

static void read_subids(const char *path, uid_t uid, struct host_subids *ret)
{
	cleanup_file FILE *f = fopen(path, "re");
	struct passwd *pw = getpwuid(uid);
	char line[512], id[16];

	snprintf(id, sizeof(id), "%u", (unsigned)uid);
	while (f && fgets(line, sizeof(line), f)) {
		if (parse_subid_line(line, pw ? pw->pw_name : NULL, id, ret))
			return;
	}
}

/* PATH may be missing (podman passes none): then the usual places. */
static void find_program(const char *name, char *out, size_t size)
{
	const char *env = getenv("PATH");
	char *save = NULL;
	cleanup_free char *path = NULL;

	out[0] = '\0';
	if (asprintf(&path, "%s:/usr/bin:/bin:/usr/local/bin:/usr/sbin", env ? env : "") < 0) {
		path = NULL;
		return;
	}
	for (char *dir = strtok_r(path, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		if (dir[0] != '/')
			continue;
		snprintf(out, size, "%s/%s", dir, name);
		if (access(out, X_OK) == 0)
			return;
	}
	out[0] = '\0';
}

int host_probe(struct host_caps *ret)
{
	struct host_cap_sets sets;
	int r = host_caps_get(&sets);

	if (r < 0)
		return r;
	*ret = (struct host_caps){.euid = geteuid(), .egid = getegid()};
	ret->sys_admin = sets.effective & UINT64_C(1) << CAP_SYS_ADMIN;
	ret->in_userns = !is_initial_userns();
	ret->time_ns = access("/proc/self/ns/time", F_OK) == 0;
	ret->cgroup_ns = access("/proc/self/ns/cgroup", F_OK) == 0;
	ret->user_ns = access("/proc/self/ns/user", F_OK) == 0;
	ret->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	ret->apparmor = has_apparmor();
	find_resctrl(ret->resctrl, sizeof(ret->resctrl));
	ret->cgroups = host_cgroup_mode();
	ret->landlock_abi = host_landlock_abi();
	host_caps_bounding(&ret->known_caps, &ret->bounding_caps);
	if (ret->euid != 0) {
		read_subids("/etc/subuid", ret->euid, &ret->subuid);
		read_subids("/etc/subgid", ret->euid, &ret->subgid);
		find_program("newuidmap", ret->newuidmap, sizeof(ret->newuidmap));
		find_program("newgidmap", ret->newgidmap, sizeof(ret->newgidmap));
	}
	return 0;
}

int host_dir_facts(const char *path, struct host_dir *ret)
{
	struct stat st;
	struct statvfs fs;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (statvfs(path, &fs) < 0)
		return -errno;
	*ret = (struct host_dir){
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mode = st.st_mode & 07777,
		.read_only = fs.f_flag & ST_RDONLY,
		.writable = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0,
	};
	return 0;
}

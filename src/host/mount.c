/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mount calls on descriptors. Runs in init. May not allocate or print. */
#include <config.h>

#include "host/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TREE_CLONE	1	     /* OPEN_TREE_CLONE */
#define TREE_RECURSIVE	0x8000	     /* AT_RECURSIVE */
#define MOVE_EMPTY_BOTH (0x4 | 0x40) /* MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH */

/* enum fsconfig_command */
#define FS_SET_FLAG    0
#define FS_SET_STRING  1
#define FS_CREATE      6
#define FS_RECONFIGURE 7
#define FSPICK_FLAGS   (1 | 8) /* FSPICK_CLOEXEC, FSPICK_EMPTY_PATH */

struct mount_attr_v0 {
	uint64_t set;
	uint64_t clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

static int result_fd(long r, int *ret_fd)
{
	if (r < 0)
		return -errno;
	*ret_fd = (int)r;
	return 0;
}

int host_tree_clone(int fd, bool rec, int *ret_fd)
{
	unsigned flags = TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | (rec ? TREE_RECURSIVE : 0);

	return result_fd(syscall(SYS_open_tree, fd, "", flags), ret_fd);
}

int host_tree_attach(int tree_fd, int target_fd)
{
	return syscall(SYS_move_mount, tree_fd, "", target_fd, "", MOVE_EMPTY_BOTH) < 0 ? -errno
											: 0;
}

int host_tree_setattr(int tree_fd, bool rec, uint64_t set, uint64_t clr, uint64_t propagation)
{
	struct mount_attr_v0 attr = {.set = set, .clr = clr, .propagation = propagation};
	unsigned flags = AT_EMPTY_PATH | (rec ? TREE_RECURSIVE : 0);

	return syscall(SYS_mount_setattr, tree_fd, "", flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int host_tree_idmap(int tree_fd, bool rec, int userns_fd)
{
	struct mount_attr_v0 attr = {.set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd};
	unsigned flags = AT_EMPTY_PATH | (rec ? TREE_RECURSIVE : 0);

	return syscall(SYS_mount_setattr, tree_fd, "", flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int host_fs_open(const char *fstype, int *ret_fd)
{
	return result_fd(syscall(SYS_fsopen, fstype, 1 /* FSOPEN_CLOEXEC */), ret_fd);
}

int host_fs_set(int fs_fd, const char *key, const char *value)
{
	unsigned cmd = value ? FS_SET_STRING : FS_SET_FLAG;

	return syscall(SYS_fsconfig, fs_fd, cmd, key, value, 0) < 0 ? -errno : 0;
}

int host_fs_mount(int fs_fd, uint64_t attrs, int *ret_fd)
{
	if (syscall(SYS_fsconfig, fs_fd, FS_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	return result_fd(syscall(SYS_fsmount, fs_fd, 1 /* FSMOUNT_CLOEXEC */, (unsigned)attrs),
			 ret_fd);
}

int host_fs_pick(int fd, int *ret_fs_fd)
{
	return result_fd(syscall(SYS_fspick, fd, "", FSPICK_FLAGS), ret_fs_fd);
}

int host_fs_reconfigure(int fs_fd)
{
	return syscall(SYS_fsconfig, fs_fd, FS_RECONFIGURE, NULL, NULL, 0) < 0 ? -errno : 0;
}

void host_fs_message(int fs_fd, char *out, size_t size)
{
	char line[256];
	ssize_t n;

	out[0] = '\0';
	/* Each read is one message: "e text\n". ENODATA ends it. */
	while ((n = read(fs_fd, line, sizeof(line) - 1)) > 2) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		snprintf(out, size, "%s", line + 2);
	}
}

int host_open_in_root(int root_fd, const char *path, int flags, mode_t mode, int *ret_fd)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long r;
	int tries = 0;

	/* EAGAIN: something was renamed during the walk and ".." could not be trusted. */
	do {
		r = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	} while (r < 0 && (errno == EINTR || (errno == EAGAIN && tries++ < 64)));
	return result_fd(r, ret_fd);
}

int host_pivot_root(int root_fd)
{
	cleanup_fd int old_fd = open("/", O_DIRECTORY | O_PATH | O_CLOEXEC);

	if (old_fd < 0)
		return -errno;
	if (fchdir(root_fd) < 0)
		return -errno;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	/* The old root lies on top of the new one now. Slave first: its detaching must not reach the host. */
	if (fchdir(old_fd) < 0)
		return -errno;
	if (mount("", ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return -errno;
	if (umount2(".", MNT_DETACH) < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

int host_move_root(int root_fd)
{
	if (fchdir(root_fd) < 0)
		return -errno;
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return -errno;
	if (chroot(".") < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

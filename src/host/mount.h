/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount API that works on descriptors (Linux 5.2, mount_setattr 5.12), and resolving below a root (openat2, 5.6). Raw calls with their
 * errno: no policy, no allocation. Any process.
 */
#ifndef SANDLOCK_HOST_MOUNT_H
#define SANDLOCK_HOST_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

/* uapi linux/mount.h, for C libraries that do not have them. */
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY      0x00000001
#define MOUNT_ATTR_NOSUID      0x00000002
#define MOUNT_ATTR_NODEV       0x00000004
#define MOUNT_ATTR_NOEXEC      0x00000008
#define MOUNT_ATTR__ATIME      0x00000070
#define MOUNT_ATTR_RELATIME    0x00000000
#define MOUNT_ATTR_NOATIME     0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME  0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000 /* 5.12 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif

/* All: 0 (or a descriptor in *ret_fd, O_CLOEXEC) or -errno. */

/* A detached copy of the mount (rec: the whole tree) that fd, any descriptor, lies on; fd's object becomes its root. */
int host_tree_clone(int fd, bool rec, int *ret_fd);
/* Attaches a detached mount on target_fd's object. */
int host_tree_attach(int tree_fd, int target_fd);
/* propagation: one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0. */
int host_tree_setattr(int tree_fd, bool rec, uint64_t set, uint64_t clr, uint64_t propagation);
/* Maps the ids of a detached tree by a user namespace, once. -EINVAL: the file system cannot; -EPERM: it belongs to a user namespace without our rights. */
int host_tree_idmap(int tree_fd, bool rec, int userns_fd);

/* File system contexts. value NULL: a flag. */
int host_fs_open(const char *fstype, int *ret_fd);
int host_fs_set(int fs_fd, const char *key, const char *value);
int host_fs_mount(int fs_fd, uint64_t attrs, int *ret_fd);
/* The file system that fd's mount shows, to be given other options; then makes them valid. What is not set stays. 5.2 */
int host_fs_pick(int fd, int *ret_fs_fd);
int host_fs_reconfigure(int fs_fd);
/* Last message that the file system left on its context ("" if none), without the level letter. */
void host_fs_message(int fs_fd, char *out, size_t size);

/* path below root_fd; every symlink and ".." stays inside. flags as for open (O_CLOEXEC is added). nofollow is O_NOFOLLOW. */
int host_open_in_root(int root_fd, const char *path, int flags, mode_t mode, int *ret_fd);

/* pivot_root(".", ".") after fchdir(root_fd), then the old root is made a slave and detached; cwd and root are the new root. */
int host_pivot_root(int root_fd);
/* Moves the mount of root_fd over "/" and changes root into it (for hosts whose root cannot be pivoted, such as initramfs). */
int host_move_root(int root_fd);

#endif

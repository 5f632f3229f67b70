/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File calls relative to a directory descriptor: 0 or -errno, no symlink in the last component is
 * ever followed, all descriptors O_CLOEXEC, EINTR retried. Names are single components unless the
 * caller knows better. Any process.
 */
#ifndef SANDLOCK_HOST_AT_H
#define SANDLOCK_HOST_AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

/* O_NOFOLLOW | O_CLOEXEC | O_NOCTTY are added to flags. */
int host_openat(int dirfd, const char *name, int flags, mode_t mode, int *ret_fd);
/* Directory for reading; without moving its atime where that is allowed. */
int host_open_dir(int dirfd, const char *name, int *ret_fd);
/* As host_open_dir, but follows symlinks: for paths that the administrator gave. */
int host_open_dir_path(const char *path, int *ret_fd);
/* File for reading, never blocking (FIFO), without moving its atime where that is allowed. The type
 * is for the caller to check. */
int host_open_read(int dirfd, const char *name, int *ret_fd);
/* A second, independent description of what fd (O_PATH allowed) refers to, with these flags;
 * through /proc/self/fd. */
int host_reopen(int fd, int flags, int *ret_fd);
/* Unnamed regular file in a directory, read-write, mode 0600. -EOPNOTSUPP where the file system has
 * none. */
int host_open_tmpfile(int dirfd, int *ret_fd);

/* name "" means dirfd itself. Basic fields, device, attributes, birth time (stx_mask says whether there is one). */
int host_statx(int dirfd, const char *name, struct statx *ret);
static inline dev_t host_statx_dev(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}
/* The root of a mount (and not only a directory of the same file system). */
static inline bool host_statx_is_mount(const struct statx *st)
{
	return (st->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int host_mkdirat(int dirfd, const char *name, mode_t mode);
int host_mknodat(int dirfd, const char *name, mode_t mode, dev_t dev);
int host_symlinkat(const char *target, int dirfd, const char *name);
/* NUL-terminated target; -ENAMETOOLONG when it does not fit. */
int host_readlinkat(int dirfd, const char *name, char *buf, size_t size);
int host_linkat(int from_dirfd, const char *from, int to_dirfd, const char *to);
int host_unlinkat(int dirfd, const char *name, int flags);
int host_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags);

int host_fchown(int fd, uid_t uid, gid_t gid);
int host_lchownat(int dirfd, const char *name, uid_t uid, gid_t gid);
int host_fchmod(int fd, mode_t mode);
/* Follows a symlink: only for a name that the caller has just made itself, where nobody else can
 * change it. */
int host_chmodat(int dirfd, const char *name, mode_t mode);
/* Through an O_PATH descriptor (/proc/self/fd): for objects that cannot be opened otherwise. Never
 * a symlink. */
int host_chmod_path_fd(int fd, mode_t mode);
int host_futimens(int fd, const struct timespec times[2]);
int host_lutimensat(int dirfd, const char *name, const struct timespec times[2]);
int host_ftruncate(int fd, off_t size);

#endif

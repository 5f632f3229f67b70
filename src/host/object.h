/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on an object that is already held by a descriptor, which libc does not have or gives a
 * path only. 0 (or a descriptor) or -errno. */
#ifndef SANDLOCK_HOST_OBJECT_H
#define SANDLOCK_HOST_OBJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* May the calling thread, by its effective ids and capabilities, do that (R_OK | W_OK | X_OK)?
 * faccessat2, 5.8. fd may be O_PATH. */
int host_access_fd(int fd, int mode);
/*
 * fchmod and futimens that take O_PATH descriptors too, symlinks' as well (their mode cannot be changed: -EOPNOTSUPP). In one system call since fchmodat2 (6.6) and
 * AT_EMPTY_PATH of utimensat (5.8), through /proc/self/fd before. times: NULL for both to the current time.
 */
int host_chmod_fd(int fd, mode_t mode);
int host_utimens_fd(int fd, const struct timespec times[2]);
/* truncate(2), which asks for the right to write as ftruncate does not. Any descriptor. */
int host_truncate_fd(int fd, off_t length);
/* file_setattr(2), 6.17; -ENOSYS before. attr: struct file_attr, size bytes. */
int host_file_setattr_fd(int fd, const void *attr, size_t size);

#endif

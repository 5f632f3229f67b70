/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on an object that is already held by a descriptor, which libc does not have or gives a
 * path only. 0 (or a descriptor) or -errno. */
#ifndef SANDLOCK_HOST_OBJECT_H
#define SANDLOCK_HOST_OBJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* May the calling thread, by its effective ids and capabilities, do that (R_OK | W_OK | X_OK)?
 * faccessat2, 5.8. fd may be O_PATH. */
int host_access_fd(int fd, int mode);
/* file_setattr(2), 6.17; -ENOSYS before. attr: struct file_attr, size bytes. */
int host_file_setattr_fd(int fd, const void *attr, size_t size);

#endif

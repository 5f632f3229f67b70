/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes of an open file, or of a name in a directory that must not be opened
 * (symlink, FIFO, device): reached through /proc/self/fd/<dirfd>/<name> and the l- calls, so
 * nothing is followed. Any process. Values are bytes from the file's owner.
 */
#ifndef SANDLOCK_HOST_XATTR_H
#define SANDLOCK_HOST_XATTR_H

#include <stddef.h>

struct buf;

struct host_xattr_ref {
	int fd;		  /* the file, or with a name the directory */
	const char *name; /* NULL: fd itself */
};

/* The NUL-terminated names, appended one after another to ret. No xattrs or no support: nothing
 * added. */
int host_xattr_list(struct host_xattr_ref ref, struct buf *ret);
/* Replaces ret by the value. -ENODATA: no such attribute. */
int host_xattr_get(struct host_xattr_ref ref, const char *attr, struct buf *ret);
int host_xattr_set(struct host_xattr_ref ref, const char *attr, const void *value, size_t len);
int host_xattr_remove(struct host_xattr_ref ref, const char *attr);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes; see xattr.h. */
#include <config.h>

#include "host/xattr.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "base/buf.h"

#define REF_PATH_SIZE (40 + NAME_MAX + 2)

static int ref_path(struct host_xattr_ref ref, char path[REF_PATH_SIZE])
{
	int n = snprintf(path, REF_PATH_SIZE, "/proc/self/fd/%d/%s", ref.fd, ref.name);

	return n < 0 || n >= REF_PATH_SIZE ? -ENAMETOOLONG : 0;
}

static ssize_t list_raw(struct host_xattr_ref ref, const char *path, char *data, size_t size)
{
	ssize_t n = ref.name ? llistxattr(path, data, size) : flistxattr(ref.fd, data, size);

	return n < 0 ? -errno : n;
}

static ssize_t get_raw(struct host_xattr_ref ref, const char *path, const char *attr, void *data,
		       size_t size)
{
	ssize_t n =
		ref.name ? lgetxattr(path, attr, data, size) : fgetxattr(ref.fd, attr, data, size);

	return n < 0 ? -errno : n;
}

int host_xattr_list(struct host_xattr_ref ref, struct buf *ret)
{
	char path[REF_PATH_SIZE];
	char first[512];
	ssize_t n;
	int r = ref.name ? ref_path(ref, path) : 0;

	if (r < 0)
		return r;
	n = list_raw(ref, path, first, sizeof(first));
	if (n == -EOPNOTSUPP)
		return 0;
	if (n >= 0)
		return n == 0 ? 0 : buf_add(ret, first, (size_t)n);
	/* a rival may add names between the two calls: ask until it fits */
	while (n == -ERANGE) {
		n = list_raw(ref, path, NULL, 0);
		if (n <= 0)
			break;
		r = buf_reserve(ret, (size_t)n);
		if (r < 0)
			return r;
		n = list_raw(ref, path, ret->data + ret->len, (size_t)n);
	}
	if (n < 0)
		return (int)n;
	ret->len += (size_t)n;
	return 0;
}

int host_xattr_get(struct host_xattr_ref ref, const char *attr, struct buf *ret)
{
	char path[REF_PATH_SIZE];
	ssize_t n;
	int r = ref.name ? ref_path(ref, path) : 0;

	if (r < 0)
		return r;
	ret->len = 0;
	r = buf_reserve(ret, 256);
	if (r < 0)
		return r;
	n = get_raw(ref, path, attr, ret->data, 256);
	while (n == -ERANGE) {
		n = get_raw(ref, path, attr, NULL, 0);
		if (n <= 0)
			break;
		r = buf_reserve(ret, (size_t)n);
		if (r < 0)
			return r;
		n = get_raw(ref, path, attr, ret->data, (size_t)n);
	}
	if (n < 0)
		return (int)n;
	ret->len = (size_t)n;
	ret->data[ret->len] = '\0';
	return 0;
}

int host_xattr_set(struct host_xattr_ref ref, const char *attr, const void *value, size_t len)
{
	char path[REF_PATH_SIZE];
	int r = ref.name ? ref_path(ref, path) : 0;

	if (r < 0)
		return r;
	r = ref.name ? lsetxattr(path, attr, value, len, 0)
		     : fsetxattr(ref.fd, attr, value, len, 0);
	return r < 0 ? -errno : 0;
}

int host_xattr_remove(struct host_xattr_ref ref, const char *attr)
{
	char path[REF_PATH_SIZE];
	int r = ref.name ? ref_path(ref, path) : 0;

	if (r < 0)
		return r;
	r = ref.name ? lremovexattr(path, attr) : fremovexattr(ref.fd, attr);
	return r < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a live object to the header of its entry. Runs in a command with the container's ids. Untrusted: the object. */
#include <config.h>

#include "layer/entry.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/at.h"
#include "host/xattr.h"
#include "layer/archive_load.h"

#define WHITEOUT ".wh."

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool entry_name_is_free(const char *path)
{
	return strncmp(last_name(path), WHITEOUT, strlen(WHITEOUT)) != 0;
}

static int add_xattrs(struct archive_entry *e, struct host_xattr_ref ref)
{
	cleanup_buf struct buf names = {0}, value = {0};
	int r = host_xattr_list(ref, &names);

	for (const char *p = names.data; r == 0 && p && p < names.data + names.len;
	     p += strlen(p) + 1) {
		if (!cow_xattr_is_content(p))
			continue;
		r = host_xattr_get(ref, p, &value);
		if (r == 0)
			archive_entry_xattr_add_entry(e, p, value.data ? value.data : "",
						      value.len);
		/* removed meanwhile; a capability of some other user namespace */
		if (r == -ENODATA || r == -EOVERFLOW)
			r = 0;
	}
	return r;
}

static int add_target(struct archive_entry *e, const struct place *place)
{
	char target[PATH_MAX];
	int r = host_readlinkat(place->dirfd, place->name, target, sizeof(target));

	if (r == 0)
		archive_entry_copy_symlink(e, target);
	return r == -EINVAL ? -ESTALE : r;
}

int entry_fill(struct archive_entry *e, const struct place *place, const char *path)
{
	const struct statx *st = &place->st;
	int r = 0;

	archive_entry_clear(e);
	archive_entry_copy_pathname(e, *path ? path : ".");
	archive_entry_set_mode(e, st->stx_mode);
	archive_entry_set_uid(e, st->stx_uid);
	archive_entry_set_gid(e, st->stx_gid);
	archive_entry_set_mtime(e, st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec);
	if (S_ISCHR(st->stx_mode) || S_ISBLK(st->stx_mode)) {
		archive_entry_set_rdevmajor(e, st->stx_rdev_major);
		archive_entry_set_rdevminor(e, st->stx_rdev_minor);
	}
	if (S_ISREG(st->stx_mode))
		archive_entry_set_size(e, (int64_t)st->stx_size);
	if (S_ISLNK(st->stx_mode))
		r = add_target(e, place);
	return r < 0 ? r : add_xattrs(e, (struct host_xattr_ref){place->dirfd, place->name});
}

void entry_make_link(struct archive_entry *e, const char *other)
{
	archive_entry_copy_hardlink(e, other);
	archive_entry_unset_size(e);
	archive_entry_xattr_clear(e);
}

int entry_make_whiteout(struct archive_entry *e, const char *path)
{
	cleanup_buf struct buf name = {0};
	const char *last = last_name(path);

	buf_add(&name, path, (size_t)(last - path));
	buf_printf(&name, WHITEOUT "%s", last);
	if (name.error)
		return name.error;
	archive_entry_clear(e);
	archive_entry_copy_pathname(e, name.data);
	archive_entry_set_mode(e, S_IFREG | 0600);
	archive_entry_set_size(e, 0);
	archive_entry_set_mtime(e, 0, 0);
	return 0;
}

int entry_add_holes(struct archive_entry *e, int fd, int64_t size)
{
	off_t data = 0, hole;
	bool sparse = false;

	while (data < size) {
		data = lseek(fd, data, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		if (data == 0 && hole >= size)
			return 0;
		sparse = true;
		if (data < size)
			archive_entry_sparse_add_entry(e, data, MIN((int64_t)hole, size) - data);
		data = hole;
	}
	/* nothing but a hole */
	if (!sparse && size > 0)
		archive_entry_sparse_add_entry(e, size, 0);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See object.h. Library. Untrusted: the live object, which may be exchanged or change while it is copied. */
#include <config.h>

#include "cow/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/cleanup.h"
#include "cow/internal.h"
#include "cow/share.h"
#include "host/at.h"

#define SHRINK_TRIES 8 /* a file that becomes shorter while it is read */

static int copy_content(int src, int dst, struct statx *st)
{
	uint64_t bytes;
	bool cloned;
	int r = -ESTALE;

	for (int i = 0; r == -ESTALE && i < SHRINK_TRIES; i++) {
		r = i ? host_ftruncate(dst, 0) : 0;
		if (r == 0 && (lseek(src, 0, SEEK_SET) < 0 || lseek(dst, 0, SEEK_SET) < 0))
			r = -errno;
		if (r == 0)
			r = host_statx(src, "", st);
		if (r == 0)
			r = share_data(src, dst, st, true, &cloned, &bytes);
	}
	return r;
}

static int fill_file(const struct object_copy *c, int dst)
{
	cleanup_fd int src = -EBADF;
	struct attr attr;
	struct statx st;
	int r = host_open_read(c->src_dir, c->src, &src);

	if (r == 0)
		r = host_statx(src, "", &st);
	if (r == 0 && !S_ISREG(st.stx_mode))
		r = -ESTALE;
	if (r == 0)
		r = copy_content(src, dst, &st);
	if (r < 0)
		return r;
	attr_of_live(&st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){src, NULL},
			  (struct host_xattr_ref){dst, NULL}, NULL);
}

static int copy_file(const struct object_copy *c)
{
	cleanup_fd int dst = -EBADF;
	int r = host_openat(c->dst_dir, c->name, O_RDWR | O_CREAT | O_EXCL, 0600, &dst);

	return r < 0 ? r : fill_file(c, dst);
}

static int copy_dir(const struct object_copy *c)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	int r = host_open_dir(c->src_dir, c->src, &src);

	if (r == 0)
		r = host_mkdirat(c->dst_dir, c->name, 0700);
	if (r == 0)
		r = host_open_dir(c->dst_dir, c->name, &dst);
	return r < 0 ? r : object_copy_dir_attrs(src, dst);
}

static int copy_node(const struct object_copy *c)
{
	const struct statx *st = c->st;
	char target[PATH_MAX];
	struct attr attr;
	int r;

	if (S_ISLNK(st->stx_mode)) {
		r = host_readlinkat(c->src_dir, c->src, target, sizeof(target));
		if (r == 0)
			r = host_symlinkat(target, c->dst_dir, c->name);
		if (r == -EINVAL)
			r = -ESTALE;
	} else {
		r = host_mknodat(c->dst_dir, c->name, (st->stx_mode & S_IFMT) | 0600,
				 makedev(st->stx_rdev_major, st->stx_rdev_minor));
	}
	if (r < 0)
		return r;
	attr_of_live(st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){c->src_dir, c->src},
			  (struct host_xattr_ref){c->dst_dir, c->name}, NULL);
}

int object_copy(const struct object_copy *c)
{
	bool dir = S_ISDIR(c->st->stx_mode);
	int r;

	if (dir)
		r = copy_dir(c);
	else
		r = S_ISREG(c->st->stx_mode) ? copy_file(c) : copy_node(c);
	if (r < 0 && r != -EEXIST)
		host_unlinkat(c->dst_dir, c->name, dir ? AT_REMOVEDIR : 0);
	return r;
}

int object_copy_dir_attrs(int src_fd, int dst_fd)
{
	struct host_xattr_ref src = {src_fd, NULL}, dst = {dst_fd, NULL};
	struct attr attr;
	struct statx st;
	int r = host_statx(src_fd, "", &st);

	if (r == 0)
		r = attr_remove_others(src, dst);
	if (r < 0)
		return r;
	attr_of_live(&st, &attr);
	return attr_apply(&attr, src, dst, NULL);
}

int object_copy_dir_times(int src_fd, int dst_fd)
{
	struct attr attr;
	struct statx st;
	int r = host_statx(src_fd, "", &st);

	if (r < 0)
		return r;
	attr_of_live(&st, &attr);
	return host_futimens(dst_fd, attr.times);
}

int object_remove(int dirfd, const char *name, bool is_dir)
{
	cleanup_fd int fd = -EBADF;
	int r = 0;

	if (is_dir) {
		r = host_open_dir(dirfd, name, &fd);
		if (r == -EACCES) { /* ours, but without permissions */
			r = host_chmodat(dirfd, name, 0700);
			if (r == 0)
				r = host_open_dir(dirfd, name, &fd);
		}
		if (r == 0)
			r = remove_contents(steal_fd(&fd), NULL);
	}
	if (r == 0)
		r = host_unlinkat(dirfd, name, is_dir ? AT_REMOVEDIR : 0);
	return r == -ENOENT ? 0 : r;
}

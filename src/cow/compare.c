/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a live object still what populate made of the lower's? Library. Untrusted: both objects; nothing is followed, special files are not
 * opened, files are only read.
 */
#include <config.h>

#include "cow/compare.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cow/internal.h"
#include "host/at.h"

#define CHUNK (128u * 1024)

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool earlier(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static bool same_attrs(const struct attr *want, const struct compared *lower,
		       const struct compared *live)
{
	mode_t type = live->st->stx_mode & S_IFMT;

	if (want->uid != live->st->stx_uid || want->gid != live->st->stx_gid)
		return false;
	if (type == S_IFLNK ? (want->mode & S_IFMT) != S_IFLNK : want->mode != live->st->stx_mode)
		return false;
	/* names come and go in a directory, and a copy-up below moves its time: that says nothing about the directory */
	if (type == S_IFDIR)
		return true;
	if (!same_time(&lower->st->stx_mtime, &live->st->stx_mtime))
		return false;
	if (type == S_IFCHR || type == S_IFBLK)
		return lower->st->stx_rdev_major == live->st->stx_rdev_major &&
		       lower->st->stx_rdev_minor == live->st->stx_rdev_minor;
	return lower->st->stx_size == live->st->stx_size;
}

static int same_target(const struct compared *lower, const struct compared *live, bool *ret)
{
	char a[PATH_MAX], b[PATH_MAX];
	int r = host_readlinkat(lower->dirfd, lower->name, a, sizeof(a));

	if (r == 0)
		r = host_readlinkat(live->dirfd, live->name, b, sizeof(b));
	if (r == 0)
		*ret = strcmp(a, b) == 0;
	return r;
}

static int same_bytes(int a, int b, bool *ret)
{
	cleanup_free char *x = malloc(CHUNK), *y = malloc(CHUNK);
	size_t n, m;

	if (!x || !y)
		return -ENOMEM;
	do {
		int r = fd_read_full(a, x, CHUNK, &n);

		if (r == 0)
			r = fd_read_full(b, y, CHUNK, &m);
		if (r < 0)
			return r;
		*ret = n == m && memcmp(x, y, n) == 0;
	} while (*ret && n == CHUNK);
	return 0;
}

static int same_content(const struct compared *lower, const struct compared *live, bool *ret)
{
	cleanup_fd int a = -EBADF, b = -EBADF;
	int r = host_open_read(lower->dirfd, lower->name, &a);

	if (r == 0)
		r = host_open_read(live->dirfd, live->name, &b);
	return r < 0 ? r : same_bytes(a, b, ret);
}

int compare_objects(const struct cow *cow, const struct compared *lower,
		    const struct compared *live, bool *ret_same)
{
	mode_t type = live->st->stx_mode & S_IFMT;
	bool same = true;
	struct attr want;
	int r;

	if (lower->st->stx_ino == live->st->stx_ino &&
	    host_statx_dev(lower->st) == host_statx_dev(live->st)) {
		*ret_same = true;
		return 0;
	}
	attr_of_lower(cow, lower->st, &want);
	if (!same_attrs(&want, lower, live)) { /* a different type is a different mode */
		*ret_same = false;
		return 0;
	}
	r = attr_xattrs_equal((struct host_xattr_ref){lower->dirfd, lower->name},
			      (struct host_xattr_ref){live->dirfd, live->name}, &same);
	if (r == 0 && same && type == S_IFLNK)
		r = same_target(lower, live, &same);
	/*
	 * Times can be set back by anybody, the change time cannot: a copy whose change time lies before the end of populate has the content that
	 * populate gave it.
	 */
	if (r == 0 && same && type == S_IFREG && live->st->stx_size &&
	    !earlier(&live->st->stx_ctime, &cow->populated_at))
		r = same_content(lower, live, &same);
	if (r == 0)
		*ret_same = same;
	return r;
}

int compare_copies(const struct compared *a, const struct compared *b, bool *ret_same)
{
	mode_t type = b->st->stx_mode & S_IFMT;
	struct attr want;
	bool same;
	int r = 0;

	attr_of_live(a->st, &want);
	same = same_attrs(&want, a, b);
	if (same)
		r = attr_xattrs_equal((struct host_xattr_ref){a->dirfd, a->name},
				      (struct host_xattr_ref){b->dirfd, b->name}, &same);
	if (r == 0 && same && type == S_IFLNK)
		r = same_target(a, b, &same);
	if (r == 0 && same && type == S_IFREG && b->st->stx_size)
		r = same_content(a, b, &same);
	if (r == 0)
		*ret_same = same;
	return r;
}

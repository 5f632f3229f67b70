/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File contents; see copy.h. */
#include <config.h>

#include "host/copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/at.h"

#define CHUNK (128u * 1024)
#define RANGE_MAX                                                                                  \
	(1u << 30) /* one copy_file_range: bounded, so that a signal is seen between two */
#define STAT_BLOCK 512

int host_clone(int src, int dst)
{
	return ioctl(dst, FICLONE, src) < 0 ? -errno : 0;
}

static int seek(int fd, off_t off, int whence, off_t *ret)
{
	off_t r = lseek(fd, off, whence);

	if (r < 0)
		return -errno;
	*ret = r;
	return 0;
}

/* [off, end) by read and write, both descriptors standing at off. */
static int copy_plain(int src, int dst, off_t off, off_t end)
{
	size_t size = MIN((size_t)(end - off), (size_t)CHUNK);
	cleanup_free char *buf = malloc(MAX(size, (size_t)1));

	if (!buf)
		return -ENOMEM;
	while (off < end) {
		size_t got = 0;
		int r = fd_read_full(src, buf, MIN((size_t)(end - off), size), &got);

		if (r < 0)
			return r;
		if (got == 0)
			return -ESTALE;
		r = fd_write_all(dst, buf, got);
		if (r < 0)
			return r;
		off += (off_t)got;
	}
	return 0;
}

/* Errors that say "this pair of files cannot", not "the disk is full". */
static bool range_unsupported(int r)
{
	return r == -EXDEV || r == -EINVAL || r == -EOPNOTSUPP || r == -ENOSYS || r == -EPERM ||
	       r == -EBADF;
}

static int copy_range(int src, int dst, off_t off, off_t end)
{
	off_t pos;
	int r = seek(src, off, SEEK_SET, &pos);

	if (r == 0)
		r = seek(dst, off, SEEK_SET, &pos);
	while (r == 0 && off < end) {
		ssize_t n = copy_file_range(src, NULL, dst, NULL,
					    MIN((size_t)(end - off), (size_t)RANGE_MAX), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && range_unsupported(-errno))
			return copy_plain(src, dst, off, end);
		if (n < 0)
			return -errno;
		/* 0 before the end: the file shrank, or (procfs and some FUSE) the call cannot see
		 * the data */
		if (n == 0)
			return copy_plain(src, dst, off, end);
		off += n;
	}
	return r;
}

static int copy_with_holes(int src, int dst, off_t size, uint64_t *ret_bytes)
{
	off_t data = 0, hole = 0;
	uint64_t bytes = 0;

	while (hole < size) {
		int r = seek(src, hole, SEEK_DATA, &data);

		if (r == -ENXIO) /* only a hole is left */
			break;
		if (r == -EINVAL) { /* no SEEK_DATA here */
			data = hole;
			hole = size;
		} else if (r < 0) {
			return r;
		} else {
			r = seek(src, data, SEEK_HOLE, &hole);
			if (r < 0)
				return r == -ENXIO ? -ESTALE : r;
			hole = MIN(hole, size);
		}
		if (hole <= data)
			break;
		r = copy_range(src, dst, data, hole);
		if (r < 0)
			return r;
		bytes += (uint64_t)(hole - data);
	}
	*ret_bytes = bytes;
	/* the hole at the end, if there is one, has no data to write */
	return host_ftruncate(dst, size);
}

int host_copy_data(int src, int dst, const struct statx *st, uint64_t *ret_bytes)
{
	bool sparse = st->stx_blocks * STAT_BLOCK < st->stx_size;
	int r;

	if (sparse || st->stx_size > CHUNK)
		return copy_with_holes(src, dst, (off_t)st->stx_size, ret_bytes);
	r = copy_plain(src, dst, 0, (off_t)st->stx_size);
	if (r == 0)
		*ret_bytes = st->stx_size;
	return r;
}

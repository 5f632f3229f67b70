/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of single live objects, made where the container cannot see them. */
#ifndef SANDLOCK_COW_OBJECT_H
#define SANDLOCK_COW_OBJECT_H

#include <stdbool.h>

struct statx;

/* src in src_dir, as st describes it; name: new in dst_dir, which nobody else writes to. */
struct object_copy {
	int src_dir;
	const char *src;
	const struct statx *st;
	int dst_dir;
	const char *name;
};

/*
 * A copy with all metadata: content by reflink where that is possible, else with holes kept; a directory without its content. -ENOENT,
 * -ESTALE: it is not there any more, or something else. On failure nothing is left.
 */
int object_copy(const struct object_copy *c);

/* Owner, mode, xattrs and times of src_fd for dst_fd, an existing directory. */
int object_copy_dir_attrs(int src_fd, int dst_fd);
/* Only the mtime (the atime goes with it). */
int object_copy_dir_times(int src_fd, int dst_fd);

/* Removes an object of any type, without following anything. -ENOENT: 0. */
int object_remove(int dirfd, const char *name, bool is_dir);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One live object against the lower's of the same path. */
#ifndef SANDLOCK_COW_COMPARE_H
#define SANDLOCK_COW_COMPARE_H

#include <stdbool.h>

struct cow;
struct statx;

struct compared {
	int dirfd;
	const char *name;
	const struct statx *st;
};

/* Same type, owner, mode, xattrs and, but for directories, mtime and content? Which of them differs is not told. */
int compare_objects(const struct cow *cow, const struct compared *lower,
		    const struct compared *live, bool *ret_same);

/* As they are, without ids of an image in between: is one what a copy of the other would be? Times of directories do not count. */
int compare_copies(const struct compared *a, const struct compared *b, bool *ret_same);

#endif

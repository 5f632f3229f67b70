/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a live root still show what its lowers are? The file `fresh` of a store remembers everything in the lowers that is not shared by inode:
 * directories (so every name), symlinks and nodes by inode and change time; files that were copied by inode, size, mode, owner and
 * modification time, since a link that another container makes moves the change time. Shared files need nothing: their content is the image's own.
 *
 *	u64 magic, u64 items, items * {struct fresh_item, path}, u64 checksum
 *
 * in the byte order of the machine; paths relative to the lower, not terminated. The checksum (index.h) is over all before it.
 */
#ifndef SANDLOCK_COW_FRESH_H
#define SANDLOCK_COW_FRESH_H

#include <time.h>

struct cow;

/* The time of now, as the kernel stamps inodes. */
struct timespec fresh_now(void);
/*
 * Writes the file for a populated store. since: fresh_now() from before populate. -EAGAIN: something in the lowers was changed later than that
 * (or in the same tick), so that nobody knows what populate has seen. -ENAMETOOLONG: the image has paths too long to be remembered.
 */
int fresh_record(struct cow *cow, const struct timespec *since);
/* 0: nothing has changed; -ESTALE: something has; -ENOENT: there is no such file. */
int fresh_check(const struct cow *cow);

#endif

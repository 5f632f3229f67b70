/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reaching many objects of a tree by their paths, one component after another and without following anything. Cheap when the next path is
 * near the last one.
 */
#ifndef SANDLOCK_COW_CURSOR_H
#define SANDLOCK_COW_CURSOR_H

#include "cow/chain.h"

struct cow;

struct cursor {
	int root_fd;
	struct chain chain;
};

/* root_fd: a directory, borrowed for as long as the cursor lives; O_PATH is allowed. Frees by cursor_done, on success only. */
int cursor_init(struct cursor *c, int root_fd);
void cursor_done(struct cursor *c);
/*
 * The directory that has the last component of path, borrowed until the next seek, and that component in path; "" gives the root and
 * NULL. -ENOENT, -ENOTDIR, -ELOOP: there is no such directory (any more).
 */
int cursor_seek(struct cursor *c, const char *path, int *ret_dirfd, const char **ret_name);

#endif

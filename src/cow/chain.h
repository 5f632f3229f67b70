/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a walk stands in a tree: the directories from a root down to the current one. Depth is not
 * bounded by descriptors: only the deepest few levels (and the root) are open, the others are
 * re-opened by ".." on the way up and must then be the ones that were left (-ESTALE otherwise). No
 * path strings are resolved, no symlink is followed.
 */
#ifndef SANDLOCK_COW_CHAIN_H
#define SANDLOCK_COW_CHAIN_H

#include <stddef.h>
#include <sys/types.h>

struct buf;
struct chain_level;

struct chain {
	struct chain_level *levels;
	size_t n, cap;
	size_t first_open; /* levels [first_open, n) and 0 are open */
};

/* Takes ownership of root_fd, on failure too. Frees by chain_done. */
int chain_init(struct chain *c, int root_fd);
void chain_done(struct chain *c);
/* Descriptor of the current directory, for reading; borrowed. */
int chain_fd(const struct chain *c);
/* Number of levels below the root. */
size_t chain_depth(const struct chain *c);
/* Into a subdirectory of the current one. */
int chain_push(struct chain *c, const char *name);
/* Back to the parent; not at the root. On failure the chain may only be freed. */
int chain_pop(struct chain *c);
/* Name of the current directory in its parent ("" at the root); borrowed. */
const char *chain_name(const struct chain *c);
/* Name of the directory at a level, 1 to depth; borrowed. */
const char *chain_name_at(const struct chain *c, size_t level);
/* Appends the path from the root to the current directory, without a slash at either end. */
int chain_path(const struct chain *c, struct buf *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that have more than one name, while populate is under way: a table from (device, inode) of the
 * lower to the name that was made first, and the list of further names, which are made at the end.
 * Not locked.
 */
#ifndef SANDLOCK_COW_NAMES_H
#define SANDLOCK_COW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct node;

struct names_file {
	dev_t dev;
	ino_t ino; /* 0: free slot */
	struct node *dir;
	bool is_private; /* the live inode is ours, not the lower's */
	size_t name;
};

struct names_further {
	dev_t dev;
	ino_t ino;
	struct node *dir;
	size_t name;
};

struct names {
	struct buf text;
	struct names_file *files; /* open addressing */
	size_t n_files, cap_files;
	struct names_further *further;
	size_t n_further, cap_further;
};

void names_done(struct names *names);
/* NULL: not seen before. Valid until the next add. */
struct names_file *names_find(const struct names *names, dev_t dev, ino_t ino);
int names_add_file(struct names *names, dev_t dev, ino_t ino, struct node *dir, const char *name);
int names_add_further(struct names *names, dev_t dev, ino_t ino, struct node *dir,
		      const char *name);
/* Valid until the next add. */
const char *names_text(const struct names *names, size_t offset);

#endif

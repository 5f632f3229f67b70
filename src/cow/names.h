/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where populate has put the files that have more than one name: a table from (device, inode) of
 * the lower to the first live name, and the live directories as (parent, name) so that one can be
 * found again without path strings.
 */
#ifndef SANDLOCK_COW_NAMES_H
#define SANDLOCK_COW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct names_dir {
	uint32_t parent; /* index in names.dirs; 0 is the live root */
	size_t name;
};

struct names_file {
	dev_t dev;
	ino_t ino; /* 0: free slot */
	uint32_t dir;
	bool is_private; /* the live inode is ours, not the lower's */
	size_t name;
};

struct names {
	struct buf text;
	struct names_dir *dirs;
	size_t n_dirs, cap_dirs;
	struct names_file *files; /* open addressing */
	size_t n_files, cap_files;
};

int names_init(struct names *names); /* with the live root as directory 0 */
void names_done(struct names *names);
int names_add_dir(struct names *names, uint32_t parent, const char *name, uint32_t *ret);
/* NULL: not seen before. Valid until the next add. */
struct names_file *names_find(const struct names *names, dev_t dev, ino_t ino);
int names_add_file(struct names *names, dev_t dev, ino_t ino, uint32_t dir, const char *name,
		   bool is_private);
const char *names_text(const struct names *names, size_t offset);
/* Opens directory dir below root_fd, component by component. */
int names_open_dir(const struct names *names, int root_fd, uint32_t dir, int *ret_fd);

#endif

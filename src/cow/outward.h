/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What writing the changes into a directory needs in either form: positions in both trees, and which names are of one file. */
#ifndef SANDLOCK_COW_OUTWARD_H
#define SANDLOCK_COW_OUTWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "cow/changes.h"
#include "cow/cursor.h"

struct outward {
	struct cow *cow;
	const struct cow_changes *c;
	struct cursor live, out, links;
	size_t *placed; /* by the group's first item: the item that was written for it */
	const char *op;
};

/* Where one item is, and what is there. name NULL: the root itself. */
struct place {
	int dirfd;
	const char *name;
	struct statx st;
};

int outward_init(struct outward *o, struct cow *cow, const struct cow_changes *c, int out_fd);
void outward_done(struct outward *o);
bool outward_is_gone(int r); /* the name, or a directory above it */
/* Finds item i; -ENOENT and the like when gone, -ESTALE: something of another type stands there by now. */
int outward_live(struct outward *o, size_t i, struct place *ret);
int outward_place(struct cursor *cursor, const char *path, struct place *ret);
/* Makes a copy of item i, or a link to the other name of its group that was written before. */
int outward_copy(struct outward *o, size_t i, const struct place *live, int dst_dir,
		 const char *dst_name);
/* The path at which the group of item i was written; NULL: it was not, or i has none. */
const char *outward_other_name(const struct outward *o, size_t i, const struct place *live);
/* Names item i as the one that was written for its group. */
void outward_note(struct outward *o, size_t i, const struct place *live);
/* Times of all directories, after their content: children first. */
int outward_dir_times(struct outward *o);
void outward_fault(const struct outward *o, size_t i, struct cow_fault *fault);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of a layer. */
#ifndef SANDLOCK_LAYER_ENTRY_H
#define SANDLOCK_LAYER_ENTRY_H

#include <stdbool.h>

#include "cow/outward.h"

struct archive_entry;

/* Type, mode, owner, times, target and xattrs of what stands at place, as path. -ESTALE: it is something else by now. */
int entry_fill(struct archive_entry *e, const struct place *place, const char *path);
/* A further name of what is in the layer as `other`. */
void entry_make_link(struct archive_entry *e, const char *other);
/* The whiteout of path. -ENOMEM. */
int entry_make_whiteout(struct archive_entry *e, const char *path);
/* Where fd, a regular file of this size, has data. */
int entry_add_holes(struct archive_entry *e, int fd, int64_t size);
/* Can a layer hold this name? */
bool entry_name_is_free(const char *path);

#endif

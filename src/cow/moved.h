/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which private file took the name of a shared inode, inside src/cow; see cow_find_moved. One entry for each copy-up, for as long as the store is
 * open. Thread-safe.
 */
#ifndef SANDLOCK_COW_MOVED_H
#define SANDLOCK_COW_MOVED_H

#include <sys/types.h>

struct cow;
struct moved_map;
struct statx;

struct moved_map *moved_new(void); /* NULL: out of memory */
void moved_free(struct moved_map *map);
/* To be called before publishing: the private file takes the place of the shared inode at path, relative to the live root. */
int moved_note(struct cow *cow, ino_t old_ino, const struct statx *private, const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which private file took the name of a shared inode, inside src/cow; see cow_find_moved. One entry for each copy-up, for as long as the store is
 * open. Thread-safe.
 */
#ifndef SANDLOCK_COW_MOVED_H
#define SANDLOCK_COW_MOVED_H

struct moved_map;

struct moved_map *moved_new(void); /* NULL: out of memory */
void moved_free(struct moved_map *map);

#endif

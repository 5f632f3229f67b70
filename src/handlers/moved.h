/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which private file took the name of a shared inode. A descriptor opened before a copy-up keeps
 * referring to the old inode; a later fchmod, fchown or futimens through it must reach the private
 * file. Thread-safe.
 */
#ifndef SANDLOCK_HANDLERS_MOVED_H
#define SANDLOCK_HANDLERS_MOVED_H

#include <stdbool.h>
#include <sys/types.h>

struct moved_map;

struct moved_map *moved_new(void); /* NULL: out of memory */
void moved_free(struct moved_map *map);
/* Best effort: out of memory loses the entry, and old descriptors then act on nothing. */
void moved_add(struct moved_map *map, ino_t old_ino, ino_t new_ino, const char *path);
/* Copies the path (PATH_MAX bytes) out. */
bool moved_find(struct moved_map *map, ino_t old_ino, ino_t *ret_new_ino, char *ret_path);

#endif

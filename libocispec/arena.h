/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is freed at once: one arena per document. Internal to libocispec. Allocations are
 * zeroed and aligned for any type of ours; they fail with NULL, never by ending the process.
 */
#ifndef SANDLOCK_LIBOCISPEC_ARENA_H
#define SANDLOCK_LIBOCISPEC_ARENA_H

#include <stddef.h>

struct arena;

/*
 * A new arena whose first object, of that size, is the document itself: arena_free_root() needs
 * nothing but its address.
 */
void *arena_new_root(size_t size, struct arena **ret_arena);
void arena_free_root(void *root); /* NULL is fine */

void *arena_alloc(struct arena *a, size_t n, size_t size);
/* A copy of len bytes with a NUL behind them. */
char *arena_copy(struct arena *a, const char *s, size_t len);

#endif

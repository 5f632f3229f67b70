/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removal of stores that nobody waits for. */
#ifndef SANDLOCK_COW_DISCARD_H
#define SANDLOCK_COW_DISCARD_H

#include <stdbool.h>

struct cow_fault;

#define COW_TRASH_PREFIX ".sandlock-trash-"

/*
 * The store's name is free when this returns. Small ones are removed, as by cow_remove; a large one is renamed to COW_TRASH_PREFIX… in
 * the same directory, *ret_later is true then, and cow_empty_trash has to be called, by whomever. A crash in between leaves what the next
 * cow_empty_trash finds.
 */
int cow_discard(const char *dir, bool *ret_later, struct cow_fault *fault);
/*
 * Removes all that cow_discard has put aside in the directory that holds `dir`. Several at once are no problem. Best effort: what cannot be
 * removed stays.
 */
void cow_empty_trash(const char *dir);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spare roots: populated stores that wait for a container, so that creating one is a rename.
 *
 *	<pool>/				0700, of the container's root
 *	  <16 hex digits>/		one kind: lowers, sharing and id mappings that belong together
 *	    want			how many there should be
 *	    spare-<n>/			a store with a file `fresh`
 *	    .sandlock-trash-…, new/	being removed, being made; of nobody if their maker has died
 *
 * A spare appears under its name when it is complete, by rename, and is taken by rename: two who want the same one cannot both get it. Where the
 * store's place is there already, it is put aside as .sandlock-trash-spare-<n>, and what is in it moves.
 */
#ifndef SANDLOCK_COW_SPARE_H
#define SANDLOCK_COW_SPARE_H

#include <stdbool.h>

struct cow;
struct cow_fault;
struct cow_params;

struct cow_pool {
	const char *dir; /* absolute; on the file system of the lowers and of the stores to be */
	const char *ids; /* text that differs where the owners of the live root would */
};

/*
 * Makes the store params->dir out of a spare that matches params and shows what the lowers are now. -ENOENT: there is no such pool (the usual
 * case); other errors: no spare, and the pool should be filled again. params->dir does not exist before, or is an empty directory of ours; it is as
 * before after an error.
 */
int cow_spare_take(const struct cow_pool *pool, const struct cow_params *params, struct cow **ret);
/*
 * Makes spares until there are as many as wanted; removes stale ones and what crashes have left. One process at a time fills a kind; wait: until
 * it is our turn, else return at once if somebody's turn comes anyway. params->dir and owner_id are not used. 0 also when nothing is wanted or
 * there is no pool.
 */
int cow_spare_fill(const struct cow_pool *pool, const struct cow_params *params, bool wait,
		   struct cow_fault *fault);
/* Says how many are wanted, and makes the pool if need be. 0: the kind and its spares are removed, and the pool when it was the last one. */
int cow_spare_want(const struct cow_pool *pool, const struct cow_params *params, unsigned n,
		   struct cow_fault *fault);

#endif

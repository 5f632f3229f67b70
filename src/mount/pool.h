/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spare roots of an image (cow/spare.h), kept beside its uppermost layer as <layer>/sandlock/spare, if the request asks for some. */
#ifndef SANDLOCK_MOUNT_POOL_H
#define SANDLOCK_MOUNT_POOL_H

#include <stdbool.h>

struct cow_params;

struct pool {
	char *dir;     /* of the layer */
	unsigned want; /* 0: none are kept, and none is looked for */
};

/* lower: the uppermost one, <layer>/diff. Nothing is made yet. */
void pool_init(struct pool *pool, const char *lower, unsigned want);
void pool_done(struct pool *pool);
/* Makes the store params->dir out of a spare. Any failure only means that there is none to be had. */
bool pool_take(const struct pool *pool, const struct cow_params *params);
/*
 * Fills the pool in the background. Not for the first container of an image: the layers of a build have one container each. Failures are nobody's
 * business: the next container tries again.
 */
void pool_refill(const struct pool *pool, const struct cow_params *params);

#endif

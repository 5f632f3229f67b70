/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that depend on the seed and the operation's index only (splitmix64). */
#include "fileops.h"

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void op_seed(struct op *op, uint64_t seed, unsigned index)
{
	struct rng mix = {seed * 1000003 + index};

	op->rng.state = rng_next(&mix);
	op->index = index;
}

unsigned pick(struct op *op, unsigned n)
{
	return rng_next(&op->rng) % n;
}

bool chance(struct op *op, unsigned percent)
{
	return pick(op, 100) < percent;
}

long pick_of(struct op *op, const long *values, size_t n)
{
	return values[pick(op, n)];
}

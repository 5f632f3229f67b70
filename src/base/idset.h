/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of small numbers as cpuset files write them ("0-3,7"), kept as the bit masks that the kernel's calls take. Allocates with xmalloc: plan and
 * container only.
 */
#ifndef SANDLOCK_BASE_IDSET_H
#define SANDLOCK_BASE_IDSET_H

#include <stddef.h>

#define IDSET_MAX 8192 /* NR_CPUS of the largest kernels */

struct buf;

struct idset {
	unsigned long *words; /* NULL: not given */
	size_t n_bits;	      /* IDSET_MAX once it is given */
};

/* Blanks between the parts are skipped. -EINVAL: not a list; -ERANGE: a number of IDSET_MAX or above, or a range that runs backwards. */
int idset_parse(const char *text, struct idset *ret);
/* Every number. */
void idset_fill(struct idset *ret);
/* The shortest list: "0-3,7". */
void idset_format(const struct idset *set, struct buf *out);
void idset_done(struct idset *set);

#endif

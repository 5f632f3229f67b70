/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a private file with the content of another: reflink or copy. Shared by populate and
 * copy-up. */
#ifndef SANDLOCK_COW_SHARE_H
#define SANDLOCK_COW_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct statx;

/* dst: new and empty. *ret_cloned: extents are shared; else *ret_bytes were copied. try_clone: try
 * FICLONE first. */
int share_data(int src, int dst, const struct statx *st, bool try_clone, bool *ret_cloned,
	       uint64_t *ret_bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each ABI of Landlock knows, and the names of the rights. Pure. */
#ifndef SANDLOCK_LANDLOCK_RIGHTS_H
#define SANDLOCK_LANDLOCK_RIGHTS_H

#include <stdint.h>

enum landlock_kind {
	LANDLOCK_KIND_FS,
	LANDLOCK_KIND_NET,
	LANDLOCK_KIND_SCOPE,
};

#define LANDLOCK_ABI_MAX                                                                           \
	7 /* the newest that is described here (6.15); newer kernels are used as this one */

/* All rights of the kind that a kernel of this ABI can hold; 0 for ABI 0. */
uint64_t landlock_rights(enum landlock_kind kind, int abi);
/* The rights that mean something on a file that is not a directory. */
uint64_t landlock_file_rights(void);
/*
 * Name ("make_reg", "bind_tcp", "signal"; "bind" and "connect" are understood too) or number ("8192", "0x2000") to its bits. -EINVAL: unknown,
 * or a number with bits beyond the newest ABI.
 */
int landlock_parse_right(enum landlock_kind kind, const char *text, uint64_t *ret);
/* Name of one bit; NULL for an unknown one. */
const char *landlock_right_name(enum landlock_kind kind, unsigned bit);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file `meta` of a store:
 *
 *	sandlock-cow 1
 *	owner <id>
 *	share auto|link|reflink|copy
 *	ids mapped|shifted
 *	whiteouts files		only if lowers mark deletions by .wh.NAME
 *	lower <path>		one or more, uppermost first
 *	end
 *
 * Every line ends in a newline; in values '%' and bytes outside 0x21..0x7e are written as %XX
 *(capital hex digits). Exactly this order, nothing else.
 */
#ifndef SANDLOCK_COW_META_H
#define SANDLOCK_COW_META_H

#include <stdbool.h>

#include "cow/cow.h"

#define META_MAGIC "sandlock-cow "
#define META_MAX   (4u * 1024 * 1024)

struct buf;

struct cow_meta {
	char *owner_id;
	char **lowers; /* NULL-terminated */
	enum cow_share share;
	bool shifted;
	bool whiteout_files;
};

int meta_from_params(const struct cow_params *params, struct cow_meta *ret);
int meta_encode(const struct cow_meta *meta, struct buf *ret);
/* text is NUL-terminated behind len. -EUCLEAN: not exactly as above. */
int meta_decode(const char *text, size_t len, struct cow_meta *ret);
void meta_done(struct cow_meta *meta);

#endif

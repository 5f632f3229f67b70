/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of lower objects by (device, inode), for stores whose ids are shifted. Saved in the store
 * as `owners` so that diff can compare: u64 magic, u64 count, count * {u64 dev, u64 ino, u32 uid,
 * u32 gid} ascending, u64 checksum (as in the index).
 */
#ifndef SANDLOCK_COW_OWNERS_H
#define SANDLOCK_COW_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cow/cow.h"

struct buf;

/* False: not known (made after the scan, or in a directory that could not be read). */
bool owners_find(const struct cow_owners *owners, dev_t dev, ino_t ino, uid_t *ret_uid,
		 gid_t *ret_gid);
int owners_dup(const struct cow_owners *owners, struct cow_owners **ret);
int owners_encode(const struct cow_owners *owners, struct buf *ret);
int owners_decode(const void *data, size_t len, struct cow_owners **ret);

#endif

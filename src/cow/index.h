/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lower index of a store: inodes of lower files that populate linked into the live root,
 *sorted; and the ids that populate could not give. Saved as the file `index`, whose existence says
 *that the live root is complete:
 *
 *	u64 magic, u64 inodes, u64 uids, u64 gids, u64 skipped, u32 left uid, u32 left gid, inodes * u64, uids *
 *u32, gids * u32, u64 checksum
 *
 * in the byte order of the machine. The checksum (FNV-1a) is over all before it.
 */
#ifndef SANDLOCK_COW_INDEX_H
#define SANDLOCK_COW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;

struct id_list {
	uint32_t *ids;
	size_t n, cap;
};

/* Ids of the image that chown refused (EINVAL, EPERM: not mapped in the user namespace), and what
 * such files have instead. */
struct cow_refused {
	struct id_list uids, gids;
	uid_t left_uid;
	gid_t left_gid;
};

struct cow_index {
	uint64_t *inos; /* ascending */
	size_t n, cap;
	struct cow_refused refused;
	uint64_t skipped; /* devices that could not be made */
};

int index_add(struct cow_index *index, ino_t ino);
/* Sorts, and takes out the inodes of drop (sorted here as well). */
void index_finish(struct cow_index *index, uint64_t *drop, size_t n_drop);
bool index_has(const struct cow_index *index, ino_t ino);
int index_encode(const struct cow_index *index, struct buf *ret);
/* -EUCLEAN: damaged. */
int index_decode(const void *data, size_t len, struct cow_index *ret);
void index_done(struct cow_index *index);

/* Thread-safe. */
bool id_list_has(const struct id_list *list, uint32_t id);
int id_list_add(struct id_list *list, uint32_t id);

uint64_t index_checksum(const void *data, size_t len);

#endif

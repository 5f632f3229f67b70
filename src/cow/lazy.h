/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lazy populate, inside src/cow. A live directory that still has to be filled carries the mark user.sandlock.lower, whose
 * value is its path in the lowers. The marks are the truth; what is kept here makes them quick to find. Everything is
 * thread-safe.
 */
#ifndef SANDLOCK_COW_LAZY_H
#define SANDLOCK_COW_LAZY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cow/cow.h"
#include "cow/fill.h"

#define LAZY_MARK "user.sandlock.lower"
/* A longer path may not fit into an xattr of the file system (ext4: one block): the directory is filled at once. */
#define LAZY_MARK_MAX 3000

/* A set of inode numbers with one bit each. */
struct ino_set {
	uint64_t *slots; /* ino * 2 + bit; 0: free */
	size_t n, cap;
};

/* A file (or symlink, FIFO...) with several names in the lowers: one of them. Sorted by device and inode. */
struct group_name {
	dev_t dev;
	ino_t ino;
	size_t path; /* in lazy.paths */
	bool placed; /* for good; under anchor_lock */
};

struct lazy_dir; /* an unpopulated directory */

#define LAZY_BUCKETS 4096

struct lazy {
	struct fill fill;
	struct node *root; /* with the lowers open */

	pthread_mutex_t lock; /* dirs */
	pthread_cond_t done;
	struct lazy_dir *dirs[LAZY_BUCKETS];
	atomic_size_t n_dirs;

	/* Shared inodes; the bit: it may have more names in the lowers (its link count was above 1, and groups are not known yet). */
	pthread_rwlock_t shared_lock;
	struct ino_set shared;
	atomic_bool any_doubtful;

	/* Held for reading while a directory is filled, for writing while groups become known. */
	pthread_rwlock_t groups_lock;
	pthread_mutex_t scan_lock;
	atomic_bool settled;
	struct group_name *groups;
	size_t n_groups, cap_groups;
	struct buf paths;
	pthread_mutex_t anchor_lock;

	pthread_mutex_t index_lock;
	size_t saved_ids; /* ids and devices in the saved index */
};

int lazy_new(struct cow *cow, struct lazy **ret);
void lazy_free(struct lazy *lazy);

/* lazy.c, for fill.c */
/* Marks the new directory `as` in dirfd, which will be `name`. 1: it cannot be marked, and is to be filled at once. */
int lazy_add_dir(struct filler *f, int dirfd, const char *as, const char *name);
int lazy_add_shared(struct lazy *lazy, ino_t ino, bool doubtful);
bool lazy_is_shared(struct lazy *lazy, ino_t ino, bool *ret_doubtful);

/* After a crash: is there a mark, and was it noted? 0 or 1, or -errno. */
int lazy_note_marked(struct lazy *lazy, int fd);
/* No directory is left that could be filled. */
void lazy_forget(struct lazy *lazy);
/* Everything is filled: the index is written, the anchors go. */
int lazy_complete(struct cow *cow);

/* groups.c. Does the file have more names in the lowers? Only when settled. */
bool groups_have(const struct lazy *lazy, dev_t dev, ino_t ino);
/* Places one name of such a file: a link to the private inode that all its names have. */
int groups_place(struct filler *f, const struct lower_entry *e);
/* The directory that f has filled is complete. Anchors that have no more names to give go. */
void groups_placed(struct filler *f);
/* All shared inodes of the lowers, for a store that somebody else began to fill. */
int groups_scan_shared(struct lazy *lazy);
/* The private inodes no longer need names of our own. */
int groups_drop_anchors(struct cow *cow);

/* Before a copy-up of a shared inode. -EAGAIN: it may not be the one any more. */
int lazy_before_copy(struct cow *cow, ino_t ino);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of src/cow share; see cow.h for the public part. */
#ifndef SANDLOCK_COW_INTERNAL_H
#define SANDLOCK_COW_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "cow/cow.h"
#include "cow/index.h"
#include "cow/meta.h"
#include "cow/owners.h"
#include "host/xattr.h"

#define STORE_ROOT    "root"
#define STORE_WORK    "work"
#define STORE_META    "meta"
#define STORE_INDEX   "index"
#define STORE_OWNERS  "owners"
#define STORE_COMMITS "commits"
#define STORE_FRESH   "fresh"
#define STORE_LAZY    "lazy" /* populated lazily; its change time is when serving began */
#define STORE_GROUPS  "groups"
#define STORE_NEW     ".new" /* suffix of a file being written */

struct cow {
	int dir_fd, root_fd, work_fd; /* root_fd: O_PATH, for the users */
	dev_t dev;		      /* of the live root */
	dev_t store_dev;
	ino_t store_ino;
	struct cow_meta meta;
	struct cow_owners *owners; /* NULL unless ids are shifted */
	bool populated;
	bool frozen;	   /* see cow_params */
	struct lazy *lazy; /* NULL: populated at once, or by another process */
	struct cow_index index;
	struct statx_timestamp populated_at; /* change time of the index */
	atomic_uint next_temp;
	pthread_mutex_t copies_lock;
	pthread_cond_t copies_done;
	struct cow_copy *copies;  /* under way */
	atomic_bool cannot_clone; /* FICLONE, between files of the live root */
	struct moved_map *moved;
};

void fault_set(struct cow_fault *fault, const char *op, const char *dir, const char *name);

/* Metadata that a live object is to have. */
struct attr {
	uid_t uid;
	gid_t gid;
	mode_t mode; /* with the type */
	struct timespec times[2];
};

/* From the lower's object: ids shifted if the store says so; ids that populate could not give
 * replaced by those it left. */
void attr_of_lower(const struct cow *cow, const struct statx *st, struct attr *ret);
/* From a live object: as it is. */
void attr_of_live(const struct statx *st, struct attr *ret);

/*
 * Gives dst the owner, mode, xattrs and times, in this order (chown clears setuid bits and
 * capabilities). src: where the xattrs are. Ids that cannot be given are added to refused (may be
 * NULL). dst.name: an object that must not be opened (symlink, FIFO…).
 */
int attr_apply(const struct attr *attr, struct host_xattr_ref src, struct host_xattr_ref dst,
	       struct cow_refused *refused);
/* Removes from dst the xattrs that src does not have. */
int attr_remove_others(struct host_xattr_ref src, struct host_xattr_ref dst);
/* Do the xattrs that attr_apply would copy differ? */
int attr_xattrs_equal(struct host_xattr_ref a, struct host_xattr_ref b, bool *ret);

/* The store's directory by its path: the only place where paths are used. A symlink is -ENOTDIR. */
int store_open_dir(const char *dir, int *ret_fd);
int store_remove_dir(const char *dir);
/* For a store to be: makes it, or takes an empty directory of ours that is there (else -EEXIST, -EPERM). */
int store_make_dir(const char *dir, bool *ret_made, int *ret_fd);
/* Only names of ours, and a meta of ours unless there is nothing but a meta being written: -EPERM. */
int store_check(int dir_fd);
/* Another owner's id into meta. */
int store_set_owner(struct cow *cow, const char *owner_id);
/* The index is written: the live root is complete since then. */
int store_set_populated(struct cow *cow);

/* Was it populated lazily? */
bool store_is_lazy(const struct cow *cow);

/* A new name in work/ and an open, empty, private regular file of that name. */
#define TEMP_NAME_SIZE 24
int store_temp_file(struct cow *cow, char name[TEMP_NAME_SIZE], int *ret_fd);
void store_temp_name(struct cow *cow, char name[TEMP_NAME_SIZE]);
/* Writes <name> of the store by way of a temporary name; reads it whole. */
int store_write(int dir_fd, const char *name, const void *data, size_t len);
int store_read(int dir_fd, const char *name, size_t max, struct buf *ret);

/* What a populate that did not come to its end has left. */
int clear_live_root(struct cow *cow, struct cow_fault *fault);

/* Removes everything below the directory that fd (consumed) refers to, not the directory itself. */
int remove_contents(int fd, struct cow_fault *fault);
/* cow_remove, of `max` names at most: -E2BIG when there are more; what is left is a store still. */
int remove_at_most(const char *dir, uint64_t max, struct cow_fault *fault);

#endif

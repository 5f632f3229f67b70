/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One directory of the live root is filled from the lowers: the unit of every populate. Shared by the files of
 * populate only.
 */
#ifndef SANDLOCK_COW_FILL_H
#define SANDLOCK_COW_FILL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cow/cow.h"
#include "cow/layer.h"
#include "cow/names.h"
#include "host/dirent.h"

#define TEMP_NAME_MAX 24 /* TEMP_NAME_SIZE of internal.h */

struct buf;
struct lazy;
struct lower_entry;

/* A directory on both sides. */
struct place {
	int live_fd;
	struct merged lower;
};

/*
 * A directory that is or will be filled. Its descriptors stay open until all subdirectories have been opened through
 * them; above a bound they are closed at once, and the subdirectories are opened from the root down.
 */
struct node {
	struct node *parent; /* NULL: the root, always open */
	struct node *next;   /* in a queue */
	struct node *all;    /* all nodes, for freeing */
	struct place place;
	size_t pending; /* subdirectories not opened yet */
	bool open;	/* place is, for the subdirectories */
	bool copy;	/* files here and below are copied, never linked */
	char name[];	/* in the parent */
};

/* What the threads of one populate share. */
struct fill {
	struct cow *cow;
	struct lower_skip skip;
	atomic_bool *no_link; /* per lower: it lies on another file system */
	atomic_bool no_clone; /* FICLONE was refused once */
	pthread_mutex_t names_lock;
	struct names names;
	struct lazy *lazy; /* NULL: everything is filled at once */
};

struct inode_list {
	uint64_t *inos;
	size_t n, cap;
};

/* What each has for itself. */
struct filler {
	struct fill *fill;
	struct node *node;    /* being filled */
	struct place *place;  /* of it */
	struct node *subdirs; /* of it, for the caller to take (linked by next) */
	size_t n_subdirs;
	struct lower_dir dir;
	struct host_dir_reader reader;
	struct cow_stats stats;
	struct inode_list linked;
	struct inode_list placed; /* indices of lazy.groups: names in this directory */
	const char *op;		  /* under way, for the fault */
	const char *name;
	char temp[TEMP_NAME_MAX]; /* of what is being made in work/ */
};

struct node *node_new(struct node *parent, const char *name);
/* Opens both sides, by way of the parent if that is open. */
int node_open(const struct fill *fill, struct node *node);
int place_open_below(const struct fill *fill, const struct place *up, const char *name,
		     struct place *ret);
/* Walks down from top, which is open, to node, and opens it again. */
int place_open_from(const struct fill *fill, const struct node *top, const struct node *node,
		    struct place *ret);
int place_open_from_root(const struct fill *fill, const struct node *node, struct place *ret);
void place_close(struct place *place);
/* Appends the path below the root. */
int node_path(const struct node *node, struct buf *ret);

int fill_init(struct fill *fill, struct cow *cow);
void fill_done(struct fill *fill);
int filler_init(struct filler *f, struct fill *fill);
void filler_done(struct filler *f);

/*
 * Makes everything that is directly in node, which is open, and gives it its metadata. Further names of files are only
 * put down in fill->names.
 */
int fill_dir(struct filler *f, struct node *node);
/* further.c. Makes the further names, when all directories are filled; one thread. drop: inodes that are not shared any more. */
int fill_further_names(struct filler *f, struct inode_list *drop);

/* The lower's file as a private one under its name in the directory being filled. */
int fill_private_name(struct filler *f, const struct lower_entry *e);
/* The lower's symlink, FIFO, socket or device under the new name `as`, with its metadata. 1: a device that may not be made here. */
int fill_node(struct filler *f, const struct lower_entry *e, int dirfd, const char *as);
/* Content and metadata of the lower's file into fd. */
int fill_private_copy(struct filler *f, const struct lower_entry *e, int fd);
/* The times that st shows, after names in the directory were changed. */
int fill_reset_times(int fd, const struct statx *st);

int inode_list_add(struct inode_list *list, uint64_t ino);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lowers, read as one tree: a walk through the merged directories, with the whiteouts (c 0:0)
 * and opaque marks (user.overlay.opaque, trusted.overlay.opaque) of overlayfs, or those of OCI
 * layers. A mount below a
 * lower's root is not part of it: its root is shown as an empty directory.
 */
#ifndef SANDLOCK_COW_LAYER_H
#define SANDLOCK_COW_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "cow/chain.h"
#include "host/dirent.h"

/* One directory as the lowers show it: those that have it, uppermost first. */
struct merged_part {
	int fd;
	uint16_t layer;
};
struct merged {
	struct merged_part *parts;
	size_t n;
};

/* What is not shown. */
struct lower_skip {
	/* a directory that is not part of the lowers: the store, when it lies inside one */
	dev_t dev;
	ino_t ino;
	size_t layers;	     /* number of lowers: overlayfs marks count if there are several */
	bool whiteout_files; /* .wh.NAME are deletions (whiteout.h); set behind lowers_open */
};

struct lowers {
	struct chain
		*chains; /* one per lower, uppermost first; those that take part stand at depth */
	size_t n, depth;
	struct host_dir_reader reader;
	struct merged here; /* scratch: the current directory */
	struct lower_skip skip;
};

/* One name in one lower. */
struct lower_name {
	size_t name; /* offset in lower_dir.names */
	uint16_t layer;
	unsigned char type; /* DT_*, as the directory said */
};

/* Names of one merged directory; those of one name are neighbours, uppermost lower first. */
struct lower_dir {
	struct buf names;
	struct lower_name *raw;
	size_t n, cap;
};

/* What one name of the merged directory is. */
struct lower_entry {
	const char *name; /* borrowed from the lower_dir */
	size_t first, n;  /* raw[first .. first + n) */
	int dirfd;	  /* directory of the lower that shows it; borrowed, until the walk moves */
	size_t layer;
	struct statx st;
	bool mount; /* the root of another mount */
};

/* Paths are followed if they are symlinks. -ENOTDIR, -ENOENT…; ret must be freed by lowers_close on
 * success only. */
int lowers_open(char *const *paths, struct lowers *ret);
void lowers_close(struct lowers *l);
/* Names in the current merged directory. Sorted by bytes; with a single lower and !sort: in the
 * directory's own order. */
int lowers_read(struct lowers *l, bool sort, struct lower_dir *ret);
/* The uppermost lower's descriptor of the current merged directory: its metadata are those of the
 * merged one. */
int lowers_top_fd(const struct lowers *l);
void lower_dir_done(struct lower_dir *dir);
/*
 * Looks at the name that begins at dir->raw[*pos] and moves *pos behind it. 1: *ret filled in; 0:
 * the name is not visible (whiteout, the store itself); or -errno.
 */
int lowers_look(struct lowers *l, const struct lower_dir *dir, size_t *pos,
		struct lower_entry *ret);
/* Into the subdirectory whose names start at raw[first]. n names are looked at. If the first cannot
 * be opened nothing has changed. */
int lowers_enter(struct lowers *l, const struct lower_dir *dir, size_t first, size_t n);
int lowers_leave(struct lowers *l);

/* The same on one directory at a time, for several threads. Paths as in lowers_open. */
int merged_open(char *const *paths, struct merged *ret);
int merged_dup(const struct merged *m, struct merged *ret);
void merged_close(struct merged *m);
/* Into dir, whose memory is used again. */
int merged_read(const struct merged *m, struct host_dir_reader *reader, bool sort,
		struct lower_dir *dir);
int merged_look(const struct merged *m, const struct lower_skip *skip, const struct lower_dir *dir,
		size_t *pos, struct lower_entry *ret);
/* Its subdirectory `name`. -ENOENT, -ENOTDIR: there is none. */
int merged_sub(const struct merged *m, const struct lower_skip *skip, const char *name,
	       struct merged *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container has changed, as a list that can be written elsewhere: a layer, a directory, an upper directory of overlayfs. The
 * list is complete before the first byte is written, so that what cannot be expressed is refused with nothing half made.
 */
#ifndef SANDLOCK_COW_CHANGES_H
#define SANDLOCK_COW_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "cow/cow.h"

/* One object of the walk. live: NULL when deleted; lower: NULL when added. Valid during the call. */
struct cow_seen {
	enum cow_change change;
	const char *path; /* as in cow_diff_fn */
	const struct statx *live, *lower;
};
typedef int (*cow_walk_fn)(const struct cow_seen *seen, void *arg);
/* As cow_diff. same_too: unchanged objects are reported as well, COW_SAME. */
int cow_walk(struct cow *cow, bool same_too, cow_walk_fn fn, void *arg, struct cow_fault *fault);

#define COW_NO_GROUP ((size_t)-1)

struct cow_item {
	enum cow_change change;
	size_t path;	    /* offset in cow_changes.text */
	struct statx live;  /* as the walk saw it; mode 0: deleted */
	struct statx lower; /* mode 0: added */
	/*
	 * Names of one live inode, if it has several: index of the first item of the group. A group of which one name is new or
	 * changed is listed whole (its other names as COW_SAME): written without them, the names would no longer be one file.
	 */
	size_t group;
	/*
	 * To be looked at though it is COW_SAME: in or below one of the paths given to collect, or a name of a file of the image
	 * that is no longer one file.
	 */
	bool asked_for;
};

/*
 * In the order of the walk; the first item is the root (path ""). Directories on the way to a change are listed as COW_SAME, so that
 * each item's parent is an earlier item; so are those that differ in their mtime only.
 */
struct cow_changes {
	struct buf text;
	struct cow_item *v;
	size_t n, cap;
};

/* also: paths, each with its NUL, which are to be listed with all that lies below them; NULL: none. */
int cow_changes_collect(struct cow *cow, const struct buf *also, struct cow_changes *ret,
			struct cow_fault *fault);
void cow_changes_done(struct cow_changes *c);
const char *cow_item_path(const struct cow_changes *c, const struct cow_item *item);

/*
 * Writes the changes as an upper directory of overlayfs into dir_fd, an empty directory (-ENOTEMPTY otherwise): deleted names are character
 * devices 0:0, a directory in place of something else is opaque (trusted.overlay.opaque, or user.overlay.opaque where that is not
 * allowed: mount it with userxattr). -EINVAL: a device 0:0 of the container's own, which would be taken for a deletion. On failure dir_fd is
 * empty again. Objects that vanish meanwhile (a running container) are left out.
 */
int cow_write_upper(struct cow *cow, const struct cow_changes *c, int dir_fd,
		    struct cow_fault *fault);

#define COW_COMMIT_FORCE (1u << 0) /* also where the directory was changed by somebody else */

struct cow_commit {
	int dir_fd;	      /* the directory that gets the changes; must be open for reading */
	unsigned flags;	      /* COW_COMMIT_* */
	unsigned wait_ms;     /* for another commit into the same directory */
	size_t applied;	      /* out: objects made, replaced, removed or given other metadata */
	size_t n_conflicts;   /* out */
	struct buf conflicts; /* out: "path: why" NUL, the first COW_CONFLICTS_MAX of them */
};
#define COW_CONFLICTS_MAX 10

/*
 * Makes the directory what the live root is, as far as the changes say so. Nothing is written in place: each object is made below
 * `.sandlock-commit` and exchanged with what it replaces, so that a reader finds the old or the new one. What is already as it should be is
 * left alone: after an interruption the same call goes on.
 * -EBUSY: another commit holds the directory. -ESTALE: n_conflicts > 0: the directory was changed since the container was made (or since
 * the last commit into it), or never was its lower; nothing has been applied. Symlinks in the directory are never followed.
 */
int cow_commit_to(struct cow *cow, struct cow_commit *commit, struct cow_fault *fault);

/* Does the extended attribute belong to the file, and not to the store, a layer or the host's security module? */
bool cow_xattr_is_content(const char *name);

#endif

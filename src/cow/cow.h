/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The copy-on-write engine: a live root (a real directory tree) that shares regular files with read-only lower directories
 * until they are about to be modified. See docs/design/cow.md for the vocabulary.
 *
 * Knows no seccomp, no pids, no plan. Used by the supervisor (serving) and, for diff and removal, by commands. Everything returns
 * 0 or -errno, never aborts, never prints. Thread-safe where it says so. All descriptors are O_CLOEXEC.
 *
 * Invariant that copy-up relies on: a shared inode has exactly ONE name in the live root. Populate gives files that have several
 * names inside the lower a private copy at once; link(2) on a shared file is preceded by a copy-up (as overlayfs does).
 */
#ifndef SANDLOCK_COW_COW_H
#define SANDLOCK_COW_COW_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct cow;	   /* an open store and its lowers */
struct cow_copy;   /* one copy-up between begin and publish */
struct cow_owners; /* owners of lower files as seen outside of the user namespace */

enum cow_share {
	COW_SHARE_AUTO, /* link, else reflink, else copy; decided per file */
	COW_SHARE_LINK, /* hard link; -EPERM/-EXDEV of one file falls back as auto does (EMLINK always) */
	COW_SHARE_REFLINK, /* FICLONE, else copy */
	COW_SHARE_COPY,
};

struct cow_params {
	const char *dir; /* the store, absolute; must not exist or be an empty directory of ours */
	char *const *lowers;  /* absolute, uppermost first, NULL-terminated, at least one */
	const char *owner_id; /* container id, written into meta so that leftovers can be told */
	enum cow_share share;
	/* Deletions in the lowers are marked as in OCI layer archives, by files .wh.NAME and .wh..wh..opq (and as overlayfs does). */
	bool whiteout_files;
	/*
	 * Nobody will write to the live root: what otherwise is copied so that a copy-up changes one name only, or that its link count is 1, is linked as
	 * well. For the populate by who made the store; not remembered.
	 */
	bool frozen;
	/*
	 * NULL: the owners stat(2) shows are right. Else: ids of the lower are container ids ("shifted": an image owned by
	 * ids that are not mapped in the container, e.g. by real root); see cow_owners_scan.
	 */
	const struct cow_owners *owners;
};

/* Where and at what populate or diff failed, for the error text of the caller. */
struct cow_fault {
	const char *op;	     /* static text such as "link", "read directory", "chown" */
	char path[PATH_MAX]; /* relative to the live root; cut if longer */
};

struct cow_stats {
	uint64_t dirs, linked, reflinked, copied, others; /* entries made by populate */
	uint64_t copied_bytes;
	uint64_t skipped; /* devices that may not be made here (user namespace) */
};

/*
 * Records the owner of every entry of the lowers, to be called BEFORE entering the user namespace in which they are unmapped
 * (stat would show 65534 there). Memory: about 24 bytes an entry.
 */
int cow_owners_scan(char *const *lowers, struct cow_owners **ret, struct cow_fault *fault);
void cow_owners_free(struct cow_owners *owners);
/* Replaces every recorded owner by what fn makes of it. */
typedef void (*cow_owner_fn)(uid_t *uid, gid_t *gid, void *arg);
void cow_owners_translate(struct cow_owners *owners, cow_owner_fn fn, void *arg);

/*
 * Makes <dir>/{root,work,meta} (0700) and opens the store. Refuses a dir that is a symlink, not empty, not owned by the
 * caller or writable for others (-EEXIST, -ENOTDIR, -EPERM). On failure nothing is left.
 */
int cow_create(const struct cow_params *params, struct cow **ret);
/* Opens an existing store. -EUCLEAN: meta is truncated, unknown or of a newer version. */
int cow_open(const char *dir, struct cow **ret);
void cow_close(struct cow *cow);
/* Has populate come to its end, so that the live root and the index of shared inodes are complete? */
bool cow_is_populated(const struct cow *cow);

/*
 * Fills the live root from the lowers, eagerly, and builds the index of shared inodes. Redo after a crash is harmless. Runs with the
 * credentials that may chown to all ids of the image (the container's root); ids that cannot be given (single-id user
 * namespaces) leave the file with the caller's id. fault may be NULL.
 */
int cow_populate(struct cow *cow, struct cow_stats *ret_stats, struct cow_fault *fault);

/* Removes what copy-ups that were killed have left in work/. Only while none is under way. */
int cow_recover(struct cow *cow);

/*
 * Lazy populate: only the root directory is filled; every directory in it is marked (user.sandlock.lower: its path in the lowers) and is to be
 * filled by cow_populate_dir before anybody looks into it. -EOPNOTSUPP: the file system of the store has no user.* xattrs; nothing was
 * made, call cow_populate. From now on the store is for one process (until cow_fill has come to its end, diff in others treats
 * marked directories as unchanged).
 */
int cow_populate_lazily(struct cow *cow, struct cow_stats *ret_stats, struct cow_fault *fault);
/* Some directories are unpopulated. Cheap; true may be late, false is final. */
bool cow_is_lazy(const struct cow *cow);
bool cow_is_unpopulated(struct cow *cow, dev_t dev, ino_t ino);
/*
 * Fills the directory behind fd (any kind), which must lie on the mount of cow_root_fd, if it is unpopulated; waits while another thread
 * does. Failures (ENOSPC...) leave it unpopulated. Thread-safe, as all of these.
 */
int cow_populate_dir(struct cow *cow, int fd);
/* And everything below. For a directory that is going to be renamed: marks are only valid in their place. */
int cow_populate_tree(struct cow *cow, int fd);
/* All directories on the way of path, and the one it leads to (tree: all of it), symlinks followed as in a chroot to the live root. Where
 * nothing is there is nothing to do: 0. */
int cow_populate_path(struct cow *cow, const char *path, bool tree);
/* Everything that is left; pause is called after each directory. When it returns 0, cow_is_lazy is false unless the container moved directories
 * faster than they were found. */
int cow_fill(struct cow *cow, void (*pause)(void *arg), void *arg);
/*
 * While names of one file are filled one by one, nobody knows that they belong together; a change that would show it (rename or removal of
 * a name; copy-up does it by itself) must settle that first. Reads the lowers once.
 */
int cow_settle(struct cow *cow);
bool cow_is_settled(const struct cow *cow);
/* Takes over the store of a process that died: finds the marks again. */
int cow_lazy_reload(struct cow *cow);
/* Is the live directory unpopulated? name NULL: dirfd itself. For walks of another process. */
bool cow_has_mark(int dirfd, const char *name);
/* Will files be linked, by and large, and not copied? */
bool cow_will_link(const struct cow *cow);
/* Entries of the lowers, counted up to max (then *ret is max); what cannot be read counts nothing. */
int cow_count_entries(char *const *lowers, uint64_t max, uint64_t *ret);

/* Live root as an O_PATH descriptor in the mount namespace of the process that opened the store; borrowed. */
int cow_root_fd(const struct cow *cow);
/* The store's directory; borrowed. */
int cow_store_fd(const struct cow *cow);
/* Will this process read the lowers again, or link from them? */
bool cow_needs_lowers(const struct cow *cow);
/* st_dev of the live root; a shared inode has this device. */
dev_t cow_live_dev(const struct cow *cow);

/* Does (dev, ino) belong to a regular file of a lower that the live root may share? Thread-safe, lock-free, no system call. */
bool cow_is_shared(const struct cow *cow, dev_t dev, ino_t ino);
/* Was the live root made without links? Then no inode in it is ever a lower's. */
bool cow_shares_nothing(const struct cow *cow);

/*
 * Copy-up of the shared file (dev, ino) whose live name is `name` in directory parent_fd. parent_fd must lie on the SAME mount as the
 * store (reach it through cow_root_fd, not through the container's root: renameat2 between two bind mounts of one file
 * system is EXDEV). It is borrowed until publish or abort.
 *
 * begin: blocks while another thread copies the same inode, then -EAGAIN (look the name up again). With COW_NO_DATA the content is not
 * copied (size 0). The private file has the shared file's owner, mode, xattrs, ACLs, times; it lies in work/ and is not
 * visible. cow_copy_fd: read-write descriptor of it, borrowed, standing anywhere. The caller may now act on it as the container process would; if
 * that fails it aborts, and nothing has changed.
 * publish: swaps it in (RENAME_EXCHANGE, so that a rival rename or unlink of the name is noticed and undone: -EAGAIN, the private file
 * is gone, nothing of the rival is lost; -ENOENT: the name is gone). Consumes the copy in every case. path: of the name, relative to the live root, for
 * cow_find_moved; NULL: nobody can have an old descriptor.
 * All thread-safe. ENOSPC, EDQUOT, EIO…: returned as they are, no temporary file stays.
 */
#define COW_NO_DATA (1u << 0)
int cow_copy_begin(struct cow *cow, int parent_fd, const char *name, dev_t dev, ino_t ino,
		   unsigned flags, struct cow_copy **ret);
int cow_copy_fd(const struct cow_copy *copy);
int cow_copy_publish(struct cow_copy *copy, const char *path);
void cow_copy_abort(struct cow_copy *copy);
/* begin + publish. */
int cow_copy_up(struct cow *cow, int parent_fd, const char *name, dev_t dev, ino_t ino,
		unsigned flags);
/*
 * A private, unnamed (O_TMPFILE in work/) copy of a shared file that has no live name any more, open as fd says (fd: any descriptor
 * of the shared file, O_PATH allowed). For acting through descriptors of deleted files.
 */
int cow_copy_unnamed(struct cow *cow, int fd, int *ret_fd);

/*
 * A descriptor that was opened before a copy-up goes on to refer to the shared inode; what is done through it must reach the private file that took its name, wherever
 * that is by now. ino alone may be that of a later file, hence born (zero where the file system has no birth times).
 */
struct cow_file_id {
	dev_t dev;
	ino_t ino;
	struct statx_timestamp born;
};
/* Of name in dirfd; "": of dirfd. */
int cow_file_id(int dirfd, const char *name, struct cow_file_id *ret);
bool cow_is_file(int dirfd, const char *name, const struct cow_file_id *id);
/* What took the shared inode's place, and where it was last seen (ret_path: PATH_MAX bytes). -ENOENT: nothing has, or it has no name any more. */
int cow_find_moved(struct cow *cow, ino_t old_ino, struct cow_file_id *ret, char *ret_path);
/* It is not there: looks for it in all of the live root. 0: cow_find_moved knows the place. -ENOENT: it has no name any more. */
int cow_search_moved(struct cow *cow, ino_t old_ino, const struct cow_file_id *id,
		     const char *path);

enum cow_change {
	COW_ADDED,
	COW_CHANGED,
	COW_DELETED,
	COW_SAME, /* only to who asks for it (cow/changes.h): cow_diff does not report it */
};
/* path: bytes relative to the root, without a leading slash, any byte but NUL; "" is the root. Return < 0 stops the walk with that value. */
typedef int (*cow_diff_fn)(enum cow_change change, const char *path, void *arg);
/*
 * In order of the walk (sorted by bytes per directory, parents first). A deleted directory is one line, an added one has its children
 * listed; a change of type is one COW_CHANGED; a directory is changed when its own owner, mode or xattrs are. -EUCLEAN: populate did not
 * come to its end.
 */
int cow_diff(struct cow *cow, cow_diff_fn fn, void *arg, struct cow_fault *fault);

/*
 * Removes a store and everything in it, however deep and whatever modes its directories have; never follows a symlink, never leaves the file
 * system. Missing dir: 0. Needs credentials that own everything in it. Also cleans up half-made stores. Refuses (-EPERM) a directory that does
 * not look like a store (no meta, no root/work), unless it is empty.
 */
int cow_remove(const char *dir, struct cow_fault *fault);

#endif

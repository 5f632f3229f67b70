/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directory trees for tests: temporary directories, making files, and a snapshot of everything a tree shows, as text that can be compared
 * and printed. Every failure of a helper ends the test program (exit 99): a test that could not be set up has said nothing.
 */
#ifndef SANDLOCK_TESTS_TREE_H
#define SANDLOCK_TESTS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A new directory below $TMPDIR or /tmp, 0700, removed at exit. Owned by the helper. */
const char *tree_temp(void);
/* dir/path; stays valid until the program ends. */
const char *tree_path(const char *dir, const char *path);

void tree_mkdir(const char *dir, const char *path,
		mode_t mode); /* exact mode, parents must exist */
void tree_file(const char *dir, const char *path, const char *text, mode_t mode); /* exact mode */
void tree_bytes(const char *dir, const char *path, size_t len,
		unsigned seed); /* 0644, pseudo-random */
void tree_symlink(const char *dir, const char *path, const char *target);
void tree_time(const char *dir, const char *path, long sec, long nsec); /* mtime, no-follow */
/* false: the file system or the kernel refuses this attribute here. */
bool tree_xattr(const char *dir, const char *path, const char *attr, const void *value, size_t len);
char *tree_read(const char *dir, const char *path); /* malloc'ed text */
struct stat tree_stat(const char *dir, const char *path);
bool tree_exists(const char *dir, const char *path);
size_t tree_count(const char *dir, const char *path); /* names in a directory */
int tree_open_fds(void);			      /* of this process */

#define TREE_NO_DIR_TIMES (1u << 0) /* mtime of directories is left out */
#define TREE_NO_OWNERS	  (1u << 1)
#define TREE_INODES	  (1u << 2) /* inode numbers and link counts too */
#define TREE_GROUPS                                                                                \
	(1u << 3) /* for files with several names in the tree: which name was the first */
/*
 * One line for each object, sorted by path: path, type, mode, owner, mtime with nanoseconds, size or device or target, xattrs, hash of the content.
 * The root is ".". malloc'ed. The access times of what is read are kept where that is allowed.
 */
char *tree_snapshot(const char *dir, unsigned flags);
/* Prints the first lines that differ as TAP diagnostics; true if the texts are equal. */
bool tree_same(const char *got, const char *want);

#endif

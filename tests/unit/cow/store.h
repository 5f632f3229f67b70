/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores for the tests of src/cow: made over one lower, populated, removed. */
#ifndef SANDLOCK_TESTS_COW_STORE_H
#define SANDLOCK_TESTS_COW_STORE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cow/cow.h"
#include "tests/lib/tap.h"
#include "tests/lib/tree.h"

static inline struct cow *must_create(const char *dir, const char *lower, enum cow_share share)
{
	char *const lowers[] = {(char *)lower, NULL};
	struct cow_params params = {
		.dir = dir, .lowers = lowers, .owner_id = "test", .share = share};
	struct cow *cow = NULL;
	int r = cow_create(&params, &cow);

	if (r < 0)
		bail("cow_create %s: %s", dir, strerror(-r));
	return cow;
}

static inline void must_populate(struct cow *cow, struct cow_stats *ret_stats)
{
	struct cow_fault fault = {0};
	struct cow_stats stats;
	int r = cow_populate(cow, &stats, &fault);

	if (r < 0)
		bail("cow_populate: %s '%s': %s", fault.op, fault.path, strerror(-r));
	if (ret_stats)
		*ret_stats = stats;
}

/* Root directory only; the rest by cow_fill and friends. */
static inline void must_begin_lazily(struct cow *cow)
{
	struct cow_fault fault = {0};
	struct cow_stats stats;
	int r = cow_populate_lazily(cow, &stats, &fault);

	if (r < 0)
		bail("cow_populate_lazily: %s '%s': %s", fault.op, fault.path, strerror(-r));
}

static inline void must_fill(struct cow *cow)
{
	int r = cow_fill(cow, NULL, NULL);

	if (r < 0)
		bail("cow_fill: %s", strerror(-r));
	ok(!cow_is_lazy(cow), "nothing is left to fill");
}

static inline struct cow *must_store(const char *dir, const char *lower, enum cow_share share)
{
	struct cow *cow = must_create(dir, lower, share);

	must_populate(cow, NULL);
	return cow;
}

/* Is the live file `path` of the store in dir shared with a lower? */
static inline bool live_is_shared(struct cow *cow, const char *dir, const char *path)
{
	struct stat st = tree_stat(tree_path(dir, "root"), path);

	return cow_is_shared(cow, st.st_dev, st.st_ino);
}

static inline int live_open_dir(struct cow *cow, const char *path)
{
	int fd = openat(cow_root_fd(cow), path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		bail("open live directory %s: %s", path, strerror(errno));
	return fd;
}

/* cow_copy_up of <name> in the live directory <parent> ("." is the root). */
static inline int live_copy_up(struct cow *cow, const char *parent, const char *name,
			       unsigned flags)
{
	int fd = live_open_dir(cow, parent), r;
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		bail("stat live %s/%s: %s", parent, name, strerror(errno));
	r = cow_copy_up(cow, fd, name, st.st_dev, st.st_ino, flags);
	close(fd);
	return r;
}

#endif

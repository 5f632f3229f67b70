/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every call to the host library fails once, with EIO, in its turn. Whatever the engine was doing: the error comes back, the lower is
 * untouched, no live name is half made by a copy-up, no temporary file and no descriptor is left over, and the store can be removed.
 * The linker puts the functions below in front of those of src/host (-Wl,--wrap).
 */
#include <config.h>

#include <fcntl.h>
#include <stdint.h>

#include "host/at.h"
#include "host/copy.h"
#include "host/dirent.h"
#include "host/xattr.h"
#include "tests/unit/cow/store.h"

static int countdown; /* 1: the next call fails; 0: none does */

static bool fails(void)
{
	return countdown > 0 && --countdown == 0;
}

/* clang-format off */
#define WRAP(name, params, args)                    \
	int __real_##name params;                   \
	int __wrap_##name params;                   \
	int __wrap_##name params                    \
	{                                           \
		return fails() ? -EIO : __real_##name args; \
	}
WRAP(host_openat, (int d, const char *n, int f, mode_t m, int *r), (d, n, f, m, r))
WRAP(host_open_dir, (int d, const char *n, int *r), (d, n, r))
WRAP(host_open_dir_path, (const char *p, int *r), (p, r))
WRAP(host_open_read, (int d, const char *n, int *r), (d, n, r))
WRAP(host_reopen, (int fd, int f, int *r), (fd, f, r))
WRAP(host_open_tmpfile, (int d, int *r), (d, r))
WRAP(host_statx, (int d, const char *n, struct statx *r), (d, n, r))
WRAP(host_mkdirat, (int d, const char *n, mode_t m), (d, n, m))
WRAP(host_mknodat, (int d, const char *n, mode_t m, dev_t dev), (d, n, m, dev))
WRAP(host_symlinkat, (const char *t, int d, const char *n), (t, d, n))
WRAP(host_readlinkat, (int d, const char *n, char *b, size_t s), (d, n, b, s))
WRAP(host_linkat, (int fd, const char *f, int td, const char *t), (fd, f, td, t))
WRAP(host_renameat2, (int fd, const char *f, int td, const char *t, unsigned fl), (fd, f, td, t, fl))
WRAP(host_fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
WRAP(host_lchownat, (int d, const char *n, uid_t u, gid_t g), (d, n, u, g))
WRAP(host_fchmod, (int fd, mode_t m), (fd, m))
WRAP(host_chmodat, (int d, const char *n, mode_t m), (d, n, m))
WRAP(host_futimens, (int fd, const struct timespec t[2]), (fd, t))
WRAP(host_lutimensat, (int d, const char *n, const struct timespec t[2]), (d, n, t))
WRAP(host_clone, (int s, int d), (s, d))
WRAP(host_copy_data, (int s, int d, const struct statx *st, uint64_t *r), (s, d, st, r))
WRAP(host_dir_reader_init, (struct host_dir_reader *rd, int fd), (rd, fd))
WRAP(host_dir_reader_reset, (struct host_dir_reader *rd, int fd), (rd, fd))
WRAP(host_dir_read, (struct host_dir_reader *rd, struct host_dirent *e), (rd, e))
WRAP(host_xattr_list, (struct host_xattr_ref x, struct buf *r), (x, r))
WRAP(host_xattr_get, (struct host_xattr_ref x, const char *a, struct buf *r), (x, a, r))
WRAP(host_xattr_set, (struct host_xattr_ref x, const char *a, const void *v, size_t l), (x, a, v, l))
WRAP(host_xattr_remove, (struct host_xattr_ref x, const char *a), (x, a))
/* clang-format on */

static const char *lower;
static char *lower_before;

static void make_lower(void)
{
	lower = tree_temp();
	tree_mkdir(lower, "dir", 0755);
	tree_file(lower, "dir/one", "one", 0644);
	if (link(tree_path(lower, "dir/one"), tree_path(lower, "two")) < 0)
		bail("link");
	tree_mkdir(lower, "etc", 0755);
	tree_file(lower, "etc/conf", "conf", 0644);
	tree_xattr(lower, "etc/conf", "user.test", "v", 1);
	tree_xattr(lower, "dir", "user.test", "v", 1);
	tree_file(lower, "shared", "shared", 0644);
	tree_xattr(lower, "shared", "user.test", "v", 1);
	tree_symlink(lower, "link", "shared");
	if (mkfifo(tree_path(lower, "fifo"), 0600) < 0)
		bail("mkfifo");
	lower_before = tree_snapshot(lower, TREE_INODES);
}

/* Is the lower as it was, apart from link counts? */
static bool lower_is_untouched(void)
{
	char *now = tree_snapshot(lower, TREE_INODES);
	bool same = tree_same(now, lower_before);

	free(now);
	return same;
}

static int ignore_change(enum cow_change change, const char *path, void *arg)
{
	(void)path;
	(void)arg;
	return (int)change * 0;
}

/* From nothing to a compared store; the n-th call fails. */
static int whole_life(const char *store)
{
	char *const lowers[] = {(char *)lower, NULL};
	struct cow_params params = {.dir = store, .lowers = lowers};
	struct cow_stats stats;
	struct cow *cow = NULL;
	int r = cow_create(&params, &cow);

	if (r == 0)
		r = cow_populate(cow, &stats, NULL);
	cow_close(cow);
	if (r < 0)
		return r;
	r = cow_open(store, &cow);
	if (r < 0)
		return r;
	r = cow_diff(cow, ignore_change, NULL, NULL);
	cow_close(cow);
	return r;
}

static void check_life(void)
{
	int fds = tree_open_fds(), bad = 0, silent = 0, n;
	char *want = tree_snapshot(lower, 0);

	for (n = 1; n < 5000; n++) {
		const char *base = tree_path(tree_temp(), "s");
		int r, left;

		countdown = n;
		r = whole_life(base);
		left = countdown;
		countdown = 0;
		bad += tree_open_fds() != fds || !lower_is_untouched();
		if (left > 0) { /* nothing has failed: the end of the life is reached */
			is_int(r, 0, "without a failure it succeeds (%d calls)", n - 1);
			is_int(cow_remove(base, NULL), 0, "and is removed");
			break;
		}
		if (r == 0) {
			/* a failure that does not matter (reflink, label) must not show */
			char *got = tree_snapshot(tree_path(base, "root"), 0);

			silent += !tree_same(got, want);
			free(got);
		}
		bad += cow_remove(base, NULL) != 0 || access(base, F_OK) == 0;
		rmdir(tree_path(base, ".."));
	}
	free(want);
	is_int(bad, 0, "failures leave no descriptor, no change of the lower, a removable store");
	is_int(silent, 0, "no failure is passed over in silence");
}

static void check_copy_up(void)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	struct cow *cow = must_store(store, lower, COW_SHARE_LINK);
	int fds, dir = live_open_dir(cow, "."), half = 0, bad = 0, failed = 0;
	struct stat st = tree_stat(root, "shared");
	char *want = tree_snapshot(lower, TREE_NO_DIR_TIMES);

	fds = tree_open_fds();
	for (int n = 1; n < 200; n++) {
		char *got;
		int r, left;

		countdown = n;
		r = cow_copy_up(cow, dir, "shared", st.st_dev, st.st_ino, 0);
		left = countdown;
		countdown = 0;
		failed += r < 0;
		got = tree_snapshot(root, TREE_NO_DIR_TIMES);
		half += !tree_same(got, want);
		free(got);
		bad += tree_open_fds() != fds || tree_count(store, "work") != 0;
		if (left > 0)
			break;
		if (r == 0) { /* the failure did not matter; share it again for the next */
			unlinkat(dir, "shared", 0);
			linkat(AT_FDCWD, tree_path(lower, "shared"), dir, "shared", 0);
		}
	}
	ok(failed > 5, "%d of the calls of a copy-up make it fail", failed);
	is_int(half, 0, "the live name shows the old or the whole new file");
	is_int(bad, 0, "no temporary file and no descriptor is left");
	ok(lower_is_untouched(), "the lower is as it was");
	close(dir);
	cow_close(cow);
	free(want);
}

/* A failure while directories are filled leaves them to be filled again. (When setting a directory's time is what fails, that stays.) */
static void check_lazily(void)
{
	char *want = tree_snapshot(lower, TREE_GROUPS | TREE_NO_DIR_TIMES);
	int bad = 0, failed = 0, n;

	for (n = 1; n < 5000; n++) {
		const char *store = tree_path(tree_temp(), "s");
		int fds = tree_open_fds(), r, left;
		struct cow *cow = must_create(store, lower, COW_SHARE_AUTO);
		char *got;

		must_begin_lazily(cow);
		countdown = n;
		r = cow_fill(cow, NULL, NULL);
		left = countdown;
		countdown = 0;
		failed += r < 0;
		bad += cow_fill(cow, NULL, NULL) != 0 || cow_is_lazy(cow);
		got = tree_snapshot(tree_path(store, "root"), TREE_GROUPS | TREE_NO_DIR_TIMES);
		bad += !tree_same(got, want) || tree_count(store, "work") != 0;
		free(got);
		cow_close(cow);
		bad += tree_open_fds() != fds || cow_remove(store, NULL) != 0;
		rmdir(tree_path(store, ".."));
		if (left > 0)
			break;
	}
	free(want);
	ok(failed > 20, "%d of %d calls make a lazy fill fail", failed, n - 1);
	is_int(bad, 0, "the next one finishes it, with the same result");
}

int main(void)
{
	make_lower();
	check_life();
	check_lazily();
	check_copy_up();
	free(lower_before);
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A copy-up that fails (file size limit, disk full) returns the error and leaves lower, live root and work as they were. */
#include <config.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/cow/store.h"

static void check_failure(struct cow *cow, const char *lower, const char *store, int want,
			  const char *what)
{
	char *before = tree_snapshot(tree_path(store, "root"), TREE_INODES), *after;
	int fds = tree_open_fds();

	is_int(live_copy_up(cow, ".", "big", 0), want, "%s: the error is returned", what);
	after = tree_snapshot(tree_path(store, "root"), TREE_INODES);
	ok(tree_same(after, before), "%s: the live root is as it was", what);
	ok(live_is_shared(cow, store, "big"), "%s: the file is still shared", what);
	is_int(tree_count(store, "work"), 0, "%s: no temporary file stays", what);
	is_int(tree_open_fds(), fds, "%s: no descriptor stays", what);
	is_int(tree_stat(lower, "big").st_size, 2000000, "%s: the lower has its size", what);
	free(before);
	free(after);
}

static void check_size_limit(void)
{
	const char *lower = tree_temp(), *store = tree_path(tree_temp(), "s");
	struct rlimit old, small;
	struct cow *cow;

	tree_bytes(lower, "big", 2000000, 5);
	cow = must_store(store, lower, COW_SHARE_LINK);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 100000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	check_failure(cow, lower, store, -EFBIG, "file size limit");
	setrlimit(RLIMIT_FSIZE, &old);
	is_int(live_copy_up(cow, ".", "big", 0), 0, "and succeeds when there is room again");
	cow_close(cow);
}

static void check_disk_full(void)
{
	const char *base = tree_temp(), *lower = tree_path(base, "lower"),
		   *store = tree_path(base, "s");
	struct cow *cow;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", base, "tmpfs", 0, "size=3m,mode=0700") < 0) {
		tap_skip("disk full", "not root: no tmpfs can be mounted");
		return;
	}
	tree_mkdir(base, "lower", 0755);
	tree_bytes(lower, "big", 2000000, 5);
	cow = must_store(store, lower, COW_SHARE_LINK);
	check_failure(cow, lower, store, -ENOSPC, "disk full");
	cow_close(cow);
	is_int(cow_remove(store, NULL), 0, "removed");
	umount2(base, MNT_DETACH);
}

int main(void)
{
	check_size_limit();
	check_disk_full();
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removal takes away whatever a container can make, follows nothing, and touches only what is a store. */
#include <config.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/cow/store.h"

#define DEPTH 3000

static void make_deep(const char *dir, mode_t mode)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < DEPTH; i++) {
		int sub;

		mkdirat(fd, "d", 0700);
		sub = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub < 0)
			bail("deep: %s", strerror(errno));
		if (i % 100 == 7)
			fchmod(fd, mode);
		close(fd);
		fd = sub;
	}
	close(fd);
}

static void check_hostile(void)
{
	const char *lower = tree_temp(), *outside = tree_temp();
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	char *before, *after;
	int fds = tree_open_fds();

	tree_mkdir(lower, "dir", 0755);
	tree_file(lower, "dir/shared", "shared", 0444);
	tree_mkdir(outside, "target", 0755);
	tree_file(outside, "target/precious", "p", 0600);
	before = tree_snapshot(outside, TREE_INODES);
	cow_close(must_store(store, lower, COW_SHARE_AUTO));
	tree_symlink(root, "to-dir", tree_path(outside, "target"));
	tree_symlink(root, "to-file", tree_path(outside, "target/precious"));
	tree_mkdir(root, "no-search", 0755);
	tree_mkdir(root, "no-search/sub", 0755);
	tree_file(root, "no-search/sub/f", "f", 0000);
	tree_symlink(root, "no-search/up", "../../../..");
	chmod(tree_path(root, "no-search/sub"), 0000);
	chmod(tree_path(root, "no-search"), 0400);
	tree_mkdir(root, "no-write", 0755);
	tree_mkdir(root, "no-write/empty", 0000);
	tree_file(root, "no-write/f", "f", 0644);
	chmod(tree_path(root, "no-write"), 0555);
	make_deep(root, 0100);
	chmod(root, 0000);
	is_int(cow_remove(store, NULL), 0, "a hostile tree is removed");
	ok(access(store, F_OK) < 0, "and gone");
	after = tree_snapshot(outside, TREE_INODES);
	ok(tree_same(after, before), "what its symlinks point to is untouched");
	ok(tree_exists(lower, "dir/shared"), "and the lower is");
	is_int(tree_open_fds(), fds, "no descriptor is left open");
	is_int(cow_remove(store, NULL), 0, "a store that is not there is removed already");
	free(before);
	free(after);
}

/* More names than are kept at a time. */
static void check_many_directories(void)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	char name[200];

	cow_close(must_store(store, tree_temp(), COW_SHARE_AUTO));
	for (int i = 0; i < 4000; i++) {
		snprintf(name, sizeof(name), "%0*d", (int)sizeof(name) - 1, i);
		tree_mkdir(root, name, 0755);
		if (i % 100 == 0)
			tree_file(root, tree_path(name, "f"), "f", 0644);
	}
	is_int(cow_remove(store, NULL), 0, "a directory of 4000 directories with long names");
	ok(access(store, F_OK) < 0, "is gone");
}

static void check_refusals(void)
{
	const char *dir = tree_temp(), *lower = tree_temp();
	struct cow_fault fault = {0};
	char *before, *after;

	tree_mkdir(dir, "root", 0755);
	tree_mkdir(dir, "work", 0755);
	tree_file(dir, "root/precious", "p", 0644);
	before = tree_snapshot(dir, 0);
	is_int(cow_remove(dir, &fault), -EPERM, "no meta: not a store");
	after = tree_snapshot(dir, 0);
	ok(tree_same(after, before), "nothing was touched");
	free(before);
	free(after);
	tree_file(dir, "meta", "something else\n", 0644);
	is_int(cow_remove(dir, NULL), -EPERM, "a meta of somebody else");
	tree_file(dir, "meta", "sandlock-cow 99\n", 0644);
	tree_file(dir, "mine", "m", 0644);
	is_int(cow_remove(dir, NULL), -EPERM, "a name that is none of ours");
	unlink(tree_path(dir, "mine"));
	is_int(cow_remove(dir, NULL), 0, "a store of a newer version is removed");

	dir = tree_path(tree_temp(), "link");
	if (symlink(lower, dir) < 0)
		bail("symlink");
	is_int(cow_remove(dir, NULL), -ENOTDIR, "a symlink");
	dir = tree_temp();
	is_int(cow_remove(dir, NULL), 0, "an empty directory");
	dir = tree_temp();
	tree_file(dir, "meta", "sandlock-c", 0600);
	tree_mkdir(dir, "root", 0700);
	is_int(cow_remove(dir, NULL), 0, "a half-made store with a cut meta");
	dir = tree_temp();
	tree_file(dir, "meta.new", "", 0600);
	is_int(cow_remove(dir, NULL), 0, "one whose meta was just being written");
}

static void check_mount(void)
{
	const char *lower = tree_temp(), *outside = tree_temp();
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	struct cow_fault fault = {0};

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0) {
		tap_skip("mounts", "not root");
		return;
	}
	tree_mkdir(lower, "mnt", 0755);
	tree_file(outside, "precious", "p", 0644);
	cow_close(must_store(store, lower, COW_SHARE_AUTO));
	if (mount(outside, tree_path(root, "mnt"), "none", MS_BIND, NULL) < 0)
		bail("mount: %s", strerror(errno));
	is_int(cow_remove(store, &fault), -EBUSY, "a mount of the same file system is not entered");
	is_str(fault.path, "mnt", "the fault names it");
	ok(tree_exists(outside, "precious"), "what is mounted is untouched");
	umount2(tree_path(root, "mnt"), MNT_DETACH);
	is_int(cow_remove(store, NULL), 0, "removed when it is unmounted");
}

int main(void)
{
	check_hostile();
	check_many_directories();
	check_refusals();
	check_mount();
	return tap_done();
}

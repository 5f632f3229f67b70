/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A populate that was cut short is done again from the start; one that fails says where; nothing half made passes for complete. */
#include <config.h>

#include "tests/unit/cow/store.h"

static void make_lower(const char *l)
{
	tree_mkdir(l, "dir", 0555);
	chmod(tree_path(l, "dir"), 0755);
	tree_file(l, "dir/file", "f", 0644);
	tree_symlink(l, "link", "dir");
	chmod(tree_path(l, "dir"), 0555);
}

static int nothing(enum cow_change change, const char *path, void *arg)
{
	(void)change;
	(void)path;
	(void)arg;
	return 0;
}

int main(void)
{
	const char *l = tree_temp(), *store = tree_path(tree_temp(), "s"), *other = tree_temp();
	const char *root = tree_path(store, "root");
	struct cow_fault fault = {0};
	struct cow_stats stats;
	struct cow *cow;
	char *want, *got;

	make_lower(l);
	cow = must_create(store, l, COW_SHARE_AUTO);
	is_int(cow_diff(cow, nothing, NULL, NULL), -EUCLEAN,
	       "an empty live root cannot be compared");
	/* as a crash could leave it */
	tree_mkdir(root, "dir", 0555);
	tree_file(root, "link", "wrong", 0644);
	tree_file(tree_path(store, "work"), "t0", "temporary", 0644);
	chmod(root, 0555);
	cow_close(cow);
	is_int(cow_open(store, &cow), 0, "open what a crash has left");
	is_int(cow_populate(cow, &stats, &fault), 0, "populate again");
	got = tree_snapshot(root, 0);
	want = tree_snapshot(l, 0);
	ok(tree_same(got, want), "the live root is complete");
	is_int(tree_count(store, "work"), 0, "and work is empty");
	cow_close(cow);
	free(got);
	free(want);

	tree_mkdir(other, "a", 0755);
	tree_mkdir(other, "a/b", 0755);
	tree_file(other, "a/b/unreadable", "x", 0000);
	store = tree_path(tree_temp(), "s");
	cow = must_create(store, other, COW_SHARE_COPY);
	if (geteuid() == 0) {
		tap_skip("unreadable file", "root reads everything");
	} else {
		is_int(cow_populate(cow, &stats, &fault), -EACCES,
		       "an unreadable file is an error");
		is_str(fault.path, "a/b/unreadable", "the fault names it");
		is_str(fault.op, "open", "and what failed");
	}
	cow_close(cow);
	is_int(cow_remove(store, NULL), 0, "a half-made store is removed");
	ok(access(store, F_OK) < 0, "and gone");

	store = tree_path(tree_temp(), "s");
	cow = must_create(store, tree_path(other, "missing"), COW_SHARE_AUTO);
	is_int(cow_populate(cow, &stats, &fault), -ENOENT, "a lower that is not there");
	is_str(fault.op, "open lower", "is named by the fault");
	cow_close(cow);
	return tap_done();
}

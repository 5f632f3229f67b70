/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several lowers are one tree: upper names hide lower ones, whiteouts and opaque directories of overlayfs are honoured. */
#include <config.h>

#include "tests/unit/cow/store.h"

static void make_bottom(const char *l)
{
	tree_mkdir(l, "both", 0755);
	tree_file(l, "both/bottom", "bottom", 0644);
	tree_file(l, "both/same", "bottom", 0644);
	tree_file(l, "both/deleted", "bottom", 0644);
	tree_mkdir(l, "both/dir-to-file", 0755);
	tree_file(l, "both/dir-to-file/x", "x", 0644);
	tree_file(l, "both/file-to-dir", "x", 0644);
	tree_mkdir(l, "opaque", 0755);
	tree_file(l, "opaque/hidden", "x", 0644);
	tree_mkdir(l, "gone", 0755);
	tree_file(l, "gone/x", "x", 0644);
	tree_mkdir(l, "only-bottom", 0711);
	tree_file(l, "only-bottom/x", "x", 0644);
	tree_mkdir(l, "cut", 0755);
	tree_file(l, "cut/deepest", "x", 0644);
}

static void make_middle(const char *l)
{
	tree_mkdir(l, "both", 0700);
	tree_file(l, "both/middle", "middle", 0644);
	tree_file(l, "cut", "a file between two directories", 0644);
}

static bool make_whiteout(const char *l, const char *path)
{
	return mknod(tree_path(l, path), S_IFCHR, 0) == 0;
}

static bool make_top(const char *l)
{
	tree_mkdir(l, "both", 0750);
	tree_file(l, "both/same", "top", 0600);
	tree_file(l, "both/dir-to-file", "now a file", 0644);
	tree_mkdir(l, "both/file-to-dir", 0755);
	tree_file(l, "both/file-to-dir/y", "y", 0644);
	tree_mkdir(l, "opaque", 0755);
	tree_file(l, "opaque/shown", "x", 0644);
	tree_mkdir(l, "cut", 0755);
	tree_file(l, "cut/top", "x", 0644);
	return make_whiteout(l, "both/deleted") && make_whiteout(l, "gone") &&
	       (tree_xattr(l, "opaque", "trusted.overlay.opaque", "y", 1) ||
		tree_xattr(l, "opaque", "user.overlay.opaque", "y", 1));
}

static void check_merged(const char *root)
{
	char *text = tree_read(root, "both/same");

	is_str(text, "top", "the uppermost lower's file is shown");
	free(text);
	is_int(tree_stat(root, "both/same").st_mode & 07777, 0600, "with its mode");
	is_int(tree_stat(root, "both").st_mode & 07777, 0750, "the uppermost directory's mode");
	ok(tree_exists(root, "both/bottom") && tree_exists(root, "both/middle"),
	   "names of all lowers are there");
	ok(!tree_exists(root, "both/deleted") && !tree_exists(root, "gone"),
	   "whiteouts hide files and directories and are not shown");
	ok(S_ISREG(tree_stat(root, "both/dir-to-file").st_mode), "a file hides a directory");
	is_int(tree_count(root, "both/file-to-dir"), 1, "a directory hides a file");
	is_int(tree_count(root, "opaque"), 1, "an opaque directory hides the names below it");
	ok(tree_exists(root, "opaque/shown"), "but not its own");
	is_int(tree_count(root, "cut"), 1, "a file in a middle lower cuts off what lies below it");
	ok(tree_exists(root, "only-bottom/x"), "a directory of the lowest lower only");
	is_int(tree_stat(root, "only-bottom").st_mode & 07777, 0711, "has its own mode");
}

static int count(enum cow_change change, const char *path, void *arg)
{
	printf("# diff: %d %s\n", (int)change, path);
	++*(int *)arg;
	return 0;
}

static void check_refused(const char *upper, const char *lower, const char *what)
{
	const char *store = tree_path(tree_temp(), "s");
	char *const lowers[] = {(char *)upper, (char *)lower, NULL};
	struct cow_params params = {.dir = store, .lowers = lowers};
	struct cow_fault fault = {0};
	struct cow_stats stats;
	struct cow *cow;

	if (cow_create(&params, &cow) < 0)
		bail("create");
	is_int(cow_populate(cow, &stats, &fault), -EOPNOTSUPP, "%s is refused", what);
	is_str(fault.path, "odd", "%s: the fault names it", what);
	cow_close(cow);
}

int main(void)
{
	const char *top = tree_temp(), *middle = tree_temp(), *bottom = tree_temp();
	const char *store = tree_path(tree_temp(), "s");
	char *const lowers[] = {(char *)top, (char *)middle, (char *)bottom, NULL};
	struct cow_params params = {.dir = store, .lowers = lowers, .owner_id = "layers"};
	struct cow *cow;
	int changes = 0;

	make_bottom(bottom);
	make_middle(middle);
	if (!make_top(top)) {
		tap_skip("layers", "host: no whiteouts or no xattrs for this user here");
		return tap_done();
	}
	if (cow_create(&params, &cow) < 0)
		bail("create");
	must_populate(cow, NULL);
	check_merged(tree_path(store, "root"));
	is_int(cow_diff(cow, count, &changes, NULL), 0, "diff");
	is_int(changes, 0, "nothing has changed");
	unlink(tree_path(store, "root/both/bottom"));
	is_int(cow_diff(cow, count, &changes, NULL), 0, "diff");
	is_int(changes, 1, "one name is deleted");
	cow_close(cow);

	params.dir = tree_path(tree_temp(), "s");
	if (cow_create(&params, &cow) < 0)
		bail("create");
	must_begin_lazily(cow);
	if (cow_populate_path(cow, "both/file-to-dir", false) < 0)
		bail("cow_populate_path");
	must_fill(cow);
	check_merged(tree_path(params.dir, "root"));
	is_int(cow_diff(cow, count, &changes, NULL), 0, "diff of the lazily populated one");
	is_int(changes, 1, "nothing has changed there");
	cow_close(cow);

	top = tree_temp();
	tree_file(top, "odd", "", 0644);
	if (tree_xattr(top, "odd", "user.overlay.metacopy", "", 0))
		check_refused(top, bottom, "a metacopy file");
	top = tree_temp();
	tree_mkdir(top, "odd", 0755);
	if (tree_xattr(top, "odd", "user.overlay.redirect", "x", 1))
		check_refused(top, bottom, "a redirected directory");
	return tap_done();
}

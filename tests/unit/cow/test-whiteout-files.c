/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deletions by .wh. files: honoured when asked for, and then never shown; plain names otherwise. */
#include <config.h>

#include "tests/unit/cow/store.h"

static void make_bottom(const char *l)
{
	tree_mkdir(l, "d", 0755);
	tree_file(l, "d/kept", "x", 0644);
	tree_file(l, "d/deleted", "x", 0644);
	tree_mkdir(l, "gone", 0755);
	tree_file(l, "gone/x", "x", 0644);
	tree_mkdir(l, "again", 0755);
	tree_file(l, "again/old", "x", 0644);
	tree_mkdir(l, "opaque", 0755);
	tree_file(l, "opaque/hidden", "x", 0644);
	tree_file(l, "opaque/replaced", "bottom", 0644);
}

static void make_top(const char *l)
{
	tree_mkdir(l, "d", 0755);
	tree_file(l, "d/.wh.deleted", "", 0644);
	tree_file(l, ".wh.gone", "", 0644);
	tree_file(l, ".wh.again", "", 0644);
	tree_mkdir(l, "again", 0755);
	tree_file(l, "again/new", "x", 0644);
	tree_mkdir(l, "opaque", 0755);
	tree_file(l, "opaque/.wh..wh..opq", "", 0644);
	tree_file(l, "opaque/replaced", "top", 0644);
	tree_file(l, ".wh..wh.plnk", "", 0644);
}

static int count(enum cow_change change, const char *path, void *arg)
{
	printf("# diff: %d %s\n", (int)change, path);
	++*(int *)arg;
	return 0;
}

static struct cow *merge(const char *dir, char *const *lowers, bool files)
{
	struct cow_params params = {
		.dir = dir, .lowers = lowers, .owner_id = "test", .whiteout_files = files};
	struct cow *cow = NULL;

	if (cow_create(&params, &cow) < 0)
		bail("cow_create %s", dir);
	must_populate(cow, NULL);
	return cow;
}

static void check_honoured(char *const *lowers)
{
	const char *dir = tree_path(tree_temp(), "s"), *root = tree_path(dir, "root");
	struct cow *cow = merge(dir, lowers, true);
	int changes = 0;
	char *text;

	ok(tree_exists(root, "d/kept") && !tree_exists(root, "d/deleted"), "a file is deleted");
	is_int(tree_count(root, "d"), 1, "and its mark is not shown");
	ok(!tree_exists(root, "gone"), "a directory is deleted");
	ok(tree_exists(root, "again/new") && !tree_exists(root, "again/old"),
	   "a directory that was deleted and made again");
	is_int(tree_count(root, "opaque"), 1, "an opaque directory");
	text = tree_read(root, "opaque/replaced");
	is_str(text, "top", "shows its own names");
	free(text);
	is_int(tree_count(root, "."), 3, "no mark is shown");
	cow_close(cow);
	is_int(cow_open(dir, &cow), 0, "the store is opened again");
	is_int(cow_diff(cow, count, &changes, NULL), 0, "and compared");
	is_int(changes, 0, "nothing has changed");
	cow_close(cow);
}

int main(void)
{
	const char *top = tree_temp(), *bottom = tree_temp();
	char *const lowers[] = {(char *)top, (char *)bottom, NULL};
	char *const only[] = {(char *)top, NULL};
	const char *dir = tree_path(tree_temp(), "s");

	make_top(top);
	make_bottom(bottom);
	check_honoured(lowers);
	cow_close(merge(dir, only, true));
	is_int(tree_count(tree_path(dir, "root"), "."), 3,
	       "a single layer: marks are not shown either");
	dir = tree_path(tree_temp(), "s");
	cow_close(merge(dir, only, false));
	ok(tree_exists(tree_path(dir, "root"), ".wh.gone"),
	   "not asked for: they are names as others");
	return tap_done();
}

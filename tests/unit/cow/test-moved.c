/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The private file behind a shared inode is found wherever the container has moved it, and never taken for a later file. */
#include <config.h>

#include <fcntl.h>
#include <limits.h>

#include "tests/unit/cow/store.h"

static const char *lower, *store, *root;

static void make_lower(void)
{
	lower = tree_temp();
	tree_mkdir(lower, "a", 0755);
	tree_mkdir(lower, "a/b", 0700);
	tree_file(lower, "a/b/one", "one", 0644);
	tree_file(lower, "a/two", "two", 0644);
	tree_file(lower, "a/gone", "gone", 0644);
	tree_file(lower, "a/many", "many", 0644);
	tree_file(lower, "top", "top", 0644);
	store = tree_path(tree_temp(), "s");
	root = tree_path(store, "root");
}

/* As the guard does it. Returns the shared inode. */
static ino_t copy_up(struct cow *cow, const char *dir, const char *name, const char *path)
{
	struct stat st = tree_stat(root, path);
	int dir_fd = live_open_dir(cow, dir);
	struct cow_copy *copy = NULL;

	is_int(cow_copy_begin(cow, dir_fd, name, st.st_dev, st.st_ino, 0, &copy), 0, "begin %s",
	       path);
	is_int(cow_copy_publish(copy, path), 0, "publish");
	close(dir_fd);
	return st.st_ino;
}

static void must_rename(const char *from, const char *to)
{
	if (rename(tree_path(root, from), tree_path(root, to)) < 0)
		bail("rename %s: %s", from, strerror(errno));
}

static bool is_at(struct cow *cow, ino_t old, const char *where)
{
	struct cow_file_id id;
	char path[PATH_MAX] = "";

	return cow_find_moved(cow, old, &id, path) == 0 && !strcmp(path, where) &&
	       cow_is_file(cow_root_fd(cow), path, &id);
}

static int search(struct cow *cow, ino_t old)
{
	struct cow_file_id id;
	char path[PATH_MAX];
	int r = cow_find_moved(cow, old, &id, path);

	return r < 0 ? r : cow_search_moved(cow, old, &id, path);
}

/* As somebody who has seen that it is not at path (any more). */
static int search_from(struct cow *cow, ino_t old, const char *was_at)
{
	struct cow_file_id id;
	char path[PATH_MAX];
	int r = cow_find_moved(cow, old, &id, path);

	return r < 0 ? r : cow_search_moved(cow, old, &id, was_at);
}

static void check_moves(struct cow *cow)
{
	ino_t one = copy_up(cow, "a/b", "one", "a/b/one"), two = copy_up(cow, "a", "two", "a/two");

	ok(is_at(cow, one, "a/b/one"), "where it was copied up");
	must_rename("a/b/one", "a/b/new");
	ok(!is_at(cow, one, "a/b/one"), "renamed: not there any more");
	is_int(search(cow, one), 0, "searched for");
	ok(is_at(cow, one, "a/b/new"), "renamed: found");
	must_rename("a/two", "a/b/two");
	must_rename("a", "z");
	tree_mkdir(root, "a", 0755);
	is_int(search(cow, one), 0, "the directory above was moved");
	ok(is_at(cow, one, "z/b/new"), "found below its new name");
	ok(is_at(cow, two, "z/b/two"), "the others are found on the way");
	must_rename("z/b/two", "z/b/away");
	is_int(search_from(cow, two, "a/two"), 0, "who has waited for that search");
	ok(!is_at(cow, two, "z/b/away"), "tries what it has found before it searches itself");
	must_rename("z/b/away", "z/b/two");
	if (link(tree_path(root, "z/b/two"), tree_path(root, "a/link")) < 0 ||
	    unlink(tree_path(root, "z/b/two")) < 0)
		bail("link: %s", strerror(errno));
	is_int(search(cow, two), 0, "another name");
	ok(is_at(cow, two, "a/link"), "found under it");
}

/* More names than the search keeps at a time, and a file behind the last of them, whichever that is. */
static void check_many_directories(struct cow *cow)
{
	ino_t many = copy_up(cow, "z", "many", "z/many");
	char name[200];

	tree_mkdir(root, "dirs", 0755);
	for (int i = 0; i < 4000; i++) {
		snprintf(name, sizeof(name), "dirs/%0*d", (int)sizeof(name) - 6, i);
		tree_mkdir(root, name, 0755);
	}
	for (int i = 0; i < 4000; i += 1333) {
		const char *now_at;

		snprintf(name, sizeof(name), "dirs/%0*d", (int)sizeof(name) - 6, i);
		now_at = tree_path(name, "f");
		must_rename(i ? "many" : "z/many", now_at);
		is_int(search(cow, many), 0, "searched for in 4000 directories");
		ok(is_at(cow, many, now_at), "found in number %d", i);
		must_rename(now_at, "many");
	}
}

static void check_gone(struct cow *cow)
{
	ino_t old = copy_up(cow, "z", "gone", "z/gone"), top = copy_up(cow, ".", "top", "top");
	struct cow_file_id id;
	char path[PATH_MAX];

	unlink(tree_path(root, "z/gone"));
	/* where inode numbers are used again this file has the same one */
	tree_file(root, "z/gone", "another", 0644);
	is_int(cow_find_moved(cow, old, &id, path), 0, "removed, but nobody has looked");
	ok(!cow_is_file(cow_root_fd(cow), "z/gone", &id), "a later file of that name is another");
	is_int(search(cow, old), -ENOENT, "searched for in vain");
	is_int(cow_find_moved(cow, old, &id, path), -ENOENT, "which is remembered");
	ok(is_at(cow, top, "top"), "other files are still known");
	is_int(cow_find_moved(cow, old + 1000000, &id, path), -ENOENT, "never copied up");
}

/* Names of one file, linked before they are known to be one: they move when they are put together. */
static void check_group(void)
{
	const char *l = tree_temp(), *s = tree_path(tree_temp(), "s");
	struct cow_file_id id;
	char path[PATH_MAX];
	struct cow *cow;
	ino_t shared;

	tree_mkdir(l, "d", 0755);
	tree_file(l, "g1", "group", 0644);
	if (link(tree_path(l, "g1"), tree_path(l, "d/g2")) < 0)
		bail("link");
	shared = tree_stat(l, "g1").st_ino;
	cow = must_create(s, l, COW_SHARE_LINK);
	must_begin_lazily(cow);
	is_int(tree_stat(tree_path(s, "root"), "g1").st_ino, shared, "linked at first");
	must_fill(cow);
	is_int(cow_find_moved(cow, shared, &id, path), 0, "a private inode took its place");
	is_int(id.ino, tree_stat(tree_path(s, "root"), "d/g2").st_ino, "that of all names");
	ok(cow_is_file(cow_root_fd(cow), path, &id), "and it is where it says");
	cow_close(cow);
}

int main(void)
{
	struct cow *cow;

	make_lower();
	cow = must_store(store, lower, COW_SHARE_LINK);
	check_moves(cow);
	check_many_directories(cow);
	check_gone(cow);
	cow_close(cow);
	check_group();
	return tap_done();
}

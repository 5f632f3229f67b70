/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that are one file in the lower are one private file in the live root; a file of one name stays shared although other live
 * roots link it as well.
 */
#include <config.h>

#include <sys/sysmacros.h>

#include "tests/unit/cow/store.h"

static void must_link(const char *l, const char *from, const char *to)
{
	if (link(tree_path(l, from), tree_path(l, to)) < 0)
		bail("link %s: %s", to, strerror(errno));
}

static void make_lower(const char *l)
{
	tree_mkdir(l, "a", 0755);
	tree_mkdir(l, "a/b", 0755);
	tree_mkdir(l, "a/b/c", 0755);
	tree_mkdir(l, "z", 0755);
	tree_mkdir(l, "etc", 0755);
	tree_file(l, "a/one", "one", 04755);
	must_link(l, "a/one", "a/two");
	must_link(l, "a/one", "a/b/c/three");
	must_link(l, "a/one", "z/four");
	tree_file(l, "a/b/empty", "", 0644);
	must_link(l, "a/b/empty", "z/empty");
	tree_file(l, "etc/conf", "c", 0644);
	must_link(l, "etc/conf", "z/conf");
	tree_file(l, "z/single", "s", 0644);
	tree_symlink(l, "a/link", "one");
	must_link(l, "a/link", "a/b/c/link");
	must_link(l, "a/link", "z/link");
	if (mkfifo(tree_path(l, "a/fifo"), 0640) < 0)
		bail("mkfifo: %s", strerror(errno));
	must_link(l, "a/fifo", "z/fifo");
	/* where this may be made depends on who runs the test */
	if (mknod(tree_path(l, "a/null"), S_IFCHR | 0600, makedev(1, 3)) == 0)
		must_link(l, "a/null", "z/null");
	for (int i = 0; i < 4; i++)
		tree_time(l, ((const char *[]){"a", "a/b", "a/b/c", "z"})[i], 1100000000 + i, i);
}

static void check_store(const char *l, const char *store, enum cow_share share, const char *what)
{
	struct cow_stats stats;
	struct cow *cow = must_create(store, l, share);
	const char *root = tree_path(store, "root");

	must_populate(cow, &stats);
	is_int(tree_stat(root, "a/one").st_ino, tree_stat(root, "z/four").st_ino,
	       "%s: names in different directories are one file", what);
	is_int(tree_stat(root, "a/one").st_nlink, 4, "%s: with four names, and no others", what);
	is_int(tree_stat(root, "z/empty").st_nlink, 2, "%s: an empty file too", what);
	is_int(tree_stat(root, "etc/conf").st_ino, tree_stat(root, "z/conf").st_ino,
	       "%s: and one with a name below /etc", what);
	is_int(tree_stat(root, "a/link").st_ino, tree_stat(root, "z/link").st_ino,
	       "%s: names of a symlink are one symlink", what);
	is_int(tree_stat(root, "a/b/c/link").st_nlink, 3, "%s: with three names", what);
	ok(S_ISLNK(tree_stat(root, "z/link").st_mode), "%s: not what it leads to", what);
	is_int(tree_stat(root, "a/fifo").st_ino, tree_stat(root, "z/fifo").st_ino, "%s: a FIFO",
	       what);
	ok(!live_is_shared(cow, store, "a/one") && !live_is_shared(cow, store, "z/conf"),
	   "%s: they are private", what);
	ok(tree_stat(root, "a/one").st_ino != tree_stat(l, "a/one").st_ino,
	   "%s: and not the lower's inode", what);
	if (share == COW_SHARE_AUTO) {
		ok(live_is_shared(cow, store, "z/single"), "%s: a file of one name is shared",
		   what);
		is_int(stats.linked, 1, "%s: the only one", what);
	}
	is_int(tree_count(store, "work"), 0, "%s: nothing is left in work", what);
	cow_close(cow);
}

/* A root that is only looked at. */
static void check_frozen(const char *l, const char *store)
{
	char *lowers[] = {(char *)l, NULL};
	struct cow_params params = {.dir = store, .lowers = lowers, .owner_id = "", .frozen = true};
	const char *root = tree_path(store, "root");
	struct cow_stats stats;
	struct cow *cow;

	is_int(cow_create(&params, &cow), 0, "frozen: create");
	must_populate(cow, &stats);
	is_int(tree_stat(root, "a/one").st_ino, tree_stat(l, "a/one").st_ino,
	       "frozen: a file of several names is the lower's inode");
	is_int(tree_stat(root, "z/four").st_ino, tree_stat(l, "a/one").st_ino,
	       "frozen: by all its names");
	is_int(tree_stat(root, "etc/conf").st_ino, tree_stat(l, "etc/conf").st_ino,
	       "frozen: so is one below /etc");
	ok(live_is_shared(cow, store, "z/four"), "frozen: and known to be shared");
	cow_close(cow);
}

int main(void)
{
	const char *l = tree_temp();
	const char *first = tree_path(tree_temp(), "s"), *second = tree_path(tree_temp(), "s");
	const char *third = tree_path(tree_temp(), "s");
	char *want, *live;

	make_lower(l);
	check_store(l, first, COW_SHARE_AUTO, "first store");
	live = tree_snapshot(tree_path(first, "root"), 0);
	want = tree_snapshot(l, 0);
	ok(tree_same(live, want), "content, modes and times are the lower's, of directories too");
	free(want);
	free(live);
	is_int(tree_stat(l, "z/single").st_nlink, 2, "the first live root links the single file");
	check_store(l, second, COW_SHARE_AUTO, "second store");
	check_store(l, third, COW_SHARE_COPY, "copies");
	is_int(tree_stat(l, "a/one").st_nlink, 4, "no link to the lower's group stays");
	check_frozen(l, tree_path(tree_temp(), "s"));
	return tap_done();
}

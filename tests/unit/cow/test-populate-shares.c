/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are linked and which are copied; what the index says about them, before and after the store is opened again. */
#include <config.h>

#include "tests/unit/cow/store.h"

static void make_lower(const char *l)
{
	tree_mkdir(l, "etc", 0755);
	tree_mkdir(l, "etc/sub", 0755);
	tree_mkdir(l, "var", 0755);
	tree_mkdir(l, "var/log", 0755);
	tree_mkdir(l, "var/spool", 0755);
	tree_mkdir(l, "var/lib", 0755);
	tree_mkdir(l, "usr", 0755);
	tree_mkdir(l, "usr/etc", 0755);
	tree_mkdir(l, "var/logs", 0755);
	tree_file(l, "usr/tool", "tool", 0755);
	tree_file(l, "usr/empty", "", 0644);
	tree_file(l, "usr/etc/conf", "c", 0644);
	tree_file(l, "etc/passwd", "p", 0644);
	tree_file(l, "etc/sub/deep", "d", 0644);
	tree_file(l, "var/log/wtmp", "w", 0644);
	tree_file(l, "var/logs/x", "x", 0644);
	tree_file(l, "var/spool/mail", "m", 0644);
	tree_file(l, "var/lib/db", "db", 0644);
}

static bool same_inode(const char *l, const char *store, const char *path)
{
	struct stat a = tree_stat(l, path), b = tree_stat(tree_path(store, "root"), path);

	return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void check_index(struct cow *cow, const char *l, const char *store, const char *when)
{
	static const char *const linked[] = {"usr/tool", "usr/etc/conf", "var/logs/x",
					     "var/lib/db"};
	static const char *const copied[] = {"usr/empty", "etc/passwd", "etc/sub/deep",
					     "var/log/wtmp", "var/spool/mail"};
	struct stat st = tree_stat(l, "usr/tool");

	for (size_t i = 0; i < sizeof(linked) / sizeof(*linked); i++)
		ok(same_inode(l, store, linked[i]) && live_is_shared(cow, store, linked[i]),
		   "%s: %s is linked and shared", when, linked[i]);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		ok(!same_inode(l, store, copied[i]) && !live_is_shared(cow, store, copied[i]),
		   "%s: %s is a private copy", when, copied[i]);
	ok(!cow_is_shared(cow, st.st_dev + 1, st.st_ino), "%s: another device, not shared", when);
	ok(!cow_is_shared(cow, tree_stat(l, "usr").st_dev, tree_stat(l, "usr").st_ino),
	   "%s: directories are not shared", when);
	ok(cow_live_dev(cow) == st.st_dev, "%s: device of the live root", when);
}

int main(void)
{
	const char *l = tree_temp(), *store = tree_path(tree_temp(), "store");
	struct cow_stats stats;
	struct cow *cow;

	make_lower(l);
	cow = must_create(store, l, COW_SHARE_AUTO);
	must_populate(cow, &stats);
	is_int(stats.linked, 4, "four files are linked");
	is_int(stats.copied + stats.reflinked, 5, "five are copied");
	is_int(stats.dirs, 9, "nine directories");
	check_index(cow, l, store, "new");
	must_populate(cow, &stats);
	is_int(stats.dirs, 0, "populating what is populated does nothing");
	cow_close(cow);
	is_int(cow_open(store, &cow), 0, "open");
	check_index(cow, l, store, "opened");
	cow_close(cow);

	store = tree_path(tree_temp(), "copies");
	cow = must_create(store, l, COW_SHARE_COPY);
	must_populate(cow, &stats);
	is_int(stats.linked, 0, "share=copy links nothing");
	ok(!live_is_shared(cow, store, "usr/tool") && !same_inode(l, store, "usr/tool"),
	   "and shares nothing");
	cow_close(cow);
	return tap_done();
}

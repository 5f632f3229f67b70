/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff names what the container has changed, and only that. */
#include <config.h>

#include "base/buf.h"
#include "tests/unit/cow/store.h"

static const char *lower, *root;
static struct cow *cow;
static enum cow_share share;

static int add_line(enum cow_change change, const char *path, void *arg)
{
	static const char letters[] = {[COW_ADDED] = 'A', [COW_CHANGED] = 'C', [COW_DELETED] = 'D'};

	return buf_printf(arg, "%c %s\n", letters[change], path);
}

static char *diff(void)
{
	struct buf b = {0};
	struct cow_fault fault = {0};
	int r = cow_diff(cow, add_line, &b, &fault);

	if (r < 0)
		bail("diff: %s '%s': %s", fault.op, fault.path, strerror(-r));
	return buf_steal(&b);
}

static void check(const char *want, const char *what)
{
	char *got = diff();

	is_str(got, want, "share %d: %s", (int)share, what);
	free(got);
}

static void make_lower(void)
{
	lower = tree_temp();
	tree_mkdir(lower, "dir", 0755);
	tree_file(lower, "dir/a", "a", 0644);
	tree_file(lower, "dir/b", "b", 0644);
	tree_file(lower, "dir/c", "c", 0644);
	tree_mkdir(lower, "dir/sub", 0755);
	tree_file(lower, "dir/sub/x", "x", 0644);
	tree_mkdir(lower, "etc", 0755);
	tree_file(lower, "etc/conf", "conf", 0644);
	tree_symlink(lower, "link", "dir/a");
	tree_file(lower, "lookalike", "12345", 0777);
	tree_file(lower, "to-dir", "x", 0644);
	tree_mkdir(lower, "to-file", 0755);
	tree_file(lower, "to-file/x", "x", 0644);
	tree_file(lower, "zz", "zz", 0644);
	if (link(tree_path(lower, "zz"), tree_path(lower, "zz2")) < 0 ||
	    mkfifo(tree_path(lower, "fifo"), 0644) < 0)
		bail("link or mkfifo");
}

static void copy_up(const char *parent, const char *name)
{
	int r = share == COW_SHARE_LINK ? live_copy_up(cow, parent, name, 0) : 0;

	if (r < 0)
		bail("copy up %s: %s", name, strerror(-r));
}

/* Sets content and puts the old time back: only the content tells. */
static void change_secretly(const char *path, const char *text)
{
	struct stat st = tree_stat(root, path);

	tree_file(root, path, text, st.st_mode & 07777);
	tree_time(root, path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void check_files(void)
{
	copy_up("dir", "a");
	check("", "a copy-up alone is no change");
	change_secretly("dir/a", "A");
	check("C dir/a\n", "content, size and time being equal");
	change_secretly("dir/a", "a");
	check("", "content back again");
	chmod(tree_path(root, "dir/a"), 0600);
	check("C dir/a\n", "mode");
	chmod(tree_path(root, "dir/a"), 0644);
	tree_time(root, "dir/a", 1, 1);
	check("C dir/a\n", "time");
	unlink(tree_path(root, "dir/a"));
	check("D dir/a\n", "deleted");
	tree_file(root, "dir/a", "a", 0644);
	check("C dir/a\n", "deleted and made again");
	copy_up("dir", "b");
	if (tree_xattr(root, "dir/b", "user.test", "v", 1))
		check("C dir/a\nC dir/b\n", "xattr");
	else
		tap_skip("xattr", "host: no user xattrs");
	unlink(tree_path(root, "dir/b"));
	rename(tree_path(root, "dir/c"), tree_path(root, "dir/d"));
	check("C dir/a\nD dir/b\nD dir/c\nA dir/d\n", "renamed");
}

static void check_dirs(void)
{
	unlink(tree_path(root, "dir/sub/x"));
	check("D dir/sub/x\n", "a directory whose names change is not changed itself");
	rmdir(tree_path(root, "dir/sub"));
	check("D dir/sub\n", "a deleted directory is one line");
	tree_mkdir(root, "dir/sub", 0755);
	check("D dir/sub/x\n", "made again: its old children are deleted");
	tree_mkdir(root, "new", 0755);
	tree_mkdir(root, "new/sub", 0755);
	tree_file(root, "new/sub/file", "f", 0644);
	check("D dir/sub/x\nA new\nA new/sub\nA new/sub/file\n",
	      "an added directory lists its children");
	chmod(tree_path(root, "dir"), 0700);
	chmod(root, 0711);
	check("C \nC dir\nD dir/sub/x\nA new\nA new/sub\nA new/sub/file\n", "mode of directories");
}

static void check_types(void)
{
	unlink(tree_path(root, "link"));
	tree_symlink(root, "link", "elsewhere");
	check("C link\n", "target of a symlink");
	unlink(tree_path(root, "link"));
	tree_file(root, "link", "dir/a", 0644);
	check("C link\n", "a file in place of a symlink");
	unlink(tree_path(root, "to-dir"));
	tree_mkdir(root, "to-dir", 0755);
	tree_file(root, "to-dir/new", "n", 0644);
	check("C link\nC to-dir\nA to-dir/new\n", "a directory in place of a file");
	unlink(tree_path(root, "to-file/x"));
	rmdir(tree_path(root, "to-file"));
	tree_file(root, "to-file", "f", 0644);
	check("C link\nC to-dir\nA to-dir/new\nC to-file\n", "a file in place of a directory");
	unlink(tree_path(root, "fifo"));
	if (mkfifo(tree_path(root, "odd\nname"), 0600) < 0)
		bail("mkfifo");
	check("D fifo\nC link\nA odd\nname\nC to-dir\nA to-dir/new\nC to-file\n",
	      "FIFOs and odd names");
}

/* A symlink has no mode of its own: everything else of it may be that of a file. */
static void check_lookalike(void)
{
	struct stat st = tree_stat(root, "lookalike");

	unlink(tree_path(root, "lookalike"));
	tree_symlink(root, "lookalike", "54321");
	tree_time(root, "lookalike", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	check("C lookalike\n", "a symlink in place of a file of its size, owner and time");
}

static int stop_walk(enum cow_change change, const char *path, void *arg)
{
	(void)change;
	(void)path;
	++*(int *)arg;
	return -ECANCELED;
}

static void check_stop(void)
{
	int calls = 0;

	tree_file(root, "one", "1", 0644);
	tree_file(root, "two", "2", 0644);
	is_int(cow_diff(cow, stop_walk, &calls, NULL), -ECANCELED,
	       "the callback's error comes back");
	is_int(calls, 1, "after one call");
}

static void with_store(enum cow_share s, void (*fn)(void))
{
	const char *store = tree_path(tree_temp(), "s");
	char *before, *after;

	share = s;
	make_lower();
	before = tree_snapshot(lower, 0);
	root = tree_path(store, "root");
	cow = must_store(store, lower, s);
	check("", "nothing has changed");
	fn();
	cow_close(cow);
	/* another process sees the same */
	if (cow_open(store, &cow) < 0)
		bail("open");
	cow_close(cow);
	after = tree_snapshot(lower, 0);
	ok(tree_same(after, before), "the lower is as it was");
	free(before);
	free(after);
}

int main(void)
{
	static void (*const fns[])(void) = {check_files, check_dirs, check_types, check_lookalike,
					    check_stop};

	for (size_t i = 0; i < sizeof(fns) / sizeof(*fns); i++) {
		with_store(COW_SHARE_LINK, fns[i]);
		with_store(COW_SHARE_COPY, fns[i]);
	}
	return tap_done();
}

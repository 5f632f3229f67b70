/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lazy populate: what has been touched is there, the rest is marked; whatever the order, the crash or the number of threads, the
 * result is what eager populate makes.
 */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/unit/cow/store.h"

static void must_link(const char *l, const char *from, const char *to)
{
	if (link(tree_path(l, from), tree_path(l, to)) < 0)
		bail("link %s: %s", to, strerror(errno));
}

static void make_lower(const char *l)
{
	char dir[32], file[48];

	tree_mkdir(l, "etc", 0755);
	tree_file(l, "etc/conf", "conf", 0644);
	tree_mkdir(l, "usr", 0755);
	tree_mkdir(l, "usr/bin", 0755);
	tree_file(l, "usr/bin/tool", "tool", 04755);
	tree_mkdir(l, "usr/lib", 0755);
	tree_mkdir(l, "usr/lib/deep", 02755);
	tree_file(l, "usr/lib/deep/lib", "lib", 0644);
	tree_symlink(l, "bin", "usr/bin");
	tree_symlink(l, "usr/lib/loop", "../../bin/../lib/deep");
	tree_mkdir(l, "g", 0755);
	tree_file(l, "g/one", "group", 0644);
	must_link(l, "g/one", "usr/bin/two");
	must_link(l, "g/one", "usr/lib/deep/three");
	tree_symlink(l, "g/link", "one");
	must_link(l, "g/link", "usr/lib/link");
	if (mkfifo(tree_path(l, "g/fifo"), 0640) < 0)
		bail("mkfifo: %s", strerror(errno));
	must_link(l, "g/fifo", "usr/fifo");
	tree_mkdir(l, "many", 0755);
	for (int i = 0; i < 30; i++) {
		snprintf(dir, sizeof(dir), "many/%d", i);
		snprintf(file, sizeof(file), "many/%d/file", i);
		tree_mkdir(l, dir, 0700 + (mode_t)i);
		tree_file(l, file, dir, 0644);
		tree_time(l, dir, 1200000000 + i, i);
	}
	tree_time(l, "usr", 1100000000, 1);
	tree_time(l, "usr/bin", 1100000001, 2);
	tree_time(l, ".", 1100000002, 3);
}

static void check_same_but(unsigned flags, const char *store, const char *l, const char *what)
{
	char *want = tree_snapshot(l, flags), *got = tree_snapshot(tree_path(store, "root"), flags);

	ok(tree_same(got, want), "%s: as in the lower", what);
	free(want);
	free(got);
}

static void check_same(const char *store, const char *l, const char *what)
{
	check_same_but(TREE_GROUPS, store, l, what);
}

static bool is_marked(const char *store, const char *path)
{
	char value[64];

	return getxattr(tree_path(tree_path(store, "root"), path), "user.sandlock.lower", value,
			sizeof(value)) > 0;
}

static struct cow *begin(const char *store, const char *l, enum cow_share share)
{
	struct cow *cow = must_create(store, l, share);

	must_begin_lazily(cow);
	return cow;
}

static void must_path(struct cow *cow, const char *path, bool tree)
{
	int r = cow_populate_path(cow, path, tree);

	if (r < 0)
		bail("cow_populate_path %s: %s", path, strerror(-r));
}

static void test_one_by_one(const char *l)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	int fds = tree_open_fds();
	struct cow *cow = begin(store, l, COW_SHARE_AUTO);

	ok(cow_is_lazy(cow) && is_marked(store, "usr") && tree_count(root, "usr") == 0,
	   "a directory is marked and empty at first");
	is_int(tree_stat(root, "usr").st_mode & 07777, 0755, "but with the mode of the image");
	ok(tree_exists(root, "bin"), "what is in the root itself is there");
	must_path(cow, "/bin/tool", false);
	ok(!is_marked(store, "usr") && !is_marked(store, "usr/bin"),
	   "a path fills what it goes through, symlinks followed");
	ok(live_is_shared(cow, store, "usr/bin/tool"), "and its files are shared");
	ok(is_marked(store, "usr/lib") && tree_count(root, "usr/lib") == 0,
	   "the directory beside it is left alone");
	is_int(tree_stat(root, "usr/bin").st_mtime, 1100000001, "it has its times");
	must_path(cow, "usr/../../usr/lib/loop/x/y", false);
	ok(tree_exists(root, "usr/lib/deep/lib"),
	   "`..` of the root is the root; dead ends are fine");
	must_path(cow, "many", true);
	ok(!is_marked(store, "many/7") && tree_exists(root, "many/7/file"), "a whole tree");
	must_fill(cow);
	check_same(store, l, "filled bit by bit");
	ok(!tree_exists(store, "groups"), "no names of our own are left");
	cow_close(cow);
	is_int(tree_open_fds(), fds, "no descriptor is left open");
	is_int(cow_open(store, &cow), 0, "the store can be opened");
	ok(live_is_shared(cow, store, "usr/bin/tool") && live_is_shared(cow, store, "many/3/file"),
	   "its index knows the shared files");
	cow_close(cow);
	is_int(cow_remove(store, NULL), 0, "and removed");
}

static char *ino_text(const char *root)
{
	static char text[64];

	snprintf(text, sizeof(text), "%d",
		 tree_stat(root, "g/one").st_ino == tree_stat(root, "usr/bin/two").st_ino);
	return text;
}

/* Names of one file: one written before the others are made. */
static void test_groups(const char *l, enum cow_share share, const char *what)
{
	char *text;
	const char *other = tree_path(tree_temp(), "o"), *store = tree_path(tree_temp(), "s");
	const char *root = tree_path(store, "root");
	struct cow *first = must_store(other, l, COW_SHARE_LINK);
	struct cow *cow = begin(store, l, share);
	int fd, r = -EAGAIN;

	must_path(cow, "g", false);
	if (live_is_shared(cow, store, "g/one")) {
		r = live_copy_up(cow, "g", "one", 0);
		ok(r == -EAGAIN, "%s: the copy-up finds out that there are more names", what);
	}
	ok(!live_is_shared(cow, store, "g/one"), "%s: they have a private inode", what);
	fd = open(tree_path(root, "g/one"), O_WRONLY | O_APPEND);
	ok(write(fd, "+more", 5) == 5, "%s: written through one name", what);
	close(fd);
	must_path(cow, "usr/bin", false);
	is_str(ino_text(root), "1", "%s: a later name is the same file", what);
	unlink(tree_path(root, "g/one"));
	must_path(cow, "usr/lib/deep", false);
	text = tree_read(root, "usr/lib/deep/three");
	is_str(text, "group+more", "%s: also when the first is gone", what);
	free(text);
	must_fill(cow);
	is_int(tree_stat(root, "usr/bin/two").st_nlink, 2, "%s: the link count is right", what);
	text = tree_read(l, "g/one");
	is_str(text, "group", "%s: the image is as before", what);
	free(text);
	cow_close(cow);
	cow_close(first);
	cow_remove(other, NULL);
	cow_remove(store, NULL);
}

/* A file of one name that another live root links as well is copied up without more ado. */
static void test_doubt(const char *l)
{
	const char *other = tree_path(tree_temp(), "o"), *store = tree_path(tree_temp(), "s");
	struct cow *first = must_store(other, l, COW_SHARE_LINK);
	struct cow *cow = begin(store, l, COW_SHARE_AUTO);

	must_path(cow, "many/3", false);
	ok(!cow_is_settled(cow), "with another live root every file may have more names");
	is_int(live_copy_up(cow, "many/3", "file", 0), 0, "it turns out to be a single one");
	ok(cow_is_settled(cow), "and that is known now");
	must_fill(cow);
	check_same_but(TREE_GROUPS | TREE_NO_DIR_TIMES, store, l, "after the copy-up");
	cow_close(cow);
	cow_close(first);
	cow_remove(other, NULL);
	cow_remove(store, NULL);
}

static int countdown;

static void die_some_time(void *arg)
{
	(void)arg;
	if (--countdown == 0)
		_exit(0);
}

/* The process dies between two directories, and once in the middle of one. */
static void test_crash(const char *l)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	struct cow *cow = begin(store, l, COW_SHARE_AUTO);
	int rounds = 0;
	pid_t pid;

	cow_close(cow);
	for (bool more = true; more; rounds++) {
		int status;

		pid = fork();
		if (pid == 0) {
			countdown = 7;
			if (cow_open(store, &cow) < 0 || cow_lazy_reload(cow) < 0)
				_exit(2);
			_exit(cow_fill(cow, die_some_time, NULL) < 0 ? 3 : 1);
		}
		waitpid(pid, &status, 0);
		more = WEXITSTATUS(status) == 0;
		if (WEXITSTATUS(status) > 1)
			bail("child: %d", WEXITSTATUS(status));
	}
	ok(rounds > 3, "filled by %d processes one after the other", rounds);
	check_same(store, l, "after crashes");
	cow_remove(store, NULL);

	cow = begin(store, l, COW_SHARE_AUTO);
	cow_close(cow);
	tree_file(root, "etc/conf", "half", 0600);
	tree_mkdir(root, "usr/bin", 0700);
	tree_file(root, "usr/bin/left", "", 0600);
	is_int(cow_open(store, &cow), 0, "opened after a crash in the middle of a directory");
	is_int(cow_lazy_reload(cow), 0, "taken over");
	ok(cow_is_lazy(cow), "something is to be done");
	must_fill(cow);
	check_same(store, l, "after a crash in a directory");
	ok(live_is_shared(cow, store, "usr/bin/tool"), "what it shares is known");
	cow_close(cow);
	cow_remove(store, NULL);
}

struct runner {
	struct cow *cow;
	unsigned seed;
};

static void *run_about(void *arg)
{
	struct runner *me = arg;
	char path[32];

	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), i % 5 ? "many/%d/x" : "bin/%d",
			 rand_r(&me->seed) % 30);
		must_path(me->cow, path, false);
	}
	return NULL;
}

static void test_threads(const char *l)
{
	for (unsigned round = 0; round < 5; round++) {
		const char *store = tree_path(tree_temp(), "s");
		struct cow *cow = begin(store, l, COW_SHARE_AUTO);
		struct runner runners[8];
		pthread_t threads[8];

		for (unsigned i = 0; i < 8; i++) {
			runners[i] = (struct runner){cow, round * 8 + i};
			pthread_create(&threads[i], NULL, run_about, &runners[i]);
		}
		must_fill(cow);
		for (unsigned i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
		check_same(store, l, "by many threads");
		cow_close(cow);
		cow_remove(store, NULL);
	}
}

static int no_change(enum cow_change change, const char *path, void *arg)
{
	(void)change;
	printf("# reported: %s\n", path);
	++*(int *)arg;
	return 0;
}

static void test_diff(const char *l)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	struct cow *cow = begin(store, l, COW_SHARE_AUTO), *other;
	int n = 0;

	must_path(cow, "usr", false);
	is_int(cow_open(store, &other), 0, "another process opens an unfinished store");
	is_int(cow_diff(other, no_change, &n, NULL), 0, "and compares");
	is_int(n, 0, "unpopulated directories are unchanged");
	tree_file(root, "usr/new", "new", 0644);
	is_int(cow_diff(other, no_change, &n, NULL), 0, "compared again");
	is_int(n, 1, "what is new is found");
	cow_close(other);
	cow_close(cow);
	is_int(cow_remove(store, NULL), 0, "an unfinished store is removed");
}

/* A mark that leads elsewhere shows nothing that is not in the lowers. */
static void test_forged(const char *l)
{
	const char *store = tree_path(tree_temp(), "s"), *root = tree_path(store, "root");
	static const char *const marks[] = {"../../../../etc", "/etc", "bin", "none", ""};
	struct cow *cow = begin(store, l, COW_SHARE_AUTO);

	cow_close(cow);
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (!tree_xattr(root, "many", "user.sandlock.lower", marks[i], strlen(marks[i])))
			bail("setxattr");
		is_int(cow_open(store, &cow), 0, "opened");
		is_int(cow_lazy_reload(cow), 0, "marks read");
		ok(cow_populate_path(cow, "many", false) < 0 || tree_count(root, "many") <= 2,
		   "the mark `%s` leads nowhere outside", marks[i]);
		ok(!tree_exists(root, "many/passwd"), "no file of the host");
		cow_close(cow);
	}
	cow_remove(store, NULL);
}

int main(void)
{
	const char *l = tree_temp();
	char *before, *after;
	uint64_t n = 0;

	make_lower(l);
	if (!tree_xattr(l, "etc", "user.test", "x", 1)) {
		tap_skip("lazy populate", "host: no user xattrs in $TMPDIR");
		return tap_done();
	}
	before = tree_snapshot(l, 0);
	test_one_by_one(l);
	test_groups(l, COW_SHARE_AUTO, "link");
	test_groups(l, COW_SHARE_COPY, "copy");
	test_doubt(l);
	test_crash(l);
	test_threads(l);
	test_diff(l);
	test_forged(l);
	after = tree_snapshot(l, 0);
	ok(tree_same(after, before), "the lower is as before");
	free(before);
	free(after);
	cow_count_entries((char *const[]){(char *)l, NULL}, 1000, &n);
	is_int(n, 79, "entries are counted");
	cow_count_entries((char *const[]){(char *)l, NULL}, 10, &n);
	is_int(n, 10, "up to a bound");
	return tap_done();
}

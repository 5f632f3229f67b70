/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container does to a name while its file is being copied up is never lost, and no copy is left over. */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/cow/store.h"

#define ROUNDS	3000
#define THREADS 8

static const char *lower, *store, *root;
static struct cow *cow;
static int dir;

static void make_store(void)
{
	char name[16];

	lower = tree_temp();
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		tree_file(lower, name, "lower", 0644);
	}
	tree_bytes(lower, "big", 3000000, 3);
	store = tree_path(tree_temp(), "s");
	root = tree_path(store, "root");
	cow = must_store(store, lower, COW_SHARE_LINK);
	dir = live_open_dir(cow, ".");
}

static struct cow_copy *must_begin(const char *name)
{
	struct stat st = tree_stat(root, name);
	struct cow_copy *copy = NULL;
	int r = cow_copy_begin(cow, dir, name, st.st_dev, st.st_ino, 0, &copy);

	if (r < 0)
		bail("begin %s: %s", name, strerror(-r));
	return copy;
}

static void check_left(const char *what)
{
	is_int(tree_count(store, "work"), 0, "%s: nothing is left in work", what);
}

/* Everything that can happen to the name between begin and publish. */
static void check_between(void)
{
	struct cow_copy *copy = must_begin("f0");
	char *text;

	unlink(tree_path(root, "f0"));
	is_int(cow_copy_publish(copy, NULL), -ENOENT, "unlink: the name is gone");
	ok(!tree_exists(root, "f0"), "unlink: and stays gone");
	check_left("unlink");

	copy = must_begin("f1");
	tree_file(root, "rival", "rival", 0600);
	rename(tree_path(root, "rival"), tree_path(root, "f1"));
	is_int(cow_copy_publish(copy, NULL), -EAGAIN, "replace: look again");
	text = tree_read(root, "f1");
	is_str(text, "rival", "replace: the rival's file is there");
	free(text);
	check_left("replace");

	copy = must_begin("f2");
	rename(tree_path(root, "f2"), tree_path(root, "moved"));
	is_int(cow_copy_publish(copy, NULL), -ENOENT, "rename away: the name is gone");
	ok(live_is_shared(cow, store, "moved"), "rename away: the file is where it was moved to");
	check_left("rename away");

	copy = must_begin("f3");
	unlink(tree_path(root, "f3"));
	tree_mkdir(root, "f3", 0755);
	tree_file(root, "f3/child", "c", 0644);
	is_int(cow_copy_publish(copy, NULL), -EAGAIN, "directory: look again");
	ok(tree_exists(root, "f3/child"), "directory: it is there with its content");
	check_left("directory");

	copy = must_begin("f4");
	unlink(tree_path(root, "f4"));
	tree_symlink(root, "f4", "f5");
	is_int(cow_copy_publish(copy, NULL), -EAGAIN, "symlink: look again");
	ok(S_ISLNK(tree_stat(root, "f4").st_mode) && live_is_shared(cow, store, "f5"),
	   "symlink: it is there, what it points to is untouched");
	check_left("symlink");
}

static atomic_int copied, waited;

static void *copy_big(void *arg)
{
	const struct stat *st = arg;
	int r = cow_copy_up(cow, dir, "big", st->st_dev, st->st_ino, 0);

	if (r == 0)
		atomic_fetch_add(&copied, 1);
	else if (r == -EAGAIN)
		atomic_fetch_add(&waited, 1);
	return NULL;
}

static void check_same_file(void)
{
	pthread_t t[THREADS];
	struct stat st = tree_stat(root, "big");
	char *a, *b;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, copy_big, &st))
			bail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	is_int(copied, 1, "of %d threads one has copied", THREADS);
	is_int(waited, THREADS - 1, "the others have waited and look again");
	a = tree_read(lower, "big");
	b = tree_read(root, "big");
	ok(!memcmp(a, b, 3000000), "the copy is complete");
	free(a);
	free(b);
	check_left("many threads");
}

static atomic_bool stop;

static void *make_rivals(void *arg)
{
	(void)arg;
	for (unsigned n = 0; !stop; n++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", n);
		tree_file(root, "new", text, 0600);
		if (rename(tree_path(root, "new"), tree_path(root, "f6")) < 0)
			bail("rename: %s", strerror(errno));
	}
	return NULL;
}

/*
 * A rival renames numbered files over the name while it is being copied up from the shared file, again and again. Only he makes the
 * numbers grow; seeing one that is older than another seen before means that a swap has brought an old file back for good.
 */
static void check_stress(void)
{
	int undone = 0, done = 0, lost = 0;
	pthread_t t;
	char *text;

	if (pthread_create(&t, NULL, make_rivals, NULL))
		bail("pthread_create");
	for (int i = 0; i < ROUNDS; i++) {
		struct stat st;
		int r;

		/* the shared file comes back under the name, as a link made by the container's rename would */
		linkat(AT_FDCWD, tree_path(lower, "f6"), dir, "back", 0);
		renameat(dir, "back", dir, "f6");
		if (fstatat(dir, "f6", &st, 0) < 0) {
			lost++;
			continue;
		}
		st = tree_stat(lower, "f6");
		r = cow_copy_up(cow, dir, "f6", st.st_dev, st.st_ino, 0);
		if (r == 0)
			done++;
		else if (r == -EAGAIN)
			undone++;
		else
			lost++;
	}
	stop = true;
	pthread_join(t, NULL);
	printf("# %d published, %d undone\n", done, undone);
	is_int(lost, 0, "the name is never missing");
	check_left("stress");
	text = tree_read(lower, "f6");
	is_str(text, "lower", "stress: the lower's content is untouched");
	free(text);
	/* what the rival writes last wins */
	tree_file(root, "new", "last", 0600);
	rename(tree_path(root, "new"), tree_path(root, "f6"));
	text = tree_read(root, "f6");
	is_str(text, "last", "stress: the name is usable");
	free(text);
}

int main(void)
{
	make_store();
	check_between();
	check_same_file();
	check_stress();
	close(dir);
	cow_close(cow);
	return tap_done();
}

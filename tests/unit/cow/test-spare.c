/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spare roots: complete or not there at all, taken once, never stale; and stores that are removed later. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#include "cow/discard.h"
#include "cow/fresh.h"
#include "cow/spare.h"
#include "tests/unit/cow/store.h"

struct world {
	const char *lower, *store;
	char *lowers[2];
	struct cow_pool pool;
	struct cow_params params;
};

static void make_lower(const char *lower)
{
	static const struct timespec tick = {.tv_nsec = 20 * 1000 * 1000};

	tree_mkdir(lower, "bin", 0755);
	tree_file(lower, "bin/sh", "a shell", 0755);
	tree_mkdir(lower, "etc", 0755);
	tree_file(lower, "etc/passwd", "root", 0644);
	tree_mkdir(lower, "etc/sub", 0750);
	tree_symlink(lower, "etc/link", "passwd");
	tree_file(lower, "twice", "a group", 0644);
	if (link(tree_path(lower, "twice"), tree_path(lower, "bin/again")) < 0)
		bail("link: %s", strerror(errno));
	nanosleep(&tick, NULL); /* older than what is to be recorded */
}

static struct world *new_world(void)
{
	static struct world worlds[32];
	static size_t n;
	struct world *w = &worlds[n++];
	const char *dir = tree_temp();

	tree_mkdir(dir, "lower", 0755);
	w->lower = tree_path(dir, "lower");
	w->store = tree_path(dir, "store");
	w->lowers[0] = (char *)w->lower;
	w->pool = (struct cow_pool){.dir = tree_path(dir, "pool"), .ids = "0"};
	w->params = (struct cow_params){.dir = w->store, .lowers = w->lowers, .owner_id = "c"};
	make_lower(w->lower);
	return w;
}

static void must_prepare(struct world *w, unsigned n)
{
	struct cow_fault fault = {0};
	int r = cow_spare_want(&w->pool, &w->params, n, &fault);

	if (r == 0)
		r = cow_spare_fill(&w->pool, &w->params, true, &fault);
	if (r < 0)
		bail("prepare: %s '%s': %s", fault.op, fault.path, strerror(-r));
}

/* The directory of the only kind in the pool. */
static const char *kind_dir(struct world *w)
{
	DIR *d = opendir(w->pool.dir);
	const char *found = NULL;
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.')
			found = tree_path(w->pool.dir, de->d_name);
	if (!found)
		bail("no kind in %s", w->pool.dir);
	closedir(d);
	return found;
}

static int take(struct world *w)
{
	struct cow *cow = NULL;
	int r = cow_spare_take(&w->pool, &w->params, &cow);

	cow_close(cow);
	return r;
}

static void check_take(void)
{
	struct world *w = new_world();
	char *want = tree_snapshot(w->lower, 0), *got, *meta;
	struct cow *cow = NULL;
	int fds = tree_open_fds();

	is_int(take(w), -ENOENT, "no pool, no spare");
	must_prepare(w, 2);
	is_int(tree_count(kind_dir(w), "."), 3, "two spares and the number");
	must_prepare(w, 2);
	is_int(tree_count(kind_dir(w), "."), 3, "and no more when asked again");
	is_int(cow_spare_take(&w->pool, &w->params, &cow), 0, "one is taken");
	got = tree_snapshot(tree_path(w->store, "root"), 0);
	ok(tree_same(got, want), "it shows the image");
	ok(live_is_shared(cow, w->store, "bin/sh"), "its files are shared");
	ok(!tree_exists(w->store, "fresh"), "nothing of the spare is left in it");
	meta = tree_read(w->store, "meta");
	ok(strstr(meta, "owner c\n") != NULL, "it has its owner's name");
	cow_close(cow);
	is_int(tree_count(kind_dir(w), "."), 2, "one spare less");
	is_int(take(w), -EEXIST, "never over what is there");
	is_int(tree_count(kind_dir(w), "."), 2, "and the spare stays");
	is_int(tree_open_fds(), fds, "no descriptor is left open");
	is_int(cow_spare_want(&w->pool, &w->params, 0, NULL), 0, "none are wanted");
	ok(access(w->pool.dir, F_OK) < 0, "the pool is gone");
	is_int(cow_spare_want(&w->pool, &w->params, 0, NULL), 0, "which may be said again");
	free(want);
	free(got);
	free(meta);
}

static void add_file(const char *lower)
{
	tree_file(lower, "etc/sub/new", "", 0644);
}

/* The store's place may have been made by somebody else, for us. */
static void check_take_into_place(void)
{
	struct world *w = new_world();
	char *want = tree_snapshot(w->lower, 0), *got;
	struct cow *cow = NULL;
	int fds = tree_open_fds();
	struct stat before, after;

	must_prepare(w, 2);
	tree_mkdir(w->lower, "../store", 0755);
	stat(w->store, &before);
	is_int(cow_spare_take(&w->pool, &w->params, &cow), 0, "taken into an empty directory");
	stat(w->store, &after);
	ok(before.st_ino == after.st_ino && (after.st_mode & 07777) == 0700, "which stays");
	got = tree_snapshot(tree_path(w->store, "root"), 0);
	ok(tree_same(got, want), "it shows the image");
	ok(live_is_shared(cow, w->store, "bin/sh"), "its files are shared");
	ok(!tree_exists(w->store, "fresh"), "nothing of the spare is left in it");
	cow_close(cow);
	is_int(tree_count(kind_dir(w), "."), 2, "one spare less, and no rest of it");
	is_int(cow_open(w->store, &cow), 0, "it can be opened again");
	cow_close(cow);
	cow_remove(w->store, NULL);
	tree_mkdir(w->lower, "../store", 0700);
	add_file(w->lower);
	is_int(take(w), -ESTALE, "a stale one");
	is_int(tree_count(w->store, "."), 0, "leaves the directory empty");
	must_prepare(w, 1);
	is_int(tree_count(kind_dir(w), "."), 2, "and is removed by the next one who fills");
	chmod(w->store, 0777);
	is_int(take(w), -EPERM, "not into what others may write to");
	is_int(tree_count(kind_dir(w), "."), 2, "and the spare stays");
	is_int(tree_open_fds(), fds, "no descriptor is left open");
	free(want);
	free(got);
}

static void check_kinds(void)
{
	struct world *w = new_world();

	must_prepare(w, 1);
	w->params.share = COW_SHARE_COPY;
	is_int(take(w), -ENOENT, "another way of sharing");
	w->params.share = COW_SHARE_AUTO;
	w->pool.ids = "100000";
	is_int(take(w), -ENOENT, "other ids");
	w->pool.ids = "0";
	w->params.owners = (const struct cow_owners *)w; /* only whether there are any is asked */
	is_int(take(w), -ENOENT, "shifted ids");
	w->params.owners = NULL;
	chmod(w->pool.dir, 0770);
	is_int(take(w), -EPERM, "a pool that others may write to");
	chmod(w->pool.dir, 0700);
	rename(w->pool.dir, tree_path(w->lower, "../moved"));
	tree_symlink(w->lower, "../pool", "moved");
	ok(take(w) < 0, "a symlink instead of the pool");
	ok(!tree_exists(w->store, "."), "no store was made meanwhile");
}

struct change {
	const char *what;
	void (*make)(const char *lower);
};

static void remove_file(const char *lower)
{
	unlink(tree_path(lower, "bin/sh"));
}
static void write_copied(const char *lower)
{
	tree_file(lower, "etc/passwd", "toor", 0644);
}
static void write_grouped(const char *lower)
{
	tree_file(lower, "twice", "another text", 0644);
}
static void chmod_copied(const char *lower)
{
	chmod(tree_path(lower, "etc/passwd"), 0600);
}
static void chmod_dir(const char *lower)
{
	chmod(tree_path(lower, "etc/sub"), 0700);
}
static void touch_root(const char *lower)
{
	chmod(lower, 0711);
}
static void touch_link(const char *lower)
{
	tree_time(lower, "etc/link", 1, 1);
}

static void check_stale(void)
{
	static const struct change changes[] = {
		{"a new file", add_file},
		{"a removed file", remove_file},
		{"a copied file's content", write_copied},
		{"the content of a file with two names", write_grouped},
		{"a copied file's mode", chmod_copied},
		{"a directory's mode", chmod_dir},
		{"the root's mode", touch_root},
		{"a symlink's time", touch_link},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		static const struct timespec tick = {.tv_nsec = 20 * 1000 * 1000};
		struct world *w = new_world();
		char *want, *got;

		must_prepare(w, 1);
		changes[i].make(w->lower);
		is_int(take(w), -ESTALE, "stale after %s", changes[i].what);
		ok(access(w->store, F_OK) < 0, "no store is left behind");
		nanosleep(&tick, NULL);
		must_prepare(w, 1);
		is_int(take(w), 0, "filling replaces it");
		want = tree_snapshot(w->lower, 0);
		got = tree_snapshot(tree_path(w->store, "root"), 0);
		ok(tree_same(got, want), "and shows the change");
		free(want);
		free(got);
	}
}

static void check_not_stale(void)
{
	struct world *w = new_world();

	must_prepare(w, 1);
	/* another container of the image: links to its files move their change time */
	cow_close(must_store(tree_path(w->lower, "../other"), w->lower, COW_SHARE_AUTO));
	free(tree_read(w->lower, "etc/passwd"));
	is_int(take(w), 0, "other live roots of the image make it no staler");
}

/* Of many who want the only spare one gets it. */
static void check_rivals(void)
{
	struct world *w = new_world();
	int won = 0, lost = 0, go[2];

	must_prepare(w, 1);
	if (pipe(go) < 0)
		bail("pipe: %s", strerror(errno));
	for (int i = 0; i < 20; i++) {
		char c, name[32];

		if (fork() != 0)
			continue;
		close(go[1]);
		if (read(go[0], &c, 1) < 0)
			_exit(9);
		snprintf(name, sizeof(name), "../store-%d", i);
		w->params.dir = tree_path(w->lower, name);
		_exit(take(w) == 0 ? 1 : access(w->params.dir, F_OK) < 0 ? 0 : 9);
	}
	close(go[1]);
	for (int i = 0; i < 20; i++) {
		int status;

		wait(&status);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 1;
		lost += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	close(go[0]);
	is_int(won, 1, "one has it");
	is_int(lost, 19, "the others have nothing, not even half of it");
}

static void check_leftovers(void)
{
	struct world *w = new_world();
	const char *kind;

	must_prepare(w, 1);
	kind = kind_dir(w);
	/* a maker has died, and a remover */
	cow_close(must_create(tree_path(kind, "new"), w->lower, COW_SHARE_AUTO));
	cow_close(must_store(tree_path(kind, COW_TRASH_PREFIX "x"), w->lower, COW_SHARE_AUTO));
	is_int(take(w), 0, "what is half made is not taken");
	is_int(take(w), -EAGAIN, "nor what is being removed");
	must_prepare(w, 1);
	is_int(tree_count(kind, "."), 2, "the next one who fills cleans up");
	tree_bytes(kind, "spare-0/fresh", 100, 1);
	cow_remove(w->store, NULL);
	is_int(take(w), -ESTALE, "a damaged record is no record");
	unlink(tree_path(kind, "spare-0/fresh"));
	ok(take(w) < 0, "nor is none");
	must_prepare(w, 1);
	is_int(take(w), 0, "they are replaced too");
}

static void check_changing_image(void)
{
	struct world *w = new_world();
	struct timespec since;
	struct cow *cow;

	cow = must_store(w->store, w->lower, COW_SHARE_AUTO);
	since = (struct timespec){.tv_sec = 1};
	is_int(fresh_record(cow, &since), -EAGAIN, "an image that was changed since then");
	is_int(fresh_check(cow), -ENOENT, "is not recorded");
	since = fresh_now();
	is_int(fresh_record(cow, &since), 0, "one at rest is");
	is_int(fresh_check(cow), 0, "and found as it was");
	cow_close(cow);
}

/* Thousands of files, so that it is worth a process. */
static void make_big(const char *lower, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		tree_file(lower, name, "x", 0644);
	}
}

/* A small image, but the container has made many files: nobody waits for them either. */
static void check_discard_grown(void)
{
	struct world *w = new_world();
	bool later = false;

	cow_close(must_store(w->store, w->lower, COW_SHARE_AUTO));
	make_big(tree_path(w->store, "root"), 3000);
	is_int(cow_discard(w->store, &later, NULL), 0, "a small image with many new files");
	ok(later && access(w->store, F_OK) < 0, "is put aside");
	cow_empty_trash(w->store);
	is_int(tree_count(tree_path(w->lower, ".."), "."), 1, "and removed from there");
}

static void check_discard(void)
{
	struct world *w = new_world();
	const char *beside = tree_path(w->lower, "..");
	bool later = true;

	cow_close(must_store(w->store, w->lower, COW_SHARE_AUTO));
	is_int(cow_discard(w->store, &later, NULL), 0, "a small store");
	ok(!later && access(w->store, F_OK) < 0, "is removed at once");
	is_int(cow_discard(w->store, &later, NULL), 0, "and may be gone already");
	make_big(w->lower, 300);
	cow_close(must_store(w->store, w->lower, COW_SHARE_AUTO));
	is_int(cow_discard(w->store, &later, NULL), 0, "a big one");
	ok(later && access(w->store, F_OK) < 0, "gives its name away");
	is_int(tree_count(beside, "."), 2, "and lies beside it");
	tree_mkdir(beside, COW_TRASH_PREFIX "foreign", 0755);
	tree_file(beside, COW_TRASH_PREFIX "foreign/precious", "p", 0644);
	cow_empty_trash(w->store);
	is_int(tree_count(beside, "."), 2, "until the trash is emptied");
	ok(tree_exists(beside, COW_TRASH_PREFIX "foreign/precious"), "of stores only");
	ok(tree_exists(w->lower, "299"), "the image is whole");
	tree_mkdir(beside, "store", 0755);
	tree_file(beside, "store/precious", "p", 0644);
	is_int(cow_discard(w->store, &later, NULL), -EPERM, "what is no store");
	ok(tree_exists(beside, "store/precious"), "stays");
}

int main(void)
{
	check_take();
	check_take_into_place();
	check_kinds();
	check_stale();
	check_not_stale();
	check_rivals();
	check_leftovers();
	check_changing_image();
	check_discard();
	check_discard_grown();
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names are bytes; directories may be deep, long-named and large. */
#include <config.h>

#include <fcntl.h>

#include "tests/unit/cow/store.h"

#define DEPTH 400
#define MANY  20000

static void make_odd(const char *l)
{
	char longest[256];

	memset(longest, 'n', 255);
	longest[255] = '\0';
	tree_file(l, longest, "long", 0644);
	tree_file(l, "new\nline", "n", 0644);
	tree_file(l, "\xff\xfe\x80", "not UTF-8", 0644);
	tree_file(l, " ", "space", 0644);
	tree_file(l, "...", "dots", 0644);
	tree_file(l, ".wh.name", "not a whiteout here", 0644);
	tree_file(l, "%s%n", "format", 0644);
	longest[0] = 'd';
	tree_mkdir(l, longest, 0755);
	tree_symlink(l, "link", longest);
	tree_mkdir(l, "new\ndir", 0755);
	tree_file(l, "new\ndir/\t", "t", 0644);
}

/* DEPTH levels of long names: the path is far longer than PATH_MAX. */
static void make_deep(const char *l)
{
	char name[101];
	int fd = open(l, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(name, 'p', 100);
	name[100] = '\0';
	for (int i = 0; i < DEPTH; i++) {
		int sub, file;

		if (mkdirat(fd, name, 0755) < 0)
			bail("mkdirat: %s", strerror(errno));
		sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		file = openat(sub, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (write(file, "deep", 4) != 4)
			bail("write: %s", strerror(errno));
		/* a second directory after the deep one, so that the walk has something to come back to */
		if (mkdirat(sub, "zz", 0755) < 0)
			bail("mkdirat: %s", strerror(errno));
		close(file);
		close(fd);
		fd = sub;
	}
	close(fd);
}

static void make_many(const char *l)
{
	char name[32];
	int fd;

	tree_mkdir(l, "many", 0755);
	fd = open(tree_path(l, "many"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (mknodat(fd, name, S_IFREG | 0644, 0) < 0)
			bail("mknodat: %s", strerror(errno));
	}
	close(fd);
}

static struct cow *make_store(const char *store, const char *l, bool lazily)
{
	struct cow *cow = must_create(store, l, COW_SHARE_AUTO);

	if (!lazily) {
		must_populate(cow, NULL);
	} else {
		must_begin_lazily(cow);
		must_fill(cow);
	}
	return cow;
}

static void check(const char *l, const char *what, bool lazily)
{
	const char *store = tree_path(tree_temp(), "store");
	char *want = tree_snapshot(l, 0), *got;
	int fds = tree_open_fds();
	struct cow *cow = make_store(store, l, lazily);

	got = tree_snapshot(tree_path(store, "root"), 0);
	ok(tree_same(got, want), "%s: as in the lower", what);
	cow_close(cow);
	is_int(cow_remove(store, NULL), 0, "%s: removed", what);
	ok(access(store, F_OK) < 0, "%s: and gone", what);
	is_int(tree_open_fds(), fds, "%s: no descriptor is left open", what);
	free(want);
	free(got);
}

int main(void)
{
	const char *odd = tree_temp(), *deep = tree_temp(), *many = tree_temp();

	make_odd(odd);
	check(odd, "odd names", false);
	check(odd, "odd names, lazily", true);
	make_deep(deep);
	check(deep, "deep tree", false);
	check(deep, "deep tree, lazily", true);
	make_many(many);
	check(many, "large directory", false);
	check(many, "large directory, lazily", true);
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree as text, and which of its inodes were there at the beginning. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fileops.h"

#define MAX_INODES 4096
#define MAX_NAMES  512

bool mask;

static struct {
	dev_t dev;
	ino_t ino;
} initial[MAX_INODES];
static unsigned n_initial;

static struct {
	dev_t dev;
	ino_t ino;
	char *path;
} seen[MAX_INODES];
static unsigned n_seen;

bool is_initial(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	for (unsigned i = 0; i < n_initial; i++)
		if (initial[i].ino == st->st_ino && initial[i].dev == st->st_dev)
			return true;
	return false;
}

bool slot_is_stale(int fd)
{
	struct stat st;

	return mask && fstat(fd, &st) == 0 && is_initial(&st);
}

bool path_is_stale(const struct path *path)
{
	return path->slot >= 0 && slot_is_stale(SLOT_BASE + path->slot);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory, sorted; the caller frees each. */
static unsigned list(const char *dir, char **names)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)) && n < MAX_NAMES)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			names[n++] = strdup(e->d_name);
	if (d)
		closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	return n;
}

static void each(const char *dir, void (*visit)(const char *, const struct stat *))
{
	char **names = calloc(MAX_NAMES, sizeof(char *));
	unsigned n = list(dir, names);
	struct stat st;

	for (unsigned i = 0; i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
			exit(125);
		free(names[i]);
		if (lstat(path, &st) == 0) {
			visit(path, &st);
			if (S_ISDIR(st.st_mode))
				each(path, visit);
		}
		free(path);
	}
	free(names);
}

static void say_content(const char *path)
{
	static char buf[65536];
	uint64_t h = HASH_START;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0) {
		say_result(fd);
		return;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		h = hash(h, buf, n);
	close(fd);
	say(" h=%08x", (unsigned)(h >> 16));
}

static void say_xattrs(const char *path)
{
	char names[4096], value[4096];
	char *sorted[64];
	ssize_t len = llistxattr(path, names, sizeof(names)), v;
	unsigned n = 0;

	for (char *p = names; len > 0 && p < names + len && n < 64; p += strlen(p) + 1)
		sorted[n++] = p;
	qsort(sorted, n, sizeof(sorted[0]), by_name);
	for (unsigned i = 0; i < n; i++) {
		v = lgetxattr(path, sorted[i], value, sizeof(value));
		say(" %s:%zd", sorted[i], v);
		if (v > 0)
			say_hash(value, v);
	}
}

static void say_same(const char *path, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return;
	for (unsigned i = 0; i < n_seen; i++)
		if (seen[i].ino == st->st_ino && seen[i].dev == st->st_dev) {
			say(" same=");
			say_text(seen[i].path, strlen(seen[i].path));
			return;
		}
	if (n_seen == MAX_INODES)
		return;
	seen[n_seen].dev = st->st_dev;
	seen[n_seen].ino = st->st_ino;
	seen[n_seen++].path = strdup(path);
}

static void say_entry(const char *path, const struct stat *st)
{
	char target[4096];
	ssize_t n;

	say("tree ");
	say_text(path, strlen(path));
	say_stat(st, false);
	if (S_ISREG(st->st_mode))
		say_content(path);
	if (S_ISLNK(st->st_mode) && (n = readlink(path, target, sizeof(target))) > 0) {
		say(" ->");
		say_text(target, n);
	}
	say_xattrs(path);
	say_same(path, st);
	say("\n");
}

void say_tree(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) == 0)
		say_entry(dir, &st);
	each(dir, say_entry);
	while (n_seen > 0)
		free(seen[--n_seen].path);
}

static void note(const char *path, const struct stat *st)
{
	(void)path;
	if (S_ISREG(st->st_mode) && n_initial < MAX_INODES) {
		initial[n_initial].dev = st->st_dev;
		initial[n_initial++].ino = st->st_ino;
	}
}

void note_initial(const char *dir)
{
	struct stat st;

	n_initial = 0;
	each(dir, note);
	if (stat("/proc/self/exe", &st) == 0)
		note("", &st);
}

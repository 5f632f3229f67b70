/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tree_walk.h. Library. Untrusted: the tree, its depth included. */
#include <config.h>

#include "cow/tree_walk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Names of subdirectories that are kept, of all levels together; a level that has more is read on when these are done. */
#define NAMES_MAX (256u << 10)

/* Subdirectories of one level that are still to be entered. */
struct level {
	struct buf names; /* NUL-terminated, one after another */
	size_t done;
	int64_t next; /* there are more, from here on; 0: none */
};

struct walk {
	tree_fn fn;
	void *arg;
	struct chain chain;
	struct host_dir_reader reader;
	struct level *levels;
	size_t n, cap;
	size_t kept; /* bytes of names */
	bool stopped;
};

static int add_level(struct walk *w)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 16;
		struct level *p = reallocarray(w->levels, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		w->levels = p;
		w->cap = cap;
	}
	w->levels[w->n++] = (struct level){0};
	return 0;
}

static void drop_level(struct walk *w)
{
	struct level *level = &w->levels[--w->n];

	w->kept -= level->names.len;
	buf_done(&level->names);
}

static int keep_name(struct walk *w, const struct host_dirent *d)
{
	struct level *level = &w->levels[w->n - 1];
	int r = buf_add(&level->names, d->name, d->len + 1);

	if (r < 0)
		return r;
	w->kept += d->len + 1;
	if (w->kept > NAMES_MAX)
		level->next = d->next;
	return 0;
}

/* Shows what is in the current directory, from where its reading has stopped. */
static int read_names(struct walk *w)
{
	struct level *level = &w->levels[w->n - 1];
	struct host_dirent d;
	int r = host_dir_reader_resume(&w->reader, chain_fd(&w->chain), level->next);

	level->next = 0;
	while (r == 0 && !w->stopped && !level->next) {
		r = host_dir_read(&w->reader, &d);
		if (r <= 0)
			break;
		r = w->fn(w->arg, &w->chain, &d);
		w->stopped = r == TREE_STOP;
		if (r == TREE_ENTER)
			r = keep_name(w, &d);
		else if (r > 0)
			r = 0;
	}
	return r;
}

static int read_level(struct walk *w)
{
	int r = add_level(w);

	return r < 0 ? r : read_names(w);
}

static int step(struct walk *w)
{
	struct level *level = &w->levels[w->n - 1];
	int r;

	if (level->done < level->names.len) {
		const char *name = level->names.data + level->done;

		level->done += strlen(name) + 1;
		r = chain_push(&w->chain, name);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			return 0;
		return r < 0 ? r : read_level(w);
	}
	if (level->next) {
		w->kept -= level->names.len;
		level->names.len = level->done = 0;
		return read_names(w);
	}
	drop_level(w);
	return w->n ? chain_pop(&w->chain) : 0;
}

int tree_walk(int dir_fd, tree_fn fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	int r = chain_init(&w.chain, dir_fd);

	if (r == 0)
		r = host_dir_reader_init(&w.reader, -EBADF);
	if (r == 0)
		r = read_level(&w);
	while (r == 0 && w.n && !w.stopped)
		r = step(&w);
	while (w.n)
		drop_level(&w);
	free(w.levels);
	host_dir_reader_done(&w.reader);
	chain_done(&w.chain);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tree_walk.h. Library. Untrusted: the tree, its depth included. */
#include <config.h>

#include "cow/tree_walk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Subdirectories of one level that are still to be entered. */
struct level {
	struct buf names; /* NUL-terminated, one after another */
	size_t next;
};

struct walk {
	tree_fn fn;
	void *arg;
	struct chain chain;
	struct host_dir_reader reader;
	struct level *levels;
	size_t n, cap;
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

/* Shows everything in the current directory. */
static int read_level(struct walk *w)
{
	struct host_dirent d;
	int r = add_level(w);

	if (r == 0)
		r = host_dir_reader_reset(&w->reader, chain_fd(&w->chain));
	while (r == 0 && !w->stopped) {
		r = host_dir_read(&w->reader, &d);
		if (r <= 0)
			break;
		r = w->fn(w->arg, &w->chain, &d);
		w->stopped = r == TREE_STOP;
		if (r == TREE_ENTER)
			r = buf_add(&w->levels[w->n - 1].names, d.name, d.len + 1);
		else if (r > 0)
			r = 0;
	}
	return r;
}

static int step(struct walk *w)
{
	struct level *level = &w->levels[w->n - 1];
	const char *name = level->names.data + level->next;
	int r;

	if (level->next < level->names.len) {
		level->next += strlen(name) + 1;
		r = chain_push(&w->chain, name);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			return 0;
		return r < 0 ? r : read_level(w);
	}
	buf_done(&level->names);
	w->n--;
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
		buf_done(&w.levels[--w.n].names);
	free(w.levels);
	host_dir_reader_done(&w.reader);
	chain_done(&w.chain);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks of a lazily populated live root: filling what is left or one subtree of it, following one path, finding the marks
 * again. Library; supervisor. Untrusted: the live root, which the container changes meanwhile: what vanishes or moves during
 * a walk is passed over; a further walk finds it.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/chain.h"
#include "cow/internal.h"
#include "cow/lazy.h"
#include "host/at.h"
#include "host/dirent.h"
#include "host/openat2.h"

#define MAX_LINKS 40
#define MAX_REST  (4 * PATH_MAX)
#define PASSES	  5

struct frame {
	struct buf names; /* of subdirectories, each NUL-terminated */
	size_t pos;
};

struct tree {
	struct cow *cow;
	struct chain chain;
	struct host_dir_reader reader;
	struct frame *frames;
	size_t n, cap;
	bool moved; /* something was not where it had been */
	size_t filled;
	uint64_t entries, max; /* with max: only count them, up to it */
	/* Called for every directory that the walk enters; 1: it was filled. */
	int (*visit)(struct tree *t, int fd);
	void (*pause)(void *arg);
	void *arg;
};

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -ESTALE;
}

static int read_subdirs(struct tree *t, struct buf *names)
{
	struct host_dirent d;
	int r = host_dir_reader_reset(&t->reader, chain_fd(&t->chain));

	while (r == 0) {
		r = host_dir_read(&t->reader, &d);
		if (r <= 0)
			break;
		r = t->max && ++t->entries >= t->max ? -E2BIG : 0;
		if (r == 0 && (d.type == DT_DIR || d.type == DT_UNKNOWN))
			r = buf_add(names, d.name, d.len + 1);
	}
	return r;
}

/* The directory that has just been entered. */
static int arrive(struct tree *t)
{
	struct frame *f;
	int r = t->visit ? t->visit(t, chain_fd(&t->chain)) : 0;

	if (r < 0)
		return r;
	t->filled += r > 0;
	if (r > 0 && t->pause)
		t->pause(t->arg);
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 32;

		f = reallocarray(t->frames, cap, sizeof(*f));
		if (!f)
			return -ENOMEM;
		t->frames = f;
		t->cap = cap;
	}
	f = &t->frames[t->n++];
	*f = (struct frame){0};
	return read_subdirs(t, &f->names);
}

static int step(struct tree *t)
{
	struct frame *f = &t->frames[t->n - 1];
	const char *name;
	int r;

	if (f->pos >= f->names.len) {
		buf_done(&f->names);
		t->n--;
		return t->n ? chain_pop(&t->chain) : 0;
	}
	name = f->names.data + f->pos;
	f->pos += strlen(name) + 1;
	r = chain_push(&t->chain, name);
	if (r == -EACCES && t->max)
		return 0;
	if (r < 0) {
		t->moved |= is_gone(r) && r != -ENOTDIR;
		return is_gone(r) ? 0 : r;
	}
	return arrive(t);
}

/* root_fd is consumed. */
static int walk_tree(struct tree *t, int root_fd)
{
	int r = chain_init(&t->chain, root_fd);

	if (r == 0)
		r = host_dir_reader_init(&t->reader, -EBADF);
	if (r == 0)
		r = arrive(t);
	while (r == 0 && t->n)
		r = step(t);
	while (t->n)
		buf_done(&t->frames[--t->n].names);
	free(t->frames);
	t->frames = NULL;
	t->cap = 0;
	host_dir_reader_done(&t->reader);
	chain_done(&t->chain);
	if (r == -ESTALE || r == -ENOENT) {
		t->moved = true;
		r = 0;
	}
	return r;
}

static int fill_visited(struct tree *t, int fd)
{
	struct statx st;
	int r = host_statx(fd, "", &st);

	if (r < 0 || !cow_is_unpopulated(t->cow, host_statx_dev(&st), st.stx_ino))
		return r;
	r = cow_populate_dir(t->cow, fd);
	return r < 0 ? r : 1;
}

int cow_populate_tree(struct cow *cow, int fd)
{
	struct tree t = {.cow = cow, .visit = fill_visited};
	int dir, r;

	if (!cow_is_lazy(cow))
		return 0;
	r = host_open_dir(fd, ".", &dir);
	return r < 0 ? r : walk_tree(&t, dir);
}

static int open_live_root(struct cow *cow, int *ret_fd)
{
	return host_open_dir(cow->dir_fd, STORE_ROOT, ret_fd);
}

int cow_fill(struct cow *cow, void (*pause)(void *arg), void *arg)
{
	int r = cow_settle(cow);

	for (int i = 0; r == 0 && i < PASSES && cow_is_lazy(cow); i++) {
		struct tree t = {.cow = cow, .visit = fill_visited, .pause = pause, .arg = arg};
		int fd;

		r = open_live_root(cow, &fd);
		if (r == 0)
			r = walk_tree(&t, fd);
		/* what is still noted is nowhere: it was removed by somebody who raced with us */
		if (r == 0 && !t.moved && t.filled == 0)
			lazy_forget(cow->lazy);
	}
	if (r < 0 || cow_is_lazy(cow))
		return r;
	return lazy_complete(cow);
}

/* one path */

struct path_walk {
	struct cow *cow;
	int cur;    /* owned */
	char *rest; /* owned; from pos */
	size_t pos;
	unsigned links;
};

static int restart(struct path_walk *w, const char *target)
{
	size_t len = strlen(target), rest = strlen(w->rest + w->pos);
	char *joined;

	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (len + rest + 2 > MAX_REST)
		return -ENAMETOOLONG;
	joined = malloc(len + rest + 2);
	if (!joined)
		return -ENOMEM;
	memcpy(joined, target, len);
	joined[len] = '/';
	memcpy(joined + len + 1, w->rest + w->pos, rest + 1);
	free(w->rest);
	w->rest = joined;
	w->pos = 0;
	if (*target != '/')
		return 0;
	close_fd(&w->cur);
	return open_live_root(w->cow, &w->cur);
}

/* ".." of the root is the root. */
static int go_up(struct path_walk *w)
{
	cleanup_fd int fd = -EBADF;
	struct statx a, b;
	int r = host_statx(w->cur, "", &a);

	if (r == 0)
		r = host_statx(w->cow->root_fd, "", &b);
	if (r < 0 || a.stx_ino == b.stx_ino)
		return r;
	r = host_open_dir(w->cur, "..", &fd);
	if (r == 0) {
		close_fd(&w->cur);
		w->cur = steal_fd(&fd);
	}
	return r;
}

static int go_down(struct path_walk *w, const char *name)
{
	cleanup_fd int fd = -EBADF;
	char target[PATH_MAX];
	struct statx st;
	int r = host_statx(w->cur, name, &st);

	if (r < 0)
		return r;
	if (S_ISLNK(st.stx_mode)) {
		r = host_readlinkat(w->cur, name, target, sizeof(target));
		return r < 0 ? r : restart(w, target);
	}
	if (!S_ISDIR(st.stx_mode))
		return -ENOTDIR; /* the end of all paths */
	r = host_open_dir(w->cur, name, &fd);
	if (r == 0)
		r = cow_populate_dir(w->cow, fd);
	if (r < 0)
		return r;
	close_fd(&w->cur);
	w->cur = steal_fd(&fd);
	return 0;
}

static int walk_path(struct path_walk *w)
{
	int r = 0;

	while (r == 0) {
		const char *p = w->rest + w->pos;
		cleanup_free char *name = NULL;
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 0)
			return 0;
		w->pos = (size_t)(p + n - w->rest);
		name = strndup(p, n);
		if (!name)
			return -ENOMEM;
		if (!strcmp(name, "."))
			continue;
		r = strcmp(name, "..") ? go_down(w, name) : go_up(w);
	}
	return r;
}

int cow_populate_path(struct cow *cow, const char *path, bool tree)
{
	struct path_walk w = {.cow = cow, .cur = -EBADF};
	int r;

	if (!cow_is_lazy(cow))
		return 0;
	w.rest = strdup(path);
	r = w.rest ? open_live_root(cow, &w.cur) : -ENOMEM;
	if (r == 0)
		r = walk_path(&w);
	if (r == 0 && tree)
		r = cow_populate_tree(cow, w.cur);
	close_fd(&w.cur);
	free(w.rest);
	return is_gone(r) || r == -ENAMETOOLONG ? 0 : r;
}

/* after a crash */

static int note_visited(struct tree *t, int fd)
{
	return lazy_note_marked(t->cow->lazy, fd);
}

int cow_lazy_reload(struct cow *cow)
{
	struct tree t = {.cow = cow, .visit = note_visited};
	int fd, r = 0;

	if (!cow->lazy) {
		r = lazy_new(cow, &cow->lazy);
		if (r < 0)
			return r;
	}
	lazy_forget(cow->lazy);
	r = groups_scan_shared(cow->lazy);
	if (r == 0)
		r = open_live_root(cow, &fd);
	return r < 0 ? r : walk_tree(&t, fd);
}

/* how big */

bool cow_will_link(const struct cow *cow)
{
	enum cow_share share = cow->meta.share;

	if (cow->owners || (share != COW_SHARE_AUTO && share != COW_SHARE_LINK))
		return false;
	for (size_t i = 0; cow->meta.lowers[i]; i++) {
		cleanup_fd int fd = -EBADF;
		struct statx st;

		if (host_open_dir_path(cow->meta.lowers[i], &fd) == 0 &&
		    host_statx(fd, "", &st) == 0 && host_statx_dev(&st) != cow->dev)
			return false;
	}
	return true;
}

int cow_count_entries(char *const *lowers, uint64_t max, uint64_t *ret)
{
	struct tree t = {.max = max};
	int r = 0;

	for (size_t i = 0; r == 0 && lowers[i]; i++) {
		int fd;

		r = host_open_dir_path(lowers[i], &fd);
		if (r == 0)
			r = walk_tree(&t, fd);
	}
	if (r < 0 && r != -E2BIG)
		return r;
	*ret = t.entries;
	return 0;
}

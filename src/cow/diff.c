/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the live root and the lowers: both are walked side by side in the order of the names. Library; runs in a command,
 * while the container may still be changing its root: what vanishes during the walk counts as not there. Untrusted: both trees.
 */
#include <config.h>

#include "cow/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cow/chain.h"
#include "cow/changes.h"
#include "cow/compare.h"
#include "cow/layer.h"
#include "host/at.h"
#include "host/dirent.h"

/* Sorted names of one live directory. */
struct live_dir {
	struct buf text;
	size_t *names; /* offsets in text */
	size_t n, cap, pos;
};

struct frame {
	struct lower_dir lower;
	size_t lower_pos;
	bool has_lower; /* this directory exists in the lowers; else all of it is added */
	bool have_entry;
	struct lower_entry entry; /* the next visible name of the lowers */
	struct live_dir live;
};

struct diff {
	struct cow *cow;
	bool same_too;
	cow_walk_fn fn;
	void *arg;
	struct lowers lowers;
	struct chain live;
	struct host_dir_reader reader;
	struct frame *frames;
	size_t n, cap;
	const char *op, *name;
	bool lazy; /* there may be unpopulated directories */
};

static void live_dir_done(struct live_dir *d)
{
	buf_done(&d->text);
	free(d->names);
}

static int live_add(struct live_dir *d, const struct host_dirent *e)
{
	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;
		size_t *p = reallocarray(d->names, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		d->names = p;
		d->cap = cap;
	}
	d->names[d->n++] = d->text.len;
	return buf_add(&d->text, e->name, e->len + 1);
}

static int by_name(const void *a, const void *b, void *text)
{
	return strcmp((char *)text + *(const size_t *)a, (char *)text + *(const size_t *)b);
}

static int live_read(struct diff *d, struct live_dir *ret)
{
	int r = host_dir_reader_reset(&d->reader, chain_fd(&d->live));

	while (r == 0) {
		struct host_dirent e;

		r = host_dir_read(&d->reader, &e);
		if (r == 0)
			break;
		r = r < 0 ? r : live_add(ret, &e);
	}
	if (r == 0 && ret->n > 1)
		qsort_r(ret->names, ret->n, sizeof(*ret->names), by_name, ret->text.data);
	return r;
}

static const char *live_name(const struct live_dir *d)
{
	return d->pos < d->n ? d->text.data + d->names[d->pos] : NULL;
}

static int report(struct diff *d, enum cow_change change, const char *name,
		  const struct statx *lower, const struct statx *live)
{
	cleanup_buf struct buf path = {0};
	struct cow_seen seen = {.change = change, .lower = lower, .live = live};

	if (change == COW_SAME && !d->same_too)
		return 0;
	chain_path(&d->live, &path);
	if (path.len)
		buf_add_char(&path, '/');
	if (buf_add_str(&path, name) < 0)
		return -ENOMEM;
	seen.path = path.data;
	return d->fn(&seen, d->arg);
}

static int push_frame(struct diff *d, bool has_lower)
{
	struct frame *f;
	int r = 0;

	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 32;

		f = reallocarray(d->frames, cap, sizeof(*f));
		if (!f)
			return -ENOMEM;
		d->frames = f;
		d->cap = cap;
	}
	f = &d->frames[d->n++];
	*f = (struct frame){.has_lower = has_lower};
	d->op = "read directory";
	d->name = NULL;
	if (has_lower)
		r = lowers_read(&d->lowers, true, &f->lower);
	return r < 0 ? r : live_read(d, &f->live);
}

static int pop_frame(struct diff *d)
{
	struct frame *f = &d->frames[--d->n];
	int r = 0;

	lower_dir_done(&f->lower);
	live_dir_done(&f->live);
	d->op = "go up from";
	d->name = NULL;
	if (d->n == 0)
		return 0;
	if (f->has_lower)
		r = lowers_leave(&d->lowers);
	return r < 0 ? r : chain_pop(&d->live);
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/* Into the live directory `name`; with the lowers' one at e unless that is NULL. */
static int enter(struct diff *d, const char *name, const struct lower_entry *e)
{
	const struct frame *f = &d->frames[d->n - 1];
	int r = chain_push(&d->live, name);

	d->op = "open directory";
	if (r < 0)
		return is_gone(r) ? 0 : r;
	if (e)
		r = lowers_enter(&d->lowers, &f->lower, e->first, e->n);
	return r < 0 ? r : push_frame(d, e != NULL);
}

static int only_live(struct diff *d, const char *name)
{
	struct statx st;
	int r = host_statx(chain_fd(&d->live), name, &st);

	if (r < 0)
		return is_gone(r) ? 0 : r;
	r = report(d, COW_ADDED, name, NULL, &st);
	return r < 0 || !S_ISDIR(st.stx_mode) ? r : enter(d, name, NULL);
}

static int only_lower(struct diff *d, const struct lower_entry *e)
{
	bool device = S_ISCHR(e->st.stx_mode) || S_ISBLK(e->st.stx_mode);

	/* populate could not make it, so nobody has deleted it */
	if (device && d->cow->index.skipped)
		return 0;
	return report(d, COW_DELETED, e->name, &e->st, NULL);
}

static int both(struct diff *d, const struct lower_entry *e)
{
	int live = chain_fd(&d->live);
	struct compared a = {e->dirfd, e->name, &e->st}, b = {live, e->name, NULL};
	struct statx st;
	bool same;
	int r = host_statx(live, e->name, &st);

	if (r < 0)
		return is_gone(r) ? only_lower(d, e) : r;
	/* not populated yet: unchanged (a directory is populated before it is renamed) */
	if (d->lazy && S_ISDIR(st.stx_mode) && cow_has_mark(live, e->name))
		return 0;
	b.st = &st;
	d->op = "compare";
	r = compare_objects(d->cow, &a, &b, &same);
	if (r == 0)
		r = report(d, same ? COW_SAME : COW_CHANGED, e->name, &e->st, &st);
	if (r < 0 || !S_ISDIR(st.stx_mode))
		return r;
	return enter(d, e->name, S_ISDIR(e->st.stx_mode) && !e->mount ? e : NULL);
}

/* The next name of the lowers that is visible, if it is not known yet. */
static int peek_lower(struct diff *d, struct frame *f)
{
	while (!f->have_entry && f->lower_pos < f->lower.n) {
		int r;

		d->op = "look at";
		d->name = f->lower.names.data + f->lower.raw[f->lower_pos].name;
		r = lowers_look(&d->lowers, &f->lower, &f->lower_pos, &f->entry);
		if (r < 0)
			return r;
		f->have_entry = r > 0;
	}
	return 0;
}

static int step(struct diff *d)
{
	struct frame *f = &d->frames[d->n - 1];
	struct lower_entry entry;
	const char *live = live_name(&f->live);
	int r = peek_lower(d, f), order;

	if (r < 0)
		return r;
	if (!f->have_entry && !live)
		return pop_frame(d);
	if (!f->have_entry)
		order = 1;
	else
		order = live ? strcmp(f->entry.name, live) : -1;
	/* frames may move in memory below */
	entry = f->entry;
	if (order <= 0)
		f->have_entry = false;
	if (order >= 0)
		f->live.pos++;
	d->op = "look at";
	d->name = order <= 0 ? entry.name : live;
	if (order > 0)
		return only_live(d, live);
	return order < 0 ? only_lower(d, &entry) : both(d, &entry);
}

static int compare_roots(struct diff *d)
{
	struct statx lower, live;
	struct compared a = {lowers_top_fd(&d->lowers), NULL, &lower};
	struct compared b = {chain_fd(&d->live), NULL, &live};
	bool same;
	int r = host_statx(a.dirfd, "", &lower);

	d->op = "compare";
	if (r == 0)
		r = host_statx(b.dirfd, "", &live);
	if (r == 0)
		r = compare_objects(d->cow, &a, &b, &same);
	return r < 0 ? r : report(d, same ? COW_SAME : COW_CHANGED, "", &lower, &live);
}

static int open_trees(struct diff *d)
{
	cleanup_fd int fd = -EBADF;
	int r;

	d->op = "open lower";
	r = lowers_open(d->cow->meta.lowers, &d->lowers);
	if (r < 0)
		return r;
	d->lowers.skip.whiteout_files = d->cow->meta.whiteout_files;
	d->lowers.skip.dev = d->cow->store_dev;
	d->lowers.skip.ino = d->cow->store_ino;
	d->op = "open live root";
	r = host_open_dir(d->cow->dir_fd, STORE_ROOT, &fd);
	if (r == 0)
		r = chain_init(&d->live, steal_fd(&fd));
	return r < 0 ? r : host_dir_reader_init(&d->reader, -EBADF);
}

static void diff_done(struct diff *d)
{
	while (d->n) {
		struct frame *f = &d->frames[--d->n];

		lower_dir_done(&f->lower);
		live_dir_done(&f->live);
	}
	free(d->frames);
	host_dir_reader_done(&d->reader);
	chain_done(&d->live);
	lowers_close(&d->lowers);
}

int cow_walk(struct cow *cow, bool same_too, cow_walk_fn fn, void *arg, struct cow_fault *fault)
{
	struct diff d = {.cow = cow, .same_too = same_too, .fn = fn, .arg = arg};
	int r;

	if (!cow->populated) { /* everything would look deleted */
		fault_set(fault, "compare incomplete live root", NULL, NULL);
		return -EUCLEAN;
	}
	d.lazy = store_is_lazy(cow);
	r = open_trees(&d);
	if (r == 0)
		r = compare_roots(&d);
	if (r == 0)
		r = push_frame(&d, true);
	while (r == 0 && d.n)
		r = step(&d);
	if (r < 0) {
		cleanup_buf struct buf where = {0};

		chain_path(&d.live, &where);
		fault_set(fault, d.op, where.data, d.name);
	}
	diff_done(&d);
	return r;
}

struct plain {
	cow_diff_fn fn;
	void *arg;
};

static int pass_on(const struct cow_seen *seen, void *arg)
{
	const struct plain *p = arg;

	return p->fn(seen->change, seen->path, p->arg);
}

int cow_diff(struct cow *cow, cow_diff_fn fn, void *arg, struct cow_fault *fault)
{
	struct plain p = {fn, arg};

	return cow_walk(cow, false, pass_on, &p, fault);
}

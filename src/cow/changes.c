/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of changes; see changes.h. Library; runs in a command with the container's ids. Untrusted: both trees. */
#include <config.h>

#include "cow/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/at.h"

const char *cow_item_path(const struct cow_changes *c, const struct cow_item *item)
{
	return c->text.data + item->path;
}

void cow_changes_done(struct cow_changes *c)
{
	buf_done(&c->text);
	free(c->v);
	*c = (struct cow_changes){0};
}

static bool has_more_names(const struct statx *live)
{
	return live->stx_nlink > 1 && !S_ISDIR(live->stx_mode);
}

static bool same_inode(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && host_statx_dev(a) == host_statx_dev(b);
}

/* A collection under way. */
struct collect {
	struct cow_changes c;
	const char **also; /* sorted */
	size_t n_also;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_paths(const struct buf *paths, struct collect *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < paths->len; i++)
		n += paths->data[i] == '\0';
	ret->also = reallocarray(NULL, n + 1, sizeof(*ret->also));
	if (!ret->also)
		return -ENOMEM;
	for (size_t i = 0; i < paths->len; i += strlen(paths->data + i) + 1)
		ret->also[ret->n_also++] = paths->data + i;
	qsort(ret->also, ret->n_also, sizeof(*ret->also), by_text);
	return 0;
}

/* Is the path, or a directory above it, one of those? */
static bool is_asked_for(const struct collect *col, const char *path)
{
	cleanup_free char *copy = NULL;
	const char *key;

	if (!col->n_also)
		return false;
	copy = strdup(path);
	for (char *end = copy; (key = copy); *end++ = '/') {
		char *slash = strchr(end, '/');

		if (slash)
			*slash = '\0';
		if (bsearch(&key, col->also, col->n_also, sizeof(*col->also), by_text))
			return true;
		if (!slash)
			break;
		end = slash;
	}
	return false;
}

/* An unchanged object may still be needed: a directory above a change, a name of a file that has another, changed name. */
static bool may_matter(const struct cow_seen *seen)
{
	if (seen->change != COW_SAME || S_ISDIR(seen->live->stx_mode))
		return true;
	return (has_more_names(seen->live) || has_more_names(seen->lower)) &&
	       !same_inode(seen->live, seen->lower);
}

static int add(const struct cow_seen *seen, void *arg)
{
	struct collect *col = arg;
	struct cow_changes *c = &col->c;
	bool asked_for = is_asked_for(col, seen->path);
	struct cow_item *item;

	if (!asked_for && !may_matter(seen))
		return 0;
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 256;
		struct cow_item *v = reallocarray(c->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		c->v = v;
		c->cap = cap;
	}
	item = &c->v[c->n++];
	*item = (struct cow_item){.change = seen->change,
				  .path = c->text.len,
				  .group = COW_NO_GROUP,
				  .asked_for = asked_for};
	if (seen->live)
		item->live = *seen->live;
	if (seen->lower)
		item->lower = *seen->lower;
	return buf_add(&c->text, seen->path, strlen(seen->path) + 1);
}

/* Items by the inode of one side, then in the order of the list. */
struct by_inode {
	const struct cow_item *v;
	const struct statx *(*inode)(const struct cow_item *item);
	size_t *order, n;
};

static const struct statx *live_inode(const struct cow_item *item)
{
	return has_more_names(&item->live) ? &item->live : NULL;
}

static const struct statx *unchanged_lower_inode(const struct cow_item *item)
{
	return item->change == COW_SAME && has_more_names(&item->lower) ? &item->lower : NULL;
}

static int compare_inodes(const void *a, const void *b, void *arg)
{
	const struct by_inode *by = arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct statx *x = by->inode(&by->v[i]), *y = by->inode(&by->v[j]);

	if (host_statx_dev(x) != host_statx_dev(y))
		return host_statx_dev(x) < host_statx_dev(y) ? -1 : 1;
	if (x->stx_ino != y->stx_ino)
		return x->stx_ino < y->stx_ino ? -1 : 1;
	return i < j ? -1 : 1;
}

static int sort_by_inode(const struct cow_changes *c, struct by_inode *by)
{
	by->v = c->v;
	by->order = reallocarray(NULL, c->n, sizeof(*by->order));
	if (!by->order)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		if (by->inode(&c->v[i]))
			by->order[by->n++] = i;
	qsort_r(by->order, by->n, sizeof(*by->order), compare_inodes, by);
	return 0;
}

/* How many from order[i] on are names of one inode. */
static size_t run_length(const struct by_inode *by, size_t i)
{
	size_t n = 1;

	while (i + n < by->n &&
	       same_inode(by->inode(&by->v[by->order[i]]), by->inode(&by->v[by->order[i + n]])))
		n++;
	return n;
}

/* Names of one file of the image that are several files now, though each is as it was: they have to be listed. */
static int find_splits(struct cow_changes *c)
{
	struct by_inode by = {.inode = unchanged_lower_inode};
	int r = sort_by_inode(c, &by);

	for (size_t i = 0, n; r == 0 && i < by.n; i += n) {
		bool split = false;

		n = run_length(&by, i);
		for (size_t k = 1; k < n; k++)
			split |= !same_inode(&c->v[by.order[i]].live, &c->v[by.order[i + k]].live);
		for (size_t k = 0; split && k < n; k++)
			c->v[by.order[i + k]].asked_for = true;
	}
	free(by.order);
	return r;
}

/* order[0 .. n) are the names of one live inode. */
static bool group_changed(const struct cow_item *v, const size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct cow_item *item = &v[order[i]];

		/* names of one file that were names of several: linked, though content and times are equal */
		if (item->change != COW_SAME || item->asked_for ||
		    !same_inode(&item->lower, &v[order[0]].lower))
			return true;
	}
	return false;
}

static int find_groups(struct cow_changes *c)
{
	struct by_inode by = {.inode = live_inode};
	int r = sort_by_inode(c, &by);

	for (size_t i = 0, n; r == 0 && i < by.n; i += n) {
		n = run_length(&by, i);
		if (!group_changed(c->v, by.order + i, n))
			continue;
		for (size_t k = 0; k < n; k++)
			c->v[by.order[i + k]].group = by.order[i];
	}
	free(by.order);
	return r;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n == 0 || (strncmp(path, dir, n) == 0 && path[n] == '/');
}

/* Its times are no change for diff, since every copy-up below moves them; but what is written elsewhere shall have them. */
static bool has_other_time(const struct cow_item *item)
{
	return item->live.stx_mtime.tv_sec != item->lower.stx_mtime.tv_sec ||
	       item->live.stx_mtime.tv_nsec != item->lower.stx_mtime.tv_nsec;
}

/* Backwards: an unchanged directory stays if the next item that stays lies below it, or for its own sake. */
static void mark_kept(const struct cow_changes *c, bool *keep)
{
	const char *next = NULL;

	for (size_t i = c->n; i-- > 0;) {
		const struct cow_item *item = &c->v[i];
		const char *path = cow_item_path(c, item);

		if (item->change == COW_SAME && S_ISDIR(item->live.stx_mode))
			keep[i] = i == 0 || (next && is_below(next, path)) || has_other_time(item);
		else
			keep[i] = item->change != COW_SAME || item->group != COW_NO_GROUP;
		keep[i] |= item->asked_for;
		if (keep[i])
			next = path;
	}
}

static int drop_rest(struct cow_changes *c)
{
	cleanup_free bool *keep = calloc(c->n, sizeof(*keep));
	cleanup_free size_t *moved = calloc(c->n, sizeof(*moved));
	size_t n = 0;

	if (!keep || !moved)
		return -ENOMEM;
	mark_kept(c, keep);
	for (size_t i = 0; i < c->n; i++) {
		if (!keep[i])
			continue;
		moved[i] = n;
		c->v[n] = c->v[i];
		/* the first name of a group is kept and stands before the others */
		if (c->v[n].group != COW_NO_GROUP)
			c->v[n].group = moved[c->v[n].group];
		n++;
	}
	c->n = n;
	return 0;
}

int cow_changes_collect(struct cow *cow, const struct buf *also, struct cow_changes *ret,
			struct cow_fault *fault)
{
	struct collect col = {0};
	int r = also ? sort_paths(also, &col) : 0;

	if (r == 0)
		r = cow_walk(cow, true, add, &col, fault);
	if (r == 0)
		r = find_splits(&col.c);
	if (r == 0)
		r = find_groups(&col.c);
	if (r == 0)
		r = drop_rest(&col.c);
	free(col.also);
	if (r < 0)
		cow_changes_done(&col.c);
	else
		*ret = col.c;
	return r;
}

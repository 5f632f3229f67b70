/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with several names, while directories are filled one by one. Only reading all of the lowers tells which these
 * are, since a link count above 1 may come from other containers' live roots. So: until it matters such a file is linked like
 * any other, each of its names; before the first change that could tell the difference (a copy-up of a file in doubt, a
 * rename, a removal) the lowers are read once and the groups become known ("settled"): each gets one private inode with a name
 * of our own in groups/, the anchor, to which names made before and after are linked. Library; supervisor.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/chain.h"
#include "cow/internal.h"
#include "cow/lazy.h"
#include "cow/moved.h"
#include "cow/scan.h"
#include "host/at.h"
#include "host/openat2.h"

#define ANCHOR_SIZE 48

static int by_inode(const void *a, const void *b)
{
	const struct group_name *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->path < y->path ? -1 : x->path > y->path;
}

/* The first of the group's names, or NULL. */
static const struct group_name *find_group(const struct lazy *lazy, dev_t dev, ino_t ino)
{
	size_t low = 0, high = lazy->n_groups;

	while (low < high) {
		const struct group_name *g = &lazy->groups[low + (high - low) / 2];

		if (g->dev < dev || (g->dev == dev && g->ino < ino))
			low += (high - low) / 2 + 1;
		else
			high = low + (high - low) / 2;
	}
	if (low == lazy->n_groups || lazy->groups[low].dev != dev || lazy->groups[low].ino != ino)
		return NULL;
	return &lazy->groups[low];
}

bool groups_have(const struct lazy *lazy, dev_t dev, ino_t ino)
{
	return find_group(lazy, dev, ino) != NULL;
}

/* scanning */

static int add_name(void *arg, const struct lower_entry *e, const struct chain *at)
{
	struct lazy *lazy = arg;
	struct group_name g = {.dev = host_statx_dev(&e->st), .ino = e->st.stx_ino};

	if (S_ISDIR(e->st.stx_mode) || e->st.stx_nlink == 1)
		return 0;
	if (lazy->n_groups == lazy->cap_groups) {
		size_t cap = lazy->cap_groups ? lazy->cap_groups * 2 : 256;
		struct group_name *p = reallocarray(lazy->groups, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		lazy->groups = p;
		lazy->cap_groups = cap;
	}
	g.path = lazy->paths.len;
	chain_path(at, &lazy->paths);
	if (lazy->paths.len > g.path)
		buf_add_char(&lazy->paths, '/');
	buf_add(&lazy->paths, e->name, strlen(e->name) + 1);
	lazy->groups[lazy->n_groups++] = g;
	return lazy->paths.error;
}

/* Only those with two names and more. */
static void keep_groups(struct lazy *lazy)
{
	struct group_name *g = lazy->groups;
	size_t kept = 0;

	if (lazy->n_groups)
		qsort(g, lazy->n_groups, sizeof(*g), by_inode);
	for (size_t i = 0, end; i < lazy->n_groups; i = end) {
		for (end = i + 1;
		     end < lazy->n_groups && g[end].dev == g[i].dev && g[end].ino == g[i].ino;
		     end++)
			;
		if (end - i < 2)
			continue;
		memmove(&g[kept], &g[i], (end - i) * sizeof(*g));
		kept += end - i;
	}
	lazy->n_groups = kept;
}

static int add_shared(void *arg, const struct lower_entry *e, const struct chain *at)
{
	(void)at;
	return S_ISREG(e->st.stx_mode) ? lazy_add_shared(arg, e->st.stx_ino, true) : 0;
}

int groups_scan_shared(struct lazy *lazy)
{
	return lowers_scan(lazy->fill.cow->meta.lowers, &lazy->fill.skip, add_shared, lazy);
}

/* anchors */

static void anchor_name(dev_t dev, ino_t ino, char name[ANCHOR_SIZE])
{
	snprintf(name, ANCHOR_SIZE, "%llx-%llx", (unsigned long long)dev, (unsigned long long)ino);
}

static int make_temp(struct filler *f, const struct lower_entry *e, char temp[TEMP_NAME_SIZE])
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (!S_ISREG(e->st.stx_mode)) {
		store_temp_name(f->fill->cow, temp);
		return fill_node(f, e, f->fill->cow->work_fd, temp);
	}
	r = store_temp_file(f->fill->cow, temp, &fd);
	if (r < 0)
		temp[0] = '\0';
	return r < 0 ? r : fill_private_copy(f, e, fd);
}

/* A private copy of the lower's file under the anchor's name, by way of a temporary one. 1: a device that may not be made here. */
static int make_anchor(struct filler *f, const struct lower_entry *e, int groups_fd,
		       const char *anchor)
{
	struct cow *cow = f->fill->cow;
	char temp[TEMP_NAME_SIZE];
	int r = make_temp(f, e, temp);

	if (r == 0)
		r = host_renameat2(cow->work_fd, temp, groups_fd, anchor, 0);
	if (r < 0 && temp[0])
		host_unlinkat(cow->work_fd, temp, 0);
	return r;
}

static int open_groups(struct cow *cow, int *ret_fd)
{
	int r = host_mkdirat(cow->dir_fd, STORE_GROUPS, 0700);

	return r < 0 && r != -EEXIST ? r : host_open_dir(cow->dir_fd, STORE_GROUPS, ret_fd);
}

static int need_anchor(struct filler *f, const struct lower_entry *e, int groups_fd,
		       char anchor[ANCHOR_SIZE])
{
	struct statx st;
	int r;

	anchor_name(host_statx_dev(&e->st), e->st.stx_ino, anchor);
	pthread_mutex_lock(&f->fill->lazy->anchor_lock);
	r = host_statx(groups_fd, anchor, &st);
	if (r == -ENOENT)
		r = make_anchor(f, e, groups_fd, anchor);
	pthread_mutex_unlock(&f->fill->lazy->anchor_lock);
	return r;
}

/* Which of the group's names is this one? */
static int note_placed(struct filler *f, const struct lower_entry *e)
{
	struct lazy *lazy = f->fill->lazy;
	const struct group_name *g = find_group(lazy, host_statx_dev(&e->st), e->st.stx_ino);
	cleanup_buf struct buf path = {0};
	int r = node_path(f->node, &path);

	if (r == 0 && path.len)
		r = buf_add_char(&path, '/');
	if (r == 0)
		r = buf_add_str(&path, e->name);
	for (; r == 0 && g < lazy->groups + lazy->n_groups && g->ino == e->st.stx_ino; g++)
		if (!strcmp(lazy->paths.data + g->path, path.data))
			return inode_list_add(&f->placed, (uint64_t)(g - lazy->groups));
	return r;
}

/* With anchor_lock. */
static void drop_if_done(struct lazy *lazy, int groups_fd, const struct group_name *any)
{
	const struct group_name *g = find_group(lazy, any->dev, any->ino);
	char anchor[ANCHOR_SIZE];

	for (; g < lazy->groups + lazy->n_groups && g->ino == any->ino && g->dev == any->dev; g++)
		if (!g->placed)
			return;
	anchor_name(any->dev, any->ino, anchor);
	host_unlinkat(groups_fd, anchor, 0); /* else lazy_complete will */
}

void groups_placed(struct filler *f)
{
	struct lazy *lazy = f->fill->lazy;
	cleanup_fd int groups_fd = -EBADF;

	if (f->placed.n == 0 || open_groups(f->fill->cow, &groups_fd) < 0)
		return;
	pthread_mutex_lock(&lazy->anchor_lock);
	for (size_t i = 0; i < f->placed.n; i++)
		lazy->groups[f->placed.inos[i]].placed = true;
	for (size_t i = 0; i < f->placed.n; i++)
		drop_if_done(lazy, groups_fd, &lazy->groups[f->placed.inos[i]]);
	pthread_mutex_unlock(&lazy->anchor_lock);
	f->placed.n = 0;
}

int groups_place(struct filler *f, const struct lower_entry *e)
{
	cleanup_fd int groups_fd = -EBADF;
	char anchor[ANCHOR_SIZE];
	int r = open_groups(f->fill->cow, &groups_fd);

	f->op = "link";
	if (r == 0)
		r = need_anchor(f, e, groups_fd, anchor);
	if (r > 0)
		return 0;
	if (r == 0)
		r = note_placed(f, e);
	return r < 0 ? r : host_linkat(groups_fd, anchor, f->place->live_fd, e->name);
}

int groups_drop_anchors(struct cow *cow)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir(cow->dir_fd, STORE_GROUPS, &fd);

	if (r == 0)
		r = remove_contents(steal_fd(&fd), NULL);
	if (r == 0)
		r = host_unlinkat(cow->dir_fd, STORE_GROUPS, AT_REMOVEDIR);
	return r == -ENOENT ? 0 : r;
}

/* names that were made before */

/* The directory of path below dir_fd, nothing followed; *ret_name points into path. */
static int open_parent(int dir_fd, const char *path, int *ret_fd, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *dir = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int r;

	if (!dir)
		return -ENOMEM;
	r = host_openat2(dir_fd, dir, O_RDONLY | O_DIRECTORY, 0,
			 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (r < 0)
		return r;
	*ret_fd = r;
	*ret_name = slash ? slash + 1 : path;
	return 0;
}

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/* Puts a link to the anchor in the place of the shared inode; the directory keeps its times. */
static int replace(struct cow *cow, int groups_fd, const char *anchor, int dir_fd, const char *name)
{
	char temp[TEMP_NAME_SIZE];
	struct statx st;
	int r = host_statx(dir_fd, "", &st);

	if (r < 0)
		return r;
	store_temp_name(cow, temp);
	r = host_linkat(groups_fd, anchor, cow->work_fd, temp);
	if (r == 0) {
		r = host_renameat2(cow->work_fd, temp, dir_fd, name, 0);
		if (r < 0)
			host_unlinkat(cow->work_fd, temp, 0);
	}
	return r < 0 ? r : fill_reset_times(dir_fd, &st);
}

static int lower_entry_of(struct cow *cow, const struct lazy *lazy, const struct group_name *g,
			  int *ret_fd, struct lower_entry *ret)
{
	struct lower_entry e = {.dirfd = -EBADF};
	cleanup_fd int fd = -EBADF;
	int r = -ENOENT;

	(void)cow;
	for (size_t i = 0; is_absent(r) && i < lazy->root->place.lower.n; i++) {
		close_fd(&fd);
		r = open_parent(lazy->root->place.lower.parts[i].fd, lazy->paths.data + g->path,
				&fd, &e.name);
		if (r == 0)
			r = host_statx(fd, e.name, &e.st);
		if (r == 0 && (e.st.stx_ino != g->ino || host_statx_dev(&e.st) != g->dev))
			r = -ENOENT;
		e.layer = i;
	}
	if (r < 0)
		return r;
	e.dirfd = fd;
	*ret_fd = steal_fd(&fd);
	*ret = e;
	return 0;
}

/* Names of other objects than files are made only when it is known which belong together. */
static int settle_name(struct cow *cow, struct filler *f, struct group_name *g, int groups_fd)
{
	cleanup_fd int live_dir = -EBADF, lower_dir = -EBADF;
	struct lower_entry e;
	const char *name;
	char anchor[ANCHOR_SIZE];
	struct statx st;
	int r = open_parent(cow->root_fd, cow->lazy->paths.data + g->path, &live_dir, &name);

	if (r == 0)
		r = host_statx(live_dir, name, &st);
	if (r < 0)
		return is_absent(r) ? 0 : r;
	/* not filled yet, or not the lower's any more */
	if (st.stx_ino != g->ino || host_statx_dev(&st) != g->dev)
		return 0;
	r = lower_entry_of(cow, cow->lazy, g, &lower_dir, &e);
	if (r == 0)
		r = need_anchor(f, &e, groups_fd, anchor);
	if (r == 0)
		r = host_statx(groups_fd, anchor, &st);
	if (r == 0)
		r = moved_note(cow, g->ino, &st, cow->lazy->paths.data + g->path);
	if (r == 0)
		r = replace(cow, groups_fd, anchor, live_dir, name);
	g->placed = r == 0;
	return r;
}

static int settle_names(struct cow *cow)
{
	struct lazy *lazy = cow->lazy;
	cleanup_fd int groups_fd = -EBADF;
	struct filler f;
	int r;

	if (lazy->n_groups == 0)
		return 0;
	r = filler_init(&f, &lazy->fill);
	if (r == 0)
		r = open_groups(cow, &groups_fd);
	for (size_t i = 0; r == 0 && i < lazy->n_groups; i++)
		r = settle_name(cow, &f, &lazy->groups[i], groups_fd);
	for (size_t i = 0; r == 0 && i < lazy->n_groups; i++)
		drop_if_done(lazy, groups_fd, &lazy->groups[i]);
	filler_done(&f);
	return r;
}

static int settle(struct cow *cow)
{
	struct lazy *lazy = cow->lazy;
	int r;

	lazy->n_groups = lazy->paths.len = 0;
	r = lowers_scan(cow->meta.lowers, &lazy->fill.skip, add_name, lazy);
	if (r < 0)
		return r;
	keep_groups(lazy);
	pthread_rwlock_wrlock(&lazy->groups_lock);
	r = settle_names(cow);
	if (r == 0)
		atomic_store(&lazy->settled, true);
	pthread_rwlock_unlock(&lazy->groups_lock);
	return r;
}

int cow_settle(struct cow *cow)
{
	struct lazy *lazy = cow->lazy;
	int r = 0;

	if (!lazy || atomic_load(&lazy->settled))
		return 0;
	pthread_mutex_lock(&lazy->scan_lock);
	if (!atomic_load(&lazy->settled))
		r = settle(cow);
	pthread_mutex_unlock(&lazy->scan_lock);
	return r;
}

bool cow_is_settled(const struct cow *cow)
{
	return !cow->lazy || atomic_load(&cow->lazy->settled) ||
	       !atomic_load(&cow->lazy->any_doubtful);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merged view of the lowers; see layer.h. Library. Untrusted: everything in the lowers (they are
 * images); nothing in them is followed or opened but directories. Lowers are never written to.
 */
#include <config.h>

#include "cow/layer.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/at.h"
#include "host/xattr.h"

#define LOWERS_MAX UINT16_MAX

static int open_lower(struct lowers *l, const char *path)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir_path(path, &fd);

	if (r == 0)
		r = chain_init(&l->chains[l->n], steal_fd(&fd));
	if (r == 0)
		l->n++;
	return r;
}

int lowers_open(char *const *paths, struct lowers *ret)
{
	struct lowers l = {0};
	size_t n = 0;
	int r = 0;

	while (paths[n])
		n++;
	if (n == 0 || n > LOWERS_MAX)
		return -EINVAL;
	l.chains = calloc(n, sizeof(*l.chains));
	if (!l.chains)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = open_lower(&l, paths[i]);
	if (r == 0)
		r = host_dir_reader_init(&l.reader, -EBADF);
	if (r < 0)
		lowers_close(&l);
	else
		*ret = l;
	return r;
}

void lowers_close(struct lowers *l)
{
	for (size_t i = 0; i < l->n; i++)
		chain_done(&l->chains[i]);
	free(l->chains);
	host_dir_reader_done(&l->reader);
	*l = (struct lowers){0};
}

static bool takes_part(const struct lowers *l, size_t layer)
{
	return chain_depth(&l->chains[layer]) == l->depth;
}

int lowers_top_fd(const struct lowers *l)
{
	size_t i = 0;

	while (!takes_part(l, i))
		i++;
	return chain_fd(&l->chains[i]);
}

static int add_name(struct lower_dir *dir, size_t layer, const struct host_dirent *d)
{
	if (dir->n == dir->cap) {
		size_t cap = dir->cap ? dir->cap * 2 : 64;
		struct lower_name *p = reallocarray(dir->raw, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		dir->raw = p;
		dir->cap = cap;
	}
	dir->raw[dir->n++] = (struct lower_name){
		.name = dir->names.len,
		.layer = (uint16_t)layer,
		.type = d->type,
	};
	return buf_add(&dir->names, d->name, d->len + 1);
}

static int read_one(struct lowers *l, size_t layer, struct lower_dir *dir)
{
	struct host_dirent d;
	int r = host_dir_reader_reset(&l->reader, chain_fd(&l->chains[layer]));

	while (r == 0) {
		r = host_dir_read(&l->reader, &d);
		if (r <= 0)
			return r;
		r = add_name(dir, layer, &d);
	}
	return r;
}

static int by_name_and_layer(const void *a, const void *b, void *names)
{
	const struct lower_name *x = a, *y = b;
	int r = strcmp((char *)names + x->name, (char *)names + y->name);

	return r ? r : (int)x->layer - (int)y->layer;
}

int lowers_read(struct lowers *l, bool sort, struct lower_dir *ret)
{
	struct lower_dir dir = {0};
	size_t layers = 0;

	for (size_t i = 0; i < l->n; i++) {
		int r = 0;

		if (!takes_part(l, i))
			continue;
		layers++;
		r = read_one(l, i, &dir);
		if (r < 0) {
			lower_dir_done(&dir);
			return r;
		}
	}
	if (dir.n > 1 && (sort || layers > 1))
		qsort_r(dir.raw, dir.n, sizeof(*dir.raw), by_name_and_layer, dir.names.data);
	*ret = dir;
	return 0;
}

void lower_dir_done(struct lower_dir *dir)
{
	free(dir->raw);
	buf_done(&dir->names);
	*dir = (struct lower_dir){0};
}

static bool is_whiteout(const struct statx *st)
{
	return S_ISCHR(st->stx_mode) && st->stx_rdev_major == 0 && st->stx_rdev_minor == 0;
}

/*
 * overlayfs can leave in an upper directory what only it can put together: a file without data
 * (metacopy), a directory with another name below (redirect). Showing them as they are would be
 * silently wrong.
 */
static int refuse_overlay_extras(struct host_xattr_ref ref, bool dir)
{
	static const char *const dir_marks[] = {"trusted.overlay.redirect",
						"user.overlay.redirect"};
	static const char *const file_marks[] = {"trusted.overlay.metacopy",
						 "user.overlay.metacopy"};
	const char *const *marks = dir ? dir_marks : file_marks;
	cleanup_buf struct buf value = {0};

	for (size_t i = 0; i < 2; i++) {
		int r = host_xattr_get(ref, marks[i], &value);

		if (r == 0)
			return -EOPNOTSUPP;
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

int lowers_look(struct lowers *l, const struct lower_dir *dir, size_t *pos, struct lower_entry *ret)
{
	size_t first = *pos, end = first + 1;
	struct lower_entry e = {.first = first, .layer = dir->raw[first].layer};
	int r;

	e.name = dir->names.data + dir->raw[first].name;
	if (l->n > 1)
		while (end < dir->n && !strcmp(dir->names.data + dir->raw[end].name, e.name))
			end++;
	*pos = end;
	e.n = end - first;
	e.dirfd = chain_fd(&l->chains[e.layer]);
	r = host_statx(e.dirfd, e.name, &e.st);
	if (r < 0)
		return r;
	e.mount = host_statx_is_mount(&e.st);
	if (is_whiteout(&e.st))
		return 0;
	if (S_ISDIR(e.st.stx_mode) && e.st.stx_ino == l->skip_ino &&
	    host_statx_dev(&e.st) == l->skip_dev)
		return 0;
	if (l->n > 1 && S_ISREG(e.st.stx_mode)) {
		r = refuse_overlay_extras((struct host_xattr_ref){e.dirfd, e.name}, false);
		if (r < 0)
			return r;
	}
	*ret = e;
	return 1;
}

static int is_opaque(int fd, bool *ret)
{
	static const char *const marks[] = {"trusted.overlay.opaque", "user.overlay.opaque"};
	cleanup_buf struct buf value = {0};

	*ret = false;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		int r = host_xattr_get((struct host_xattr_ref){fd, NULL}, marks[i], &value);

		if (r == -ENOMEM)
			return r;
		if (r == 0 && value.len == 1 && value.data[0] == 'y')
			*ret = true;
	}
	return 0;
}

/* Does the directory that lower `layer` now stands in end the merge? */
static int ends_merge(struct lowers *l, size_t layer, bool *ret)
{
	int fd = chain_fd(&l->chains[layer]);
	int r = refuse_overlay_extras((struct host_xattr_ref){fd, NULL}, true);

	return r < 0 ? r : is_opaque(fd, ret);
}

int lowers_enter(struct lowers *l, const struct lower_dir *dir, size_t first, size_t n)
{
	l->depth++;
	for (size_t i = first; i < first + n; i++) {
		const char *name = dir->names.data + dir->raw[i].name;
		size_t layer = dir->raw[i].layer;
		struct statx st;
		bool end = false;
		int r;

		if (i > first) {
			/* anything but a directory below, a whiteout as well, hides what lies
			 * further below */
			r = host_statx(chain_fd(&l->chains[layer]), name, &st);
			if (r < 0)
				return r;
			if (!S_ISDIR(st.stx_mode) || host_statx_is_mount(&st))
				break;
		}
		r = chain_push(&l->chains[layer], name);
		if (r < 0 && i == first)
			l->depth--;
		if (r == 0 && l->n > 1)
			r = ends_merge(l, layer, &end);
		if (r < 0)
			return r;
		if (end)
			break;
	}
	return 0;
}

int lowers_leave(struct lowers *l)
{
	for (size_t i = 0; i < l->n; i++) {
		int r = takes_part(l, i) ? chain_pop(&l->chains[i]) : 0;

		if (r < 0)
			return r;
	}
	l->depth--;
	return 0;
}

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
#include "cow/whiteout.h"
#include "host/at.h"
#include "host/xattr.h"

#define LOWERS_MAX UINT16_MAX

static size_t count_paths(char *const *paths)
{
	size_t n = 0;

	while (paths[n])
		n++;
	return n;
}

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
	size_t n = count_paths(paths);
	int r = 0;

	if (n == 0 || n > LOWERS_MAX)
		return -EINVAL;
	l.skip.layers = n;
	l.chains = calloc(n, sizeof(*l.chains));
	l.here.parts = calloc(n, sizeof(*l.here.parts));
	if (!l.chains || !l.here.parts) {
		lowers_close(&l);
		return -ENOMEM;
	}
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
	free(l->here.parts);
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

static int read_part(const struct merged_part *part, struct host_dir_reader *reader,
		     struct lower_dir *dir)
{
	struct host_dirent d;
	int r = host_dir_reader_reset(reader, part->fd);

	while (r == 0) {
		r = host_dir_read(reader, &d);
		if (r <= 0)
			return r;
		r = add_name(dir, part->layer, &d);
	}
	return r;
}

static int by_name_and_layer(const void *a, const void *b, void *names)
{
	const struct lower_name *x = a, *y = b;
	int r = strcmp((char *)names + x->name, (char *)names + y->name);

	return r ? r : (int)x->layer - (int)y->layer;
}

int merged_read(const struct merged *m, struct host_dir_reader *reader, bool sort,
		struct lower_dir *dir)
{
	dir->n = 0;
	dir->names.len = 0;
	for (size_t i = 0; i < m->n; i++) {
		int r = read_part(&m->parts[i], reader, dir);

		if (r < 0)
			return r;
	}
	if (dir->n > 1 && (sort || m->n > 1))
		qsort_r(dir->raw, dir->n, sizeof(*dir->raw), by_name_and_layer, dir->names.data);
	return 0;
}

/* The lowers that take part in the current directory. */
static const struct merged *here(struct lowers *l)
{
	l->here.n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (takes_part(l, i))
			l->here.parts[l->here.n++] = (struct merged_part){
				.fd = chain_fd(&l->chains[i]), .layer = (uint16_t)i};
	return &l->here;
}

int lowers_read(struct lowers *l, bool sort, struct lower_dir *ret)
{
	struct lower_dir dir = {0};
	int r = merged_read(here(l), &l->reader, sort, &dir);

	if (r < 0)
		lower_dir_done(&dir);
	else
		*ret = dir;
	return r;
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

static int fd_of_layer(const struct merged *m, size_t layer)
{
	size_t i = 0;

	while (m->parts[i].layer != layer)
		i++;
	return m->parts[i].fd;
}

int merged_look(const struct merged *m, const struct lower_skip *skip, const struct lower_dir *dir,
		size_t *pos, struct lower_entry *ret)
{
	size_t first = *pos, end = first + 1;
	struct lower_entry e = {.first = first, .layer = dir->raw[first].layer};
	int r;

	e.name = dir->names.data + dir->raw[first].name;
	if (m->n > 1)
		while (end < dir->n && !strcmp(dir->names.data + dir->raw[end].name, e.name))
			end++;
	*pos = end;
	e.n = end - first;
	if (skip->whiteout_files)
		e.n = whiteout_files_visible(dir, first, e.n, m->n > 1);
	if (e.n == 0)
		return 0;
	e.dirfd = fd_of_layer(m, e.layer);
	r = host_statx(e.dirfd, e.name, &e.st);
	if (r < 0)
		return r;
	e.mount = host_statx_is_mount(&e.st);
	if (is_whiteout(&e.st))
		return 0;
	if (S_ISDIR(e.st.stx_mode) && e.st.stx_ino == skip->ino &&
	    host_statx_dev(&e.st) == skip->dev)
		return 0;
	/* layers that came out of archives are no upper directories of overlayfs */
	if (skip->layers > 1 && S_ISREG(e.st.stx_mode) && !skip->whiteout_files) {
		r = refuse_overlay_extras((struct host_xattr_ref){e.dirfd, e.name}, false);
		if (r < 0)
			return r;
	}
	*ret = e;
	return 1;
}

int lowers_look(struct lowers *l, const struct lower_dir *dir, size_t *pos, struct lower_entry *ret)
{
	return merged_look(here(l), &l->skip, dir, pos, ret);
}

static int is_opaque(int fd, bool *ret)
{
	static const char *const marks[] = {"trusted.overlay.opaque", "user.overlay.opaque",
					    "user.fuseoverlayfs.opaque"};
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

/* Does this directory of a lower end the merge? */
static int ends_merge(int fd, bool *ret)
{
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
			r = ends_merge(chain_fd(&l->chains[layer]), &end);
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

/*
 * The directory that one part contributes to the merged subdirectory `name`. 1: *ret_fd; 0: it
 * has none; -ENOTDIR: something else there hides what lies further below.
 */
static int sub_of_part(const struct merged_part *part, const char *name, bool uppermost,
		       int *ret_fd)
{
	struct statx st;
	int r = host_statx(part->fd, name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!S_ISDIR(st.stx_mode) || (!uppermost && host_statx_is_mount(&st)))
		return -ENOTDIR;
	r = host_open_dir(part->fd, name, ret_fd);
	return r < 0 ? r : 1;
}

static int add_sub(struct merged *sub, const struct merged_part *part, const char *name,
		   const struct lower_skip *skip, bool *ret_end)
{
	cleanup_fd int fd = -EBADF;
	int r = sub_of_part(part, name, sub->n == 0, &fd);

	if (r == -ENOTDIR && sub->n) {
		*ret_end = true;
		return 0;
	}
	if (r > 0)
		r = ends_merge(fd, ret_end);
	if (r >= 0 && skip->whiteout_files && !*ret_end)
		*ret_end = whiteout_files_hide_below(part->fd, name);
	if (r < 0 || fd < 0)
		return r;
	sub->parts[sub->n++] = (struct merged_part){.fd = steal_fd(&fd), .layer = part->layer};
	return 0;
}

int merged_sub(const struct merged *m, const struct lower_skip *skip, const char *name,
	       struct merged *ret)
{
	struct merged sub = {.parts = malloc(m->n * sizeof(*sub.parts))};
	bool end = false;
	int r = 0;

	if (!sub.parts)
		return -ENOMEM;
	if (skip->layers == 1) { /* no marks to look for */
		r = host_open_dir(m->parts[0].fd, name, &sub.parts[0].fd);
		sub.parts[0].layer = m->parts[0].layer;
		sub.n = r == 0;
	}
	for (size_t i = 0; r == 0 && !end && i < m->n && skip->layers > 1; i++)
		r = add_sub(&sub, &m->parts[i], name, skip, &end);
	if (r == 0 && sub.n == 0)
		r = -ENOENT;
	if (r < 0)
		merged_close(&sub);
	else
		*ret = sub;
	return r;
}

int merged_open(char *const *paths, struct merged *ret)
{
	struct merged m = {0};
	size_t n = count_paths(paths);
	int r = 0;

	if (n == 0 || n > LOWERS_MAX)
		return -EINVAL;
	m.parts = malloc(n * sizeof(*m.parts));
	if (!m.parts)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		m.parts[i].layer = (uint16_t)i;
		r = host_open_dir_path(paths[i], &m.parts[i].fd);
		m.n += r == 0;
	}
	if (r < 0)
		merged_close(&m);
	else
		*ret = m;
	return r;
}

int merged_dup(const struct merged *m, struct merged *ret)
{
	struct merged copy = {.parts = malloc(m->n * sizeof(*copy.parts))};
	int r = copy.parts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < m->n; i++) {
		copy.parts[i].layer = m->parts[i].layer;
		r = host_open_dir(m->parts[i].fd, ".", &copy.parts[i].fd);
		copy.n += r == 0;
	}
	if (r < 0)
		merged_close(&copy);
	else
		*ret = copy;
	return r;
}

void merged_close(struct merged *m)
{
	for (size_t i = 0; i < m->n; i++)
		close_fd(&m->parts[i].fd);
	free(m->parts);
	*m = (struct merged){0};
}

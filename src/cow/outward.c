/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See outward.h. Library. Untrusted: the live root. */
#include <config.h>

#include "cow/outward.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cow/internal.h"
#include "cow/object.h"
#include "host/at.h"

int outward_init(struct outward *o, struct cow *cow, const struct cow_changes *c, int out_fd)
{
	int r;

	*o = (struct outward){.cow = cow, .c = c, .op = "open"};
	o->placed = reallocarray(NULL, c->n, sizeof(*o->placed));
	if (!o->placed)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		o->placed[i] = COW_NO_GROUP;
	r = cursor_init(&o->live, cow_root_fd(cow));
	if (r == 0)
		r = cursor_init(&o->out, out_fd);
	if (r == 0)
		r = cursor_init(&o->links, out_fd);
	if (r < 0)
		outward_done(o);
	return r;
}

void outward_done(struct outward *o)
{
	cursor_done(&o->live);
	cursor_done(&o->out);
	cursor_done(&o->links);
	free(o->placed);
}

bool outward_is_gone(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

int outward_place(struct cursor *cursor, const char *path, struct place *ret)
{
	int r = cursor_seek(cursor, path, &ret->dirfd, &ret->name);

	return r < 0 ? r : host_statx(ret->dirfd, ret->name ? ret->name : "", &ret->st);
}

int outward_live(struct outward *o, size_t i, struct place *ret)
{
	const struct cow_item *item = &o->c->v[i];
	int r;

	o->op = "look at";
	r = outward_place(&o->live, cow_item_path(o->c, item), ret);
	if (r < 0)
		return r;
	return (ret->st.stx_mode ^ item->live.stx_mode) & S_IFMT ? -ESTALE : 0;
}

static bool in_group(const struct cow_item *item, const struct place *live)
{
	return item->group != COW_NO_GROUP && item->live.stx_ino == live->st.stx_ino;
}

const char *outward_other_name(const struct outward *o, size_t i, const struct place *live)
{
	const struct cow_item *item = &o->c->v[i];
	size_t other = in_group(item, live) ? o->placed[item->group] : COW_NO_GROUP;

	return other == COW_NO_GROUP ? NULL : cow_item_path(o->c, &o->c->v[other]);
}

void outward_note(struct outward *o, size_t i, const struct place *live)
{
	const struct cow_item *item = &o->c->v[i];

	if (in_group(item, live) && o->placed[item->group] == COW_NO_GROUP)
		o->placed[item->group] = i;
}

int outward_copy(struct outward *o, size_t i, const struct place *live, int dst_dir,
		 const char *dst_name)
{
	const char *other = outward_other_name(o, i, live);
	struct object_copy copy = {live->dirfd, live->name, &live->st, dst_dir, dst_name};
	struct place first;
	int r;

	if (other) {
		o->op = "link";
		r = outward_place(&o->links, other, &first);
		return r < 0 ? r : host_linkat(first.dirfd, first.name, dst_dir, dst_name);
	}
	o->op = "copy";
	r = object_copy(&copy);
	if (r == 0)
		outward_note(o, i, live);
	return r;
}

/* Both directories of a directory item, open. */
static int dir_times(struct outward *o, size_t i)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	struct place live, out;
	int r = outward_live(o, i, &live);

	if (r == 0)
		r = outward_place(&o->out, cow_item_path(o->c, &o->c->v[i]), &out);
	if (r == 0)
		r = host_open_dir(live.dirfd, live.name ? live.name : ".", &src);
	if (r == 0)
		r = host_open_dir(out.dirfd, out.name ? out.name : ".", &dst);
	o->op = "set the times of";
	if (r == 0)
		r = object_copy_dir_times(src, dst);
	return outward_is_gone(r) || r == -ESTALE ? 0 : r;
}

int outward_dir_times(struct outward *o)
{
	int r = 0;

	for (size_t i = o->c->n; r == 0 && i-- > 0;)
		if (S_ISDIR(o->c->v[i].live.stx_mode))
			r = dir_times(o, i);
	return r;
}

void outward_fault(const struct outward *o, size_t i, struct cow_fault *fault)
{
	fault_set(fault, o->op, i < o->c->n ? cow_item_path(o->c, &o->c->v[i]) : NULL, NULL);
}

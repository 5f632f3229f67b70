/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Further names of files that have several, made when all directories are filled; see fill.h. Library; runs as the container's root, in one thread. Untrusted: the
 * lowers.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>

#include "cow/fill.h"
#include "cow/internal.h"
#include "host/at.h"

/* Replaces <name> in dir_fd by a link to the current directory's e->name. */
static int replace_by_link(struct filler *f, int dir_fd, const char *name,
			   const struct lower_entry *e)
{
	struct cow *cow = f->fill->cow;
	char temp[TEMP_NAME_SIZE];
	int r;

	store_temp_name(cow, temp);
	r = host_linkat(f->place->live_fd, e->name, cow->work_fd, temp);
	if (r < 0)
		return r;
	r = host_renameat2(cow->work_fd, temp, dir_fd, name, 0);
	if (r < 0)
		host_unlinkat(cow->work_fd, temp, 0);
	return r;
}

/*
 * The first name is shared with the lower: the group gets a private inode instead, since a shared inode must have
 * exactly one live name, so that a copy-up does not split the group.
 */
static int make_group_private(struct filler *f, const struct names_file *first, int dir_fd,
			      const struct lower_entry *e)
{
	int r = fill_private_name(f, e);

	if (r < 0)
		return r;
	f->op = "link";
	r = replace_by_link(f, dir_fd, names_text(&f->fill->names, first->name), e);
	if (r == 0)
		f->stats.linked--;
	return r;
}

static int link_to_private(struct filler *f, const struct names_file *first, int dir_fd,
			   const struct lower_entry *e)
{
	int r = host_linkat(dir_fd, names_text(&f->fill->names, first->name), f->place->live_fd,
			    e->name);

	if (r != -EMLINK)
		return r;
	if (S_ISREG(e->st.stx_mode))
		return fill_private_name(f, e);
	return fill_node(f, e, f->place->live_fd, e->name);
}

static int link_to_first(struct filler *f, struct names_file *first, int dir_fd,
			 const struct lower_entry *e, struct inode_list *drop)
{
	int r;

	f->op = "link";
	if (first->is_private || (f->fill->cow->frozen && S_ISREG(e->st.stx_mode)))
		return link_to_private(f, first, dir_fd, e);
	if (!S_ISREG(e->st.stx_mode)) { /* a device that could not be made */
		f->stats.skipped++;
		return 0;
	}
	r = make_group_private(f, first, dir_fd, e);
	if (r < 0)
		return r;
	first->is_private = true;
	return inode_list_add(drop, e->st.stx_ino);
}

int fill_reset_times(int fd, const struct statx *st)
{
	struct attr attr;

	attr_of_live(st, &attr);
	return host_lutimensat(fd, ".", attr.times);
}

/* The uppermost lower that has the name shows it. */
static int look_again(const struct place *place, struct lower_entry *e)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < place->lower.n; i++) {
		e->dirfd = place->lower.parts[i].fd;
		e->layer = place->lower.parts[i].layer;
		r = host_statx(e->dirfd, e->name, &e->st);
	}
	return r;
}

/* Both directories are complete and keep their times. */
static int link_in_places(struct filler *f, struct names_file *first, const struct place *at,
			  const char *name, struct inode_list *drop)
{
	struct lower_entry e = {.name = name};
	struct statx times, first_times;
	int r = host_statx(f->place->live_fd, "", &times);

	if (r == 0)
		r = host_statx(at->live_fd, "", &first_times);
	if (r == 0)
		r = look_again(f->place, &e);
	if (r == 0)
		r = link_to_first(f, first, at->live_fd, &e, drop);
	if (r == 0)
		r = fill_reset_times(at->live_fd, &first_times);
	return r < 0 ? r : fill_reset_times(f->place->live_fd, &times);
}

static int make_further(struct filler *f, const struct names_further *more, struct inode_list *drop)
{
	struct names *names = &f->fill->names;
	struct names_file *first = names_find(names, more->dev, more->ino);
	struct place here = {.live_fd = -EBADF}, there = {.live_fd = -EBADF};
	int r;

	f->node = more->dir;
	f->place = &here;
	f->name = names_text(names, more->name);
	f->op = "open directory";
	r = place_open_from_root(f->fill, more->dir, &here);
	if (r == 0)
		r = place_open_from_root(f->fill, first->dir, &there);
	if (r == 0)
		r = link_in_places(f, first, &there, f->name, drop);
	place_close(&here);
	place_close(&there);
	return r;
}

int fill_further_names(struct filler *f, struct inode_list *drop)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->fill->names.n_further; i++)
		r = make_further(f, &f->fill->names.further[i], drop);
	return r;
}

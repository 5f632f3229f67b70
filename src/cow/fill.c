/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling one directory; see fill.h. Library; runs as the container's root, in several threads. Untrusted: the
 * lowers. All names are made first, then the directory gets its own metadata (so that its times are right and no
 * default ACL is inherited); its subdirectories come later, each by itself.
 */
#include <config.h>

#include "cow/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/internal.h"
#include "cow/lazy.h"
#include "cow/share.h"
#include "host/at.h"

int inode_list_add(struct inode_list *list, uint64_t ino)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 256;
		uint64_t *p = reallocarray(list->inos, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		list->inos = p;
		list->cap = cap;
	}
	list->inos[list->n++] = ino;
	return 0;
}

int fill_init(struct fill *fill, struct cow *cow)
{
	size_t layers = 0;

	while (cow->meta.lowers[layers])
		layers++;
	*fill = (struct fill){
		.cow = cow,
		.skip = {.dev = cow->store_dev,
			 .ino = cow->store_ino,
			 .layers = layers,
			 .whiteout_files = cow->meta.whiteout_files},
	};
	fill->no_link = calloc(layers, sizeof(*fill->no_link));
	if (!fill->no_link)
		return -ENOMEM;
	return -pthread_mutex_init(&fill->names_lock, NULL);
}

void fill_done(struct fill *fill)
{
	free(fill->no_link);
	names_done(&fill->names);
	pthread_mutex_destroy(&fill->names_lock);
}

int filler_init(struct filler *f, struct fill *fill)
{
	*f = (struct filler){.fill = fill};
	return host_dir_reader_init(&f->reader, -EBADF);
}

void filler_done(struct filler *f)
{
	host_dir_reader_done(&f->reader);
	lower_dir_done(&f->dir);
	free(f->linked.inos);
	free(f->placed.inos);
}

static int live_fd(const struct filler *f)
{
	return f->place->live_fd;
}

/*
 * While the container runs, what appears under a name must be whole: it is made in work/ and moved. Where nobody looks yet it is made in its
 * place.
 */
static int stage_fd(const struct filler *f)
{
	return f->fill->lazy ? f->fill->cow->work_fd : live_fd(f);
}

static const char *stage_name(struct filler *f, const char *name)
{
	if (!f->fill->lazy)
		return name;
	store_temp_name(f->fill->cow, f->temp);
	return f->temp;
}

/* r: of making it. On failure nothing is left in work/. */
static int unstage(struct filler *f, const char *name, int r)
{
	if (!f->fill->lazy)
		return r;
	if (r == 0)
		r = host_renameat2(f->fill->cow->work_fd, f->temp, live_fd(f), name,
				   RENAME_NOREPLACE);
	if (r < 0 && host_unlinkat(f->fill->cow->work_fd, f->temp, 0) == -EISDIR)
		host_unlinkat(f->fill->cow->work_fd, f->temp, AT_REMOVEDIR);
	return r;
}

/* Would a link show the owner that the live file is to have? */
static bool owner_is_right(const struct cow *cow, const struct lower_entry *e)
{
	struct attr attr;

	if (!cow->owners)
		return true;
	attr_of_lower(cow, &e->st, &attr);
	/* 65534 is also what stat shows for ids that are not mapped */
	return attr.uid == e->st.stx_uid && attr.gid == e->st.stx_gid && attr.uid != 65534 &&
	       attr.gid != 65534;
}

static bool may_link(const struct filler *f, const struct lower_entry *e)
{
	const struct cow *cow = f->fill->cow;
	enum cow_share share = cow->meta.share;

	if ((f->node->copy && !cow->frozen) || e->st.stx_size == 0 || f->fill->no_link[e->layer])
		return false;
	return (share == COW_SHARE_AUTO || share == COW_SHARE_LINK) && owner_is_right(cow, e);
}

/* Is it this file that cannot be linked (and a private one is made instead), or has something
 * failed? */
static bool is_link_refusal(int r)
{
	return r == -EPERM || r == -EXDEV || r == -EMLINK || r == -EOPNOTSUPP || r == -EACCES;
}

static int open_lower_file(struct filler *f, const struct lower_entry *e, struct statx *ret_st,
			   int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	int r;

	f->op = "open";
	r = host_open_read(e->dirfd, e->name, &fd);
	if (r == 0)
		r = host_statx(fd, "", ret_st);
	if (r < 0)
		return r;
	if (!S_ISREG(ret_st->stx_mode) || ret_st->stx_ino != e->st.stx_ino)
		return -ESTALE; /* somebody changes the lower */
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int fill_private(struct filler *f, int src, int dst, const struct statx *st)
{
	bool try_clone = f->fill->cow->meta.share != COW_SHARE_COPY && !f->fill->no_clone;
	bool cloned = false;
	uint64_t bytes = 0;
	struct attr attr;
	int r;

	f->op = "copy";
	r = share_data(src, dst, st, try_clone, &cloned, &bytes);
	if (r < 0)
		return r;
	if (try_clone && !cloned && st->stx_size)
		f->fill->no_clone = true;
	f->stats.reflinked += cloned;
	f->stats.copied += !cloned;
	f->stats.copied_bytes += bytes;
	f->op = "set metadata of";
	attr_of_lower(f->fill->cow, st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){src, NULL},
			  (struct host_xattr_ref){dst, NULL}, &f->fill->cow->index.refused);
}

int fill_private_copy(struct filler *f, const struct lower_entry *e, int fd)
{
	cleanup_fd int src = -EBADF;
	struct statx st;
	int r = open_lower_file(f, e, &st, &src);

	return r < 0 ? r : fill_private(f, src, fd, &st);
}

int fill_private_name(struct filler *f, const struct lower_entry *e)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	struct statx st;
	int r = open_lower_file(f, e, &st, &src);

	if (r < 0)
		return r;
	f->op = "create";
	r = host_openat(stage_fd(f), stage_name(f, e->name), O_RDWR | O_CREAT | O_EXCL, 0600, &dst);
	if (r == 0)
		r = unstage(f, e->name, fill_private(f, src, dst, &st));
	return r;
}

/* A private copy of one name would split a group of names that is not known yet. */
static bool must_settle(const struct filler *f, const struct lower_entry *e)
{
	return f->fill->lazy && e->st.stx_nlink > 1 && !atomic_load(&f->fill->lazy->settled);
}

static int make_file(struct filler *f, const struct lower_entry *e, bool *ret_private)
{
	int r;

	*ret_private = true;
	if (!may_link(f, e))
		return must_settle(f, e) ? -EDEADLK : fill_private_name(f, e);
	f->op = "link";
	/* the container may see the name at once: the guard must know its inode before */
	r = f->fill->lazy ? lazy_add_shared(f->fill->lazy, e->st.stx_ino, e->st.stx_nlink > 1) : 0;
	if (r == 0)
		r = host_linkat(e->dirfd, e->name, live_fd(f), e->name);
	if (r == 0) {
		*ret_private = false;
		f->stats.linked++;
		return f->fill->lazy ? 0 : inode_list_add(&f->linked, e->st.stx_ino);
	}
	if (!is_link_refusal(r))
		return r;
	if (r == -EXDEV && !e->mount)
		f->fill->no_link[e->layer] = true;
	if (must_settle(f, e))
		return -EDEADLK;
	return fill_private_name(f, e);
}

/* Is this the first name of the file? Others are made at the end, since their directories are other threads' work. */
static int note_name(struct filler *f, const struct lower_entry *e, bool *ret_first)
{
	struct fill *fill = f->fill;
	dev_t dev = host_statx_dev(&e->st);
	int r;

	pthread_mutex_lock(&fill->names_lock);
	*ret_first = names_find(&fill->names, dev, e->st.stx_ino) == NULL;
	r = *ret_first ? names_add_file(&fill->names, dev, e->st.stx_ino, f->node, e->name)
		       : names_add_further(&fill->names, dev, e->st.stx_ino, f->node, e->name);
	pthread_mutex_unlock(&fill->names_lock);
	return r;
}

static void note_private(struct filler *f, const struct lower_entry *e)
{
	struct fill *fill = f->fill;

	pthread_mutex_lock(&fill->names_lock);
	names_find(&fill->names, host_statx_dev(&e->st), e->st.stx_ino)->is_private = true;
	pthread_mutex_unlock(&fill->names_lock);
}

static int place_file_lazily(struct filler *f, const struct lower_entry *e)
{
	struct lazy *lazy = f->fill->lazy;
	bool is_private;

	if (e->st.stx_nlink > 1 && atomic_load(&lazy->settled) &&
	    groups_have(lazy, host_statx_dev(&e->st), e->st.stx_ino))
		return groups_place(f, e);
	return make_file(f, e, &is_private);
}

static int place_file(struct filler *f, const struct lower_entry *e)
{
	/* links from other live roots count as well, so most files of a used image are noted */
	bool noted = e->st.stx_nlink > 1, first = true, is_private;
	int r = noted ? note_name(f, e, &first) : 0;

	if (r < 0 || !first)
		return r;
	r = make_file(f, e, &is_private);
	if (r == 0 && noted && is_private)
		note_private(f, e);
	return r;
}

static int make_node(struct filler *f, const struct lower_entry *e, int dirfd, const char *as)
{
	dev_t dev = makedev(e->st.stx_rdev_major, e->st.stx_rdev_minor);
	char target[PATH_MAX];
	int r;

	if (!S_ISLNK(e->st.stx_mode)) {
		f->op = "make node";
		return host_mknodat(dirfd, as, (e->st.stx_mode & S_IFMT) | 0600, dev);
	}
	f->op = "make symlink";
	r = host_readlinkat(e->dirfd, e->name, target, sizeof(target));
	return r < 0 ? r : host_symlinkat(target, dirfd, as);
}

int fill_node(struct filler *f, const struct lower_entry *e, int dirfd, const char *as)
{
	bool device = S_ISCHR(e->st.stx_mode) || S_ISBLK(e->st.stx_mode);
	struct attr attr;
	int r = make_node(f, e, dirfd, as);

	/* a user namespace may make none; the container gets its devices from elsewhere */
	if (r == -EPERM && device) {
		f->stats.skipped++;
		return 1;
	}
	if (r < 0)
		return r;
	f->stats.others++;
	f->op = "set metadata of";
	attr_of_lower(f->fill->cow, &e->st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){e->dirfd, e->name},
			  (struct host_xattr_ref){dirfd, as}, &f->fill->cow->index.refused);
}

static int place_single_node(struct filler *f, const struct lower_entry *e)
{
	const char *as = stage_name(f, e->name);
	int r = fill_node(f, e, stage_fd(f), as);

	return r > 0 ? 1 : unstage(f, e->name, r);
}

/* They are never shared, so a link count above 1 is the image's own. */
static int place_node(struct filler *f, const struct lower_entry *e)
{
	bool noted = e->st.stx_nlink > 1, first = true;
	int r = 0;

	if (must_settle(f, e))
		return -EDEADLK;
	if (f->fill->lazy)
		return groups_have(f->fill->lazy, host_statx_dev(&e->st), e->st.stx_ino)
			       ? groups_place(f, e)
			       : MIN(place_single_node(f, e), 0);
	if (noted)
		r = note_name(f, e, &first);
	if (r < 0 || !first)
		return r;
	r = place_single_node(f, e);
	if (r == 0 && noted)
		note_private(f, e);
	return MIN(r, 0);
}

static int set_dir_attrs(struct filler *f, const struct place *place)
{
	int lower = place->lower.parts[0].fd; /* the uppermost speaks for all */
	struct attr attr;
	struct statx st;
	int r = host_statx(lower, "", &st);

	f->op = "set metadata of";
	if (r < 0)
		return r;
	attr_of_lower(f->fill->cow, &st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){lower, NULL},
			  (struct host_xattr_ref){place->live_fd, NULL},
			  &f->fill->cow->index.refused);
}

/* Another mount: only the directory it lies on is shown. */
static int place_mount(struct filler *f, const struct lower_entry *e)
{
	struct place place = {.live_fd = -EBADF};
	int r;

	f->op = "open directory";
	r = place_open_below(f->fill, f->place, e->name, &place);
	if (r == 0)
		r = set_dir_attrs(f, &place);
	place_close(&place);
	return r;
}

/*
 * The owner and mode that it has in the image from the moment it can be seen: while it stands in the live root unfilled, the kernel decides by
 * them whether a user may pass.
 */
static int set_staged_attrs(struct filler *f, const char *as, const struct lower_entry *e)
{
	struct cow *cow = f->fill->cow;
	cleanup_fd int fd = -EBADF;
	struct attr attr;
	int r;

	f->op = "set metadata of";
	r = host_open_dir(cow->work_fd, as, &fd);
	if (r < 0)
		return r;
	attr_of_lower(cow, &e->st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){e->dirfd, e->name},
			  (struct host_xattr_ref){fd, NULL}, &cow->index.refused);
}

/* Returns as lazy_add_dir does. */
static int stage_lazy_dir(struct filler *f, const char *as, const struct lower_entry *e)
{
	int r = set_staged_attrs(f, as, e);

	return r < 0 ? r : lazy_add_dir(f, f->fill->cow->work_fd, as, e->name);
}

static int place_dir(struct filler *f, const struct lower_entry *e)
{
	const char *as = stage_name(f, e->name);
	struct node *sub;
	int r, unmarked = 0;

	f->op = "make directory";
	r = host_mkdirat(stage_fd(f), as, 0700);
	if (r < 0)
		return r;
	f->stats.dirs++;
	if (f->fill->lazy && !e->mount)
		unmarked = stage_lazy_dir(f, as, e);
	r = unstage(f, e->name, MIN(unmarked, 0));
	if (r < 0)
		return r;
	if (e->mount)
		return place_mount(f, e);
	if (f->fill->lazy && !unmarked)
		return 0;
	sub = node_new(f->node, e->name);
	if (!sub)
		return -ENOMEM;
	sub->next = f->subdirs;
	f->subdirs = sub;
	f->n_subdirs++;
	return 0;
}

static int place(struct filler *f, const struct lower_entry *e)
{
	int r;

	f->name = e->name;
	switch (e->st.stx_mode & S_IFMT) {
	case S_IFDIR:
		r = place_dir(f, e);
		break;
	case S_IFREG:
		r = f->fill->lazy ? place_file_lazily(f, e) : place_file(f, e);
		break;
	default:
		r = place_node(f, e);
	}
	/* somebody in the container was quicker, past our look: his is the newer one */
	return r == -EEXIST && f->fill->lazy ? 0 : r;
}

int fill_dir(struct filler *f, struct node *node)
{
	const struct merged *lower = &node->place.lower;
	size_t pos = 0;
	int r;

	f->node = node;
	f->place = &node->place;
	f->op = "read directory";
	f->name = NULL;
	r = merged_read(lower, &f->reader, false, &f->dir);
	while (r == 0 && pos < f->dir.n) {
		struct lower_entry e;

		f->op = "look at";
		f->name = f->dir.names.data + f->dir.raw[pos].name;
		r = merged_look(lower, &f->fill->skip, &f->dir, &pos, &e);
		if (r > 0)
			r = place(f, &e);
	}
	if (r < 0)
		return r;
	f->name = NULL;
	return set_dir_attrs(f, &node->place);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Populate: makes the live root look like the lowers. Library; runs as the container's root, before
 * anything of the container does. Untrusted: the lowers. Walks down with descriptors, one directory
 * at a time: all of its names first, then its own metadata (so that its times are right and no
 * default ACL is inherited), then its subdirectories.
 */
#include <config.h>

#include "cow/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/chain.h"
#include "cow/layer.h"
#include "cow/names.h"
#include "cow/share.h"
#include "host/at.h"

/* One level of the walk: after its files are made only the subdirectories are left in dir.raw. */
struct frame {
	struct lower_dir dir;
	size_t next;
	uint32_t id; /* in names */
	bool copy;   /* files here and below are copied, never linked */
};

struct populate {
	struct cow *cow;
	struct cow_stats stats;
	struct lowers lowers;
	struct chain live;
	struct names names;
	struct frame *frames;
	size_t n, cap;
	bool *no_link;	/* per lower: it lies on another file system */
	bool no_clone;	/* FICLONE was refused once */
	uint64_t *drop; /* inodes that were linked, then replaced by a private copy */
	size_t n_drop, cap_drop;
	const char *op; /* under way, for the fault */
	const char *name;
};

/* What programs insist to find with a link count of 1 (cron, logrotate, sudo). Paths below the live
 * root. */
static const char *const copied_trees[] = {"etc", "var/log", "var/spool"};

static bool is_copied_tree(const struct chain *live, const char *name)
{
	cleanup_buf struct buf path = {0};

	if (chain_depth(live) > 1)
		return false;
	chain_path(live, &path);
	if (path.len)
		buf_add_char(&path, '/');
	if (buf_add_str(&path, name) < 0)
		return true; /* out of memory: copying is always right */
	for (size_t i = 0; i < ARRAY_SIZE(copied_trees); i++)
		if (!strcmp(path.data, copied_trees[i]))
			return true;
	return false;
}

/* Would a link show the owner that the live file is to have? */
static bool owner_is_right(const struct populate *p, const struct lower_entry *e)
{
	struct attr attr;

	if (!p->cow->owners)
		return true;
	attr_of_lower(p->cow, &e->st, &attr);
	/* 65534 is also what stat shows for ids that are not mapped */
	return attr.uid == e->st.stx_uid && attr.gid == e->st.stx_gid && attr.uid != 65534 &&
	       attr.gid != 65534;
}

static bool may_link(const struct populate *p, const struct frame *f, const struct lower_entry *e)
{
	enum cow_share share = p->cow->meta.share;

	if (f->copy || e->st.stx_size == 0 || p->no_link[e->layer])
		return false;
	return (share == COW_SHARE_AUTO || share == COW_SHARE_LINK) && owner_is_right(p, e);
}

/* Is it this file that cannot be linked (and a private one is made instead), or has something
 * failed? */
static bool is_link_refusal(int r)
{
	return r == -EPERM || r == -EXDEV || r == -EMLINK || r == -EOPNOTSUPP || r == -EACCES;
}

/* A private file of this name in the current live directory. */
static int make_private(struct populate *p, const struct lower_entry *e)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	bool cloned = false, try_clone = p->cow->meta.share != COW_SHARE_COPY && !p->no_clone;
	uint64_t bytes = 0;
	struct attr attr;
	struct statx st;
	int r;

	p->op = "open";
	r = host_open_read(e->dirfd, e->name, &src);
	if (r == 0)
		r = host_statx(src, "", &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.stx_mode) || st.stx_ino != e->st.stx_ino)
		return -ESTALE; /* somebody changes the lower */
	p->op = "create";
	r = host_openat(chain_fd(&p->live), e->name, O_RDWR | O_CREAT | O_EXCL, 0600, &dst);
	if (r < 0)
		return r;
	p->op = "copy";
	r = share_data(src, dst, &st, try_clone, &cloned, &bytes);
	if (r < 0)
		return r;
	p->no_clone |= try_clone && !cloned && st.stx_size;
	p->stats.reflinked += cloned;
	p->stats.copied += !cloned;
	p->stats.copied_bytes += bytes;
	p->op = "set metadata of";
	attr_of_lower(p->cow, &st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){src, NULL},
			  (struct host_xattr_ref){dst, NULL}, &p->cow->index.refused);
}

static int make_file(struct populate *p, struct frame *f, const struct lower_entry *e,
		     bool *ret_private)
{
	int r;

	*ret_private = true;
	if (!may_link(p, f, e))
		return make_private(p, e);
	p->op = "link";
	r = host_linkat(e->dirfd, e->name, chain_fd(&p->live), e->name);
	if (r == 0) {
		*ret_private = false;
		p->stats.linked++;
		return index_add(&p->cow->index, e->st.stx_ino);
	}
	if (!is_link_refusal(r))
		return r;
	if (r == -EXDEV && !e->mount)
		p->no_link[e->layer] = true;
	return make_private(p, e);
}

static int drop_from_index(struct populate *p, ino_t ino)
{
	if (p->n_drop == p->cap_drop) {
		size_t cap = p->cap_drop ? p->cap_drop * 2 : 64;
		uint64_t *list = reallocarray(p->drop, cap, sizeof(*list));

		if (!list)
			return -ENOMEM;
		p->drop = list;
		p->cap_drop = cap;
	}
	p->drop[p->n_drop++] = ino;
	return 0;
}

/* Replaces <name> in dir_fd by a link to the current directory's e->name; the times of dir_fd stay.
 */
static int replace_by_link(struct populate *p, int dir_fd, const char *name,
			   const struct lower_entry *e)
{
	char temp[TEMP_NAME_SIZE];
	struct attr times;
	struct statx st;
	int r = host_statx(dir_fd, "", &st);

	if (r < 0)
		return r;
	store_temp_name(p->cow, temp);
	r = host_linkat(chain_fd(&p->live), e->name, p->cow->work_fd, temp);
	if (r < 0)
		return r;
	r = host_renameat2(p->cow->work_fd, temp, dir_fd, name, 0);
	if (r < 0) {
		host_unlinkat(p->cow->work_fd, temp, 0);
		return r;
	}
	attr_of_live(&st, &times);
	return host_lutimensat(dir_fd, ".", times.times);
}

/*
 * A further name of a file that is in the live root already. If that one is shared with the lower
 * the group gets a private inode now: a shared inode must have exactly one live name, so that a
 * copy-up does not split the group.
 */
static int make_further_name(struct populate *p, struct names_file *first,
			     const struct lower_entry *e)
{
	cleanup_fd int dir_fd = -EBADF;
	const char *name = names_text(&p->names, first->name);
	int r = names_open_dir(&p->names, p->cow->root_fd, first->dir, &dir_fd);

	p->op = "link";
	if (r < 0)
		return r;
	if (first->is_private) {
		r = host_linkat(dir_fd, name, chain_fd(&p->live), e->name);
		return r;
	}
	r = make_private(p, e);
	if (r < 0)
		return r;
	p->op = "link";
	r = replace_by_link(p, dir_fd, name, e);
	if (r < 0)
		return r;
	p->stats.linked--;
	first->is_private = true;
	return drop_from_index(p, e->st.stx_ino);
}

static int place_file(struct populate *p, struct frame *f, const struct lower_entry *e)
{
	dev_t dev = host_statx_dev(&e->st);
	struct names_file *first = NULL;
	bool is_private;
	int r;

	/* links from other live roots count as well, so most files of a used image come here */
	if (e->st.stx_nlink > 1)
		first = names_find(&p->names, dev, e->st.stx_ino);
	if (first) {
		r = make_further_name(p, first, e);
		if (r != -EMLINK)
			return r;
	}
	r = make_file(p, f, e, &is_private);
	if (r < 0 || e->st.stx_nlink == 1 || first)
		return r;
	return names_add_file(&p->names, dev, e->st.stx_ino, f->id, e->name, is_private);
}

static int make_node(struct populate *p, const struct lower_entry *e)
{
	int live = chain_fd(&p->live);
	dev_t dev = makedev(e->st.stx_rdev_major, e->st.stx_rdev_minor);
	char target[PATH_MAX];
	int r;

	if (!S_ISLNK(e->st.stx_mode)) {
		p->op = "make node";
		return host_mknodat(live, e->name, (e->st.stx_mode & S_IFMT) | 0600, dev);
	}
	p->op = "make symlink";
	r = host_readlinkat(e->dirfd, e->name, target, sizeof(target));
	return r < 0 ? r : host_symlinkat(target, live, e->name);
}

static int place_node(struct populate *p, const struct lower_entry *e)
{
	bool device = S_ISCHR(e->st.stx_mode) || S_ISBLK(e->st.stx_mode);
	struct attr attr;
	int r = make_node(p, e);

	/* a user namespace may make none; the container gets its devices from elsewhere */
	if (r == -EPERM && device) {
		p->stats.skipped++;
		p->cow->index.skipped++;
		return 0;
	}
	if (r < 0)
		return r;
	p->stats.others++;
	p->op = "set metadata of";
	attr_of_lower(p->cow, &e->st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){e->dirfd, e->name},
			  (struct host_xattr_ref){chain_fd(&p->live), e->name},
			  &p->cow->index.refused);
}

static int set_dir_attrs(struct populate *p)
{
	int lower = lowers_top_fd(&p->lowers), live = chain_fd(&p->live);
	struct attr attr;
	struct statx st;
	int r = host_statx(lower, "", &st);

	p->op = "set metadata of";
	p->name = NULL;
	if (r < 0)
		return r;
	attr_of_lower(p->cow, &st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){lower, NULL},
			  (struct host_xattr_ref){live, NULL}, &p->cow->index.refused);
}

static int enter(struct populate *p, const struct frame *f, size_t first, size_t n)
{
	int r;

	p->name = f->dir.names.data + f->dir.raw[first].name;
	p->op = "open directory";
	r = lowers_enter(&p->lowers, &f->dir, first, n);
	return r < 0 ? r : chain_push(&p->live, p->name);
}

static int leave(struct populate *p)
{
	int r = lowers_leave(&p->lowers);

	p->op = "go up from";
	return r < 0 ? r : chain_pop(&p->live);
}

/* *ret_enter: it has content that belongs to the lowers. */
static int place_dir(struct populate *p, struct frame *f, const struct lower_entry *e,
		     bool *ret_enter)
{
	int r;

	p->op = "make directory";
	r = host_mkdirat(chain_fd(&p->live), e->name, 0700);
	if (r < 0)
		return r;
	p->stats.dirs++;
	*ret_enter = !e->mount;
	if (!e->mount)
		return 0;
	/* another mount: only the directory it lies on is shown */
	r = enter(p, f, e->first, 1);
	if (r == 0)
		r = set_dir_attrs(p);
	return r < 0 ? r : leave(p);
}

static int place(struct populate *p, struct frame *f, const struct lower_entry *e, bool *ret_enter)
{
	*ret_enter = false;
	p->name = e->name;
	switch (e->st.stx_mode & S_IFMT) {
	case S_IFDIR:
		return place_dir(p, f, e, ret_enter);
	case S_IFREG:
		return place_file(p, f, e);
	default:
		return place_node(p, e);
	}
}

/* Makes everything that is directly in the current directory. */
static int fill_dir(struct populate *p, struct frame *f)
{
	size_t pos = 0, kept = 0;
	int r;

	p->op = "read directory";
	p->name = NULL;
	r = lowers_read(&p->lowers, false, &f->dir);
	while (r == 0 && pos < f->dir.n) {
		struct lower_entry e;
		bool keep = false;

		p->op = "look at";
		p->name = f->dir.names.data + f->dir.raw[pos].name;
		r = lowers_look(&p->lowers, &f->dir, &pos, &e);
		if (r > 0)
			r = place(p, f, &e, &keep);
		if (r < 0 || !keep)
			continue;
		for (size_t i = 0; i < e.n; i++)
			f->dir.raw[kept++] = f->dir.raw[e.first + i];
	}
	f->dir.n = kept;
	return r < 0 ? r : set_dir_attrs(p);
}

static int push_frame(struct populate *p, bool copy, uint32_t id)
{
	struct frame *f;

	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 32;

		f = reallocarray(p->frames, cap, sizeof(*f));
		if (!f)
			return -ENOMEM;
		p->frames = f;
		p->cap = cap;
	}
	f = &p->frames[p->n++];
	*f = (struct frame){.copy = copy, .id = id};
	return fill_dir(p, f);
}

/* Into the next subdirectory, or up if there is none left. */
static int step(struct populate *p)
{
	struct frame *f = &p->frames[p->n - 1];
	size_t first = f->next, end = first + 1;
	const char *name;
	uint32_t id;
	bool copy;
	int r;

	if (first == f->dir.n) {
		lower_dir_done(&f->dir);
		p->n--;
		return p->n ? leave(p) : 0;
	}
	name = f->dir.names.data + f->dir.raw[first].name;
	while (end < f->dir.n && !strcmp(f->dir.names.data + f->dir.raw[end].name, name))
		end++;
	f->next = end;
	copy = f->copy || is_copied_tree(&p->live, name);
	r = names_add_dir(&p->names, f->id, name, &id);
	if (r == 0)
		r = enter(p, f, first, end - first);
	return r < 0 ? r : push_frame(p, copy, id);
}

static int populate_init(struct populate *p)
{
	cleanup_fd int fd = -EBADF;
	int r;

	p->op = "open lower";
	r = lowers_open(p->cow->meta.lowers, &p->lowers);
	if (r < 0)
		return r;
	p->lowers.skip_dev = p->cow->store_dev;
	p->lowers.skip_ino = p->cow->store_ino;
	p->no_link = calloc(p->lowers.n, sizeof(*p->no_link));
	if (!p->no_link)
		return -ENOMEM;
	p->op = "open live root";
	r = host_open_dir(p->cow->dir_fd, STORE_ROOT, &fd);
	if (r == 0)
		r = chain_init(&p->live, steal_fd(&fd));
	return r < 0 ? r : names_init(&p->names);
}

static void populate_done(struct populate *p)
{
	while (p->n)
		lower_dir_done(&p->frames[--p->n].dir);
	free(p->frames);
	names_done(&p->names);
	chain_done(&p->live);
	lowers_close(&p->lowers);
	free(p->no_link);
	free(p->drop);
}

static void report(const struct populate *p, struct cow_fault *fault)
{
	cleanup_buf struct buf where = {0};

	chain_path(&p->live, &where);
	fault_set(fault, p->op, where.data, p->name);
}

/* What a populate that did not come to its end has left. */
static int clear_part(struct cow *cow, const char *name, struct cow_fault *fault)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir(cow->dir_fd, name, &fd);

	/* the live root may already have the lower's mode */
	if (r == 0)
		r = host_fchmod(fd, 0700);
	return r < 0 ? r : remove_contents(steal_fd(&fd), fault);
}

static int save_index(struct cow *cow)
{
	cleanup_buf struct buf data = {0};
	int r = index_encode(&cow->index, &data);

	if (r == 0)
		r = store_write(cow->dir_fd, STORE_INDEX, data.data, data.len);
	return r < 0 ? r : store_set_populated(cow);
}

static int run(struct populate *p)
{
	int r = populate_init(p);

	if (r == 0)
		r = push_frame(p, false, 0);
	while (r == 0 && p->n)
		r = step(p);
	if (r < 0)
		return r;
	index_finish(&p->cow->index, p->drop, p->n_drop);
	p->op = "write index of";
	p->name = NULL;
	return save_index(p->cow);
}

int cow_populate(struct cow *cow, struct cow_stats *ret_stats, struct cow_fault *fault)
{
	struct populate p = {.cow = cow};
	int r;

	if (cow->populated) {
		*ret_stats = (struct cow_stats){0};
		return 0;
	}
	index_done(&cow->index);
	cow->index.refused.left_uid = geteuid();
	cow->index.refused.left_gid = getegid();
	r = clear_part(cow, STORE_ROOT, fault);
	if (r == 0)
		r = clear_part(cow, STORE_WORK, fault);
	if (r < 0)
		return r;
	r = run(&p);
	if (r < 0)
		report(&p, fault);
	else
		*ret_stats = p.stats;
	populate_done(&p);
	return r;
}

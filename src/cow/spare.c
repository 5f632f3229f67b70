/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spare roots; see spare.h. Library; runs as the container's root, in create (take), in the background and in prepare (fill). The pool is
 * checked to be ours alone before anything in it counts. Untrusted: the lowers.
 */
#include <config.h>

#include "cow/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/num.h"
#include "base/strv.h"
#include "cow/discard.h"
#include "cow/fresh.h"
#include "cow/internal.h"
#include "host/at.h"
#include "host/dirent.h"

#define WANT	     "want"
#define SPARE_PREFIX "spare-"
#define NEW	     "new"
#define SPARES_MAX   1000
#define TRIES	     5 /* of making one from lowers that change meanwhile */

struct kind {
	struct buf path; /* of its directory */
	int fd;
};

static void kind_done(struct kind *k)
{
	close_fd(&k->fd);
	buf_done(&k->path);
}
#define cleanup_kind ATTR_CLEANUP(kind_done)

/* What a spare can stand for. The file meta of each says it again, all but the ids. */
static int kind_path(const struct cow_pool *pool, const struct cow_params *params, struct buf *ret)
{
	cleanup_buf struct buf text = {0};
	int r = buf_printf(&text, "%d %d %s", params->share, params->owners != NULL, pool->ids);

	for (size_t i = 0; r == 0 && params->lowers[i]; i++)
		r = buf_printf(&text, "\n%s", params->lowers[i]);
	return r < 0 ? r
		     : buf_printf(ret, "%s/%016llx", pool->dir,
				  (unsigned long long)index_checksum(text.data, text.len));
}

/* A directory of ours that nobody else can write to. */
static int open_ours(const char *path, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	struct statx st;
	int r = store_open_dir(path, &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r < 0)
		return r;
	if (st.stx_uid != geteuid() || (st.stx_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int kind_open(const struct cow_pool *pool, const struct cow_params *params, struct kind *ret)
{
	cleanup_fd int pool_fd = -EBADF;
	int r = open_ours(pool->dir, &pool_fd);

	if (r == 0)
		r = kind_path(pool, params, &ret->path);
	return r < 0 ? r : open_ours(ret->path.data, &ret->fd);
}

static int child_path(const struct kind *k, const char *name, struct buf *ret)
{
	ret->len = 0;
	return buf_printf(ret, "%s/%s", k->path.data, name);
}

/* Calls fn for each spare until it returns something else than 0. */
static int each_spare(const struct kind *k, int (*fn)(void *arg, const char *name), void *arg)
{
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	int r = host_dir_reader_init(&rd, k->fd);

	if (r == 0)
		r = host_dir_reader_reset(&rd, k->fd);
	while (r == 0) {
		r = host_dir_read(&rd, &d);
		if (r <= 0)
			break;
		r = strncmp(d.name, SPARE_PREFIX, strlen(SPARE_PREFIX)) ? 0 : fn(arg, d.name);
	}
	host_dir_reader_done(&rd);
	return r;
}

/* take */

static bool is_of_kind(const struct cow *cow, const struct cow_params *params)
{
	size_t i = 0;

	while (params->lowers[i] && cow->meta.lowers[i] &&
	       !strcmp(params->lowers[i], cow->meta.lowers[i]))
		i++;
	return !params->lowers[i] && !cow->meta.lowers[i] && cow->meta.share == params->share &&
	       cow->meta.shifted == (params->owners != NULL);
}

/* The store in dir is ours already: nobody else can take it now. */
static int check_taken(const char *dir, const struct cow_params *params, struct cow **ret)
{
	struct cow *cow = NULL;
	int r = cow_open(dir, &cow);

	if (r == 0)
		r = cow->populated && is_of_kind(cow, params) ? fresh_check(cow) : -ESTALE;
	if (r == 0)
		r = store_set_owner(cow, params->owner_id);
	if (r == 0)
		r = host_unlinkat(cow->dir_fd, STORE_FRESH, 0);
	if (r < 0)
		cow_close(cow);
	else
		*ret = cow;
	return r;
}

struct taking {
	const struct kind *kind;
	const struct cow_params *params;
	struct cow *cow;
};

static int list_names(int dir_fd, char ***ret)
{
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	int r = host_dir_reader_init(&rd, dir_fd);

	while (r == 0) {
		r = host_dir_read(&rd, &d);
		if (r <= 0)
			break;
		strv_add(ret, d.name);
		r = 0;
	}
	host_dir_reader_done(&rd);
	return r;
}

/* dir's content instead of dir. A failure leaves nothing in the directory `to`. */
static int move_into(const char *dir, int to, const char *to_path, struct cow **ret)
{
	cleanup_fd int from = -EBADF;
	cleanup_strv char **names = NULL;
	int r = store_open_dir(dir, &from);

	/* first what says that it is a store: cow_remove wants to know */
	if (r == 0)
		r = host_renameat2(from, STORE_META, to, STORE_META, RENAME_NOREPLACE);
	if (r == 0)
		r = list_names(from, &names);
	for (size_t i = 0; r == 0 && names && names[i]; i++)
		r = host_renameat2(from, names[i], to, names[i], RENAME_NOREPLACE);
	if (r == 0)
		r = cow_open(to_path, ret);
	if (r < 0)
		cow_remove(to_path, NULL);
	else
		store_remove_dir(dir);
	return r;
}

/*
 * The store's place is an empty directory that was made for us, because we may make none there (container/cow_place.h), nor rename anything to it.
 * The spare is put aside first, so that only one can get it, under a name that whoever fills the pool removes should we die; the lock says that we live.
 */
static int take_into_place(struct taking *t, const char *name)
{
	cleanup_buf struct buf aside = {0}, path = {0};
	cleanup_fd int to = -EBADF, lock = -EBADF;
	struct cow *cow = NULL;
	bool made;
	int r = store_make_dir(t->params->dir, &made, &to);

	if (r == 0)
		r = buf_printf(&aside, COW_TRASH_PREFIX "%s", name);
	if (r == 0)
		r = child_path(t->kind, aside.data, &path);
	if (r == 0)
		r = host_renameat2(t->kind->fd, name, t->kind->fd, aside.data, RENAME_NOREPLACE);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = store_open_dir(path.data, &lock);
	if (r == 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		r = -errno;
	if (r == 0)
		r = check_taken(path.data, t->params, &cow);
	cow_close(cow);
	if (r == 0)
		r = move_into(path.data, to, t->params->dir, &t->cow);
	return r < 0 ? -ESTALE : 1;
}

/* 1: taken. */
static int take_one(void *arg, const char *name)
{
	struct taking *t = arg;
	bool later;
	int r = host_renameat2(t->kind->fd, name, AT_FDCWD, t->params->dir, RENAME_NOREPLACE);

	if (r == -ENOENT) /* somebody was quicker */
		return 0;
	if (r == -EEXIST)
		return take_into_place(t, name);
	if (r < 0)
		return r;
	r = check_taken(t->params->dir, t->params, &t->cow);
	if (r == 0)
		return 1;
	/* Stale: back with it, whoever fills the pool next removes it. */
	if (host_renameat2(AT_FDCWD, t->params->dir, t->kind->fd, name, RENAME_NOREPLACE) < 0)
		cow_discard(t->params->dir, &later, NULL);
	return -ESTALE;
}

int cow_spare_take(const struct cow_pool *pool, const struct cow_params *params, struct cow **ret)
{
	cleanup_kind struct kind kind = {.fd = -EBADF};
	struct taking t = {.kind = &kind, .params = params};
	int r = kind_open(pool, params, &kind);

	if (r == 0)
		r = each_spare(&kind, take_one, &t);
	if (r <= 0)
		return r < 0 ? r : -EAGAIN;
	*ret = t.cow;
	return 0;
}

/* fill */

static unsigned read_want(const struct kind *k)
{
	cleanup_buf struct buf text = {0};
	uint32_t n = 0;

	if (store_read(k->fd, WANT, 16, &text) < 0 || num_parse_u32(text.data, &n) < 0)
		return 0;
	return MIN(n, SPARES_MAX);
}

static int remove_child(const struct kind *k, const char *name, struct cow_fault *fault)
{
	cleanup_buf struct buf path = {0};
	int r = child_path(k, name, &path);

	return r < 0 ? r : cow_remove(path.data, fault);
}

struct census {
	const struct kind *kind;
	const struct cow_params *params;
	bool used[SPARES_MAX];
	unsigned n;
	bool all;   /* remove all */
	bool trust; /* they have been looked at already */
	char **doomed;
};

static bool is_good(const struct census *c, const char *name, uint32_t number)
{
	cleanup_buf struct buf path = {0};
	struct cow *cow = NULL;
	bool good;

	if (c->all || number >= SPARES_MAX || child_path(c->kind, name, &path) < 0)
		return false;
	if (c->trust)
		return true;
	if (cow_open(path.data, &cow) < 0)
		return false;
	good = cow->populated && is_of_kind(cow, c->params) && fresh_check(cow) == 0;
	cow_close(cow);
	return good;
}

/* Not removed at once: the directory is being read. */
static int count_one(void *arg, const char *name)
{
	struct census *c = arg;
	uint32_t number = SPARES_MAX;

	if (num_parse_u32(name + strlen(SPARE_PREFIX), &number) < 0)
		number = SPARES_MAX;
	if (!is_good(c, name, number)) {
		strv_add(&c->doomed, name);
		return 0;
	}
	c->used[number] = true;
	c->n++;
	return 0;
}

/* Counts the good ones and removes the others, without ever removing one that is being taken: it is put aside first. */
static int take_census(struct census *c, struct cow_fault *fault)
{
	cleanup_buf struct buf aside = {0};
	int r = each_spare(c->kind, count_one, c);

	for (size_t i = 0; r == 0 && c->doomed && c->doomed[i]; i++) {
		aside.len = 0;
		r = buf_printf(&aside, COW_TRASH_PREFIX "%s", c->doomed[i]);
		if (r == 0 && host_renameat2(c->kind->fd, c->doomed[i], c->kind->fd, aside.data,
					     RENAME_NOREPLACE) == 0)
			r = remove_child(c->kind, aside.data, fault);
	}
	strv_free(c->doomed);
	c->doomed = NULL;
	return r;
}

/* One store under the name `new`, with its file fresh. */
static int make_new(const struct kind *k, const struct cow_params *params, struct cow_fault *fault)
{
	cleanup_buf struct buf path = {0};
	struct cow_params new = *params;
	struct timespec since = fresh_now();
	struct cow_stats stats;
	struct cow *cow = NULL;
	int r = child_path(k, NEW, &path);

	new.dir = path.data;
	new.owner_id = "spare";
	if (r == 0)
		r = cow_remove(path.data, fault);
	if (r == 0)
		r = cow_create(&new, &cow);
	if (r == 0)
		r = cow_populate(cow, &stats, fault);
	if (r == 0) {
		r = fresh_record(cow, &since);
		fault_set(fault, "remember what is in", "the lower directories", NULL);
	}
	cow_close(cow);
	if (r < 0)
		cow_remove(path.data, NULL);
	return r;
}

static int make_spare(struct census *c, struct cow_fault *fault)
{
	static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	cleanup_buf struct buf name = {0};
	unsigned number = 0, tries = 0;
	int r;

	while (number < SPARES_MAX - 1 && c->used[number])
		number++;
	while ((r = make_new(c->kind, c->params, fault)) == -EAGAIN && ++tries < TRIES)
		nanosleep(&pause, NULL);
	if (r == 0)
		r = buf_printf(&name, SPARE_PREFIX "%u", number);
	if (r == 0)
		r = host_renameat2(c->kind->fd, NEW, c->kind->fd, name.data, RENAME_NOREPLACE);
	return r;
}

static int fill_kind(const struct kind *k, const struct cow_params *params, struct cow_fault *fault)
{
	bool trust = false;
	int r;

	/* Counted again after each: spares may be taken while others are made. */
	for (;;) {
		struct census c = {.kind = k, .params = params, .trust = trust};

		r = take_census(&c, fault);
		if (r < 0 || c.n >= read_want(k))
			return r;
		r = make_spare(&c, fault);
		if (r < 0)
			return r;
		trust = true;
	}
}

/*
 * Two locks: who has `want` waits for the directory's, and counts when it gets it. So whoever finds `want` locked can go: what it would have
 * counted will be counted. 1: there is nothing to do.
 */
static int take_turn(const struct kind *k, bool wait)
{
	cleanup_fd int want = -EBADF;
	int r = host_open_read(k->fd, WANT, &want);

	if (r < 0)
		return r == -ENOENT ? 1 : r;
	if (flock(want, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 1 : -errno;
	return flock(k->fd, LOCK_EX) < 0 ? -errno : 0;
}

int cow_spare_fill(const struct cow_pool *pool, const struct cow_params *params, bool wait,
		   struct cow_fault *fault)
{
	cleanup_kind struct kind kind = {.fd = -EBADF};
	cleanup_buf struct buf any = {0};
	int r = kind_open(pool, params, &kind);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = take_turn(&kind, wait);
	if (r == 0)
		r = child_path(&kind, NEW, &any);
	if (r != 0)
		return r < 0 ? r : 0;
	cow_empty_trash(any.data);
	return fill_kind(&kind, params, fault);
}

static int make_dir(const char *path, int *ret_fd)
{
	int r = host_mkdirat(AT_FDCWD, path, 0700);

	return r < 0 && r != -EEXIST ? r : open_ours(path, ret_fd);
}

static int remove_kind(const struct kind *k, const struct cow_params *params,
		       struct cow_fault *fault)
{
	cleanup_buf struct buf any = {0};
	struct census c = {.kind = k, .params = params, .all = true};
	int r;

	/* Whoever fills stops at the next count. */
	host_unlinkat(k->fd, WANT, 0);
	if (flock(k->fd, LOCK_EX) < 0)
		return -errno;
	r = take_census(&c, fault);
	if (r == 0)
		r = remove_child(k, NEW, fault);
	if (r == 0)
		r = child_path(k, NEW, &any);
	if (r < 0)
		return r;
	cow_empty_trash(any.data);
	r = store_remove_dir(k->path.data);
	if (r < 0)
		fault_set(fault, "remove", k->path.data, NULL);
	return r;
}

int cow_spare_want(const struct cow_pool *pool, const struct cow_params *params, unsigned n,
		   struct cow_fault *fault)
{
	cleanup_kind struct kind kind = {.fd = -EBADF};
	cleanup_fd int pool_fd = -EBADF;
	char text[16];
	int r;

	fault_set(fault, "make or open the pool of spare roots", pool->dir, NULL);
	if (n == 0) {
		r = kind_open(pool, params, &kind);
		if (r == 0)
			r = remove_kind(&kind, params, fault);
		if (r == 0)
			store_remove_dir(pool->dir); /* others may be in it */
		return r == -ENOENT ? 0 : r;
	}
	r = make_dir(pool->dir, &pool_fd);
	if (r == 0)
		r = kind_path(pool, params, &kind.path);
	if (r == 0)
		r = make_dir(kind.path.data, &kind.fd);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%u", MIN(n, SPARES_MAX));
	return store_write(kind.fd, WANT, text, strlen(text));
}

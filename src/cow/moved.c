/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared inode -> private file that took its name. Library; supervisor, in several threads. Untrusted: the live root.
 *
 * What is kept is the private file's identity and where it was last seen. The container renames natively, unseen, so that place is only where to look first; then
 * all of the live root is searched, by the inode numbers that its directories show: no file is looked at but the one. A search corrects every
 * entry that it comes by, so that many files which were moved together cost one. To keep the files open instead would need a descriptor for each copy-up and keep the
 * space of removed ones; an extra name would show in their link count.
 */
#include <config.h>

#include "cow/moved.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/internal.h"
#include "cow/tree_walk.h"
#include "host/at.h"

#define BUCKETS 1024u
/* A file may be moved out of what is still to be searched into what has been. */
#define SEARCHES 2
/* What lies deeper has a name that no call could give us. */
#define DEPTH_MAX (PATH_MAX / 2)

struct moved {
	struct moved *next_old, *next_new; /* in the buckets of old_ino and of its inode now */
	ino_t old_ino;
	struct cow_file_id id;
	bool gone; /* has no name any more, and will have none */
	char *path;
};

struct moved_map {
	pthread_mutex_t lock;
	pthread_mutex_t search_lock;
	struct moved *by_old[BUCKETS], *by_new[BUCKETS];
};

struct moved_map *moved_new(void)
{
	struct moved_map *map = calloc(1, sizeof(*map));

	if (map) {
		pthread_mutex_init(&map->lock, NULL);
		pthread_mutex_init(&map->search_lock, NULL);
	}
	return map;
}

void moved_free(struct moved_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct moved *m = map->by_old[i];

		while (m) {
			struct moved *next = m->next_old;

			free(m->path);
			free(m);
			m = next;
		}
	}
	pthread_mutex_destroy(&map->lock);
	pthread_mutex_destroy(&map->search_lock);
	free(map);
}

static struct moved *find_old(struct moved_map *map, ino_t ino)
{
	struct moved *m = map->by_old[ino % BUCKETS];

	while (m && m->old_ino != ino)
		m = m->next_old;
	return m;
}

static bool same_file(const struct cow_file_id *a, const struct cow_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->born.tv_sec == b->born.tv_sec &&
	       a->born.tv_nsec == b->born.tv_nsec;
}

static struct cow_file_id id_of(const struct statx *st)
{
	struct cow_file_id id = {.dev = host_statx_dev(st), .ino = st->stx_ino};

	if (st->stx_mask & STATX_BTIME)
		id.born = st->stx_btime;
	return id;
}

int cow_file_id(int dirfd, const char *name, struct cow_file_id *ret)
{
	struct statx st;
	int r = host_statx(dirfd, name, &st);

	if (r == 0)
		*ret = id_of(&st);
	return r;
}

bool cow_is_file(int dirfd, const char *name, const struct cow_file_id *id)
{
	struct cow_file_id there;

	return cow_file_id(dirfd, name, &there) == 0 && same_file(&there, id);
}

static void unlink_new(struct moved_map *map, struct moved *m)
{
	struct moved **p = &map->by_new[m->id.ino % BUCKETS];

	while (*p != m)
		p = &(*p)->next_new;
	*p = m->next_new;
}

static void link_new(struct moved_map *map, struct moved *m)
{
	struct moved **bucket = &map->by_new[m->id.ino % BUCKETS];

	m->next_new = *bucket;
	*bucket = m;
}

/* With the lock. */
static int set_entry(struct moved_map *map, ino_t old_ino, const struct cow_file_id *id, char *path)
{
	struct moved *m = find_old(map, old_ino);

	if (m) { /* a copy-up that was not published, or another name of a group */
		unlink_new(map, m);
		free(m->path);
	} else {
		m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		m->old_ino = old_ino;
		m->next_old = map->by_old[old_ino % BUCKETS];
		map->by_old[old_ino % BUCKETS] = m;
	}
	m->id = *id;
	m->gone = false;
	m->path = path;
	link_new(map, m);
	return 0;
}

int moved_note(struct cow *cow, ino_t old_ino, const struct statx *private, const char *path)
{
	cleanup_free char *copy = strdup(path);
	struct cow_file_id id = id_of(private);
	int r;

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&cow->moved->lock);
	r = set_entry(cow->moved, old_ino, &id, copy);
	if (r == 0)
		copy = NULL;
	pthread_mutex_unlock(&cow->moved->lock);
	return r;
}

int cow_find_moved(struct cow *cow, ino_t old_ino, struct cow_file_id *ret, char *ret_path)
{
	struct moved_map *map = cow->moved;
	struct moved *m;
	int r = -ENOENT;

	pthread_mutex_lock(&map->lock);
	m = find_old(map, old_ino);
	if (m && !m->gone) {
		r = strlen(m->path) < PATH_MAX ? 0 : -ENAMETOOLONG;
		*ret = m->id;
		if (r == 0)
			memcpy(ret_path, m->path, strlen(m->path) + 1);
	}
	pthread_mutex_unlock(&map->lock);
	return r;
}

/* searching */

struct search {
	struct moved_map *map;
	const struct cow_file_id *id;
	bool found;
};

/* An entry with this inode number that is really this file; with the lock. */
static struct moved *find_new(struct moved_map *map, const struct chain *at,
			      const struct host_dirent *name)
{
	struct moved *m = map->by_new[name->ino % BUCKETS];
	struct cow_file_id there;

	while (m && m->id.ino != name->ino)
		m = m->next_new;
	if (!m || cow_file_id(chain_fd(at), name->name, &there) < 0)
		return NULL;
	while (m && !same_file(&m->id, &there))
		m = m->next_new;
	return m;
}

static int correct(struct search *s, struct moved *m, const struct chain *at, const char *name)
{
	struct buf path = {0};
	int r = chain_path(at, &path);

	if (r == 0 && path.len)
		r = buf_add_char(&path, '/');
	if (r == 0)
		r = buf_add(&path, name, strlen(name) + 1);
	if (r < 0) {
		buf_done(&path);
		return r;
	}
	free(m->path);
	m->path = path.data;
	s->found |= same_file(&m->id, s->id);
	return 0;
}

static int look(void *arg, const struct chain *at, const struct host_dirent *name)
{
	struct search *s = arg;
	struct moved *m;
	int r = 0;

	if (name->type == DT_DIR)
		return chain_depth(at) < DEPTH_MAX ? TREE_ENTER : 0;
	pthread_mutex_lock(&s->map->lock);
	m = find_new(s->map, at, name);
	if (m)
		r = correct(s, m, at, name->name);
	pthread_mutex_unlock(&s->map->lock);
	return r < 0 || name->type != DT_UNKNOWN || chain_depth(at) >= DEPTH_MAX ? r : TREE_ENTER;
}

static int search_once(struct cow *cow, struct search *s)
{
	int fd, r = host_open_dir(cow->dir_fd, STORE_ROOT, &fd);

	if (r == 0)
		r = tree_walk(fd, look, s);
	return r == -ESTALE ? 0 : r;
}

static void note_gone(struct moved_map *map, ino_t old_ino, const struct cow_file_id *id)
{
	struct moved *m;

	pthread_mutex_lock(&map->lock);
	m = find_old(map, old_ino);
	if (m && same_file(&m->id, id))
		m->gone = true;
	pthread_mutex_unlock(&map->lock);
}

/* What somebody else's search, which we have waited for, has found out. -EAGAIN: nothing. */
static int found_meanwhile(struct moved_map *map, ino_t old_ino, const struct cow_file_id *id,
			   const char *path)
{
	const struct moved *m;
	int r = -EAGAIN;

	pthread_mutex_lock(&map->lock);
	m = find_old(map, old_ino);
	if (!m || m->gone)
		r = -ENOENT;
	else if (!same_file(&m->id, id) || strcmp(m->path, path) != 0)
		r = 0;
	pthread_mutex_unlock(&map->lock);
	return r;
}

static int search(struct cow *cow, ino_t old_ino, const struct cow_file_id *id)
{
	struct search s = {.map = cow->moved, .id = id};
	int r = 0;

	for (int i = 0; r == 0 && i < SEARCHES && !s.found; i++)
		r = search_once(cow, &s);
	if (r == 0 && !s.found) {
		note_gone(cow->moved, old_ino, id);
		r = -ENOENT;
	}
	return r;
}

int cow_search_moved(struct cow *cow, ino_t old_ino, const struct cow_file_id *id, const char *path)
{
	int r;

	/* One at a time: however many wait, one search answers them all. */
	pthread_mutex_lock(&cow->moved->search_lock);
	r = found_meanwhile(cow->moved, old_ino, id, path);
	if (r == -EAGAIN)
		r = search(cow, old_ino, id);
	pthread_mutex_unlock(&cow->moved->search_lock);
	return r;
}

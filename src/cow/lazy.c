/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories that are filled at their first use; see lazy.h. Library; supervisor, in several threads, while the container
 * runs. Untrusted: the live root, which the container changes meanwhile. A mark is a path that is walked below the lowers
 * without following anything: the worst that a forged one can do is to show what the image shows anyway.
 */
#include <config.h>

#include "cow/lazy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/internal.h"
#include "host/at.h"
#include "host/xattr.h"

struct lazy_dir {
	struct lazy_dir *next;
	ino_t ino;
	bool busy;  /* a thread is filling it */
	bool dirty; /* a predecessor may have begun to */
};

/* inodes */

static uint64_t hash_of(uint64_t x)
{
	return (x * 0x9e3779b97f4a7c15ull) >> 32;
}

static uint64_t *slot_of(const struct ino_set *set, ino_t ino)
{
	size_t i = hash_of(ino) & (set->cap - 1);

	while (set->slots[i] && set->slots[i] >> 1 != ino)
		i = (i + 1) & (set->cap - 1);
	return &set->slots[i];
}

static int grow_set(struct ino_set *set)
{
	struct ino_set bigger = {.n = set->n, .cap = set->cap ? set->cap * 2 : 4096};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i])
			*slot_of(&bigger, set->slots[i] >> 1) = set->slots[i];
	free(set->slots);
	*set = bigger;
	return 0;
}

int lazy_add_shared(struct lazy *lazy, ino_t ino, bool doubtful)
{
	struct ino_set *set = &lazy->shared;
	int r = 0;

	pthread_rwlock_wrlock(&lazy->shared_lock);
	if (set->n * 4 >= set->cap * 3)
		r = grow_set(set);
	if (r == 0) {
		uint64_t *slot = slot_of(set, ino);

		set->n += *slot == 0;
		*slot = (uint64_t)ino << 1 | (*slot & 1) | doubtful;
		if (doubtful)
			atomic_store(&lazy->any_doubtful, true);
	}
	pthread_rwlock_unlock(&lazy->shared_lock);
	return r;
}

bool lazy_is_shared(struct lazy *lazy, ino_t ino, bool *ret_doubtful)
{
	uint64_t slot = 0;

	pthread_rwlock_rdlock(&lazy->shared_lock);
	if (lazy->shared.cap)
		slot = *slot_of(&lazy->shared, ino);
	pthread_rwlock_unlock(&lazy->shared_lock);
	*ret_doubtful = slot & 1;
	return slot != 0;
}

int lazy_before_copy(struct cow *cow, ino_t ino)
{
	struct lazy *lazy = cow->lazy;
	bool doubtful;
	int r;

	if (!lazy || atomic_load(&lazy->settled) || !lazy_is_shared(lazy, ino, &doubtful) ||
	    !doubtful)
		return 0;
	r = cow_settle(cow);
	return r < 0 ? r : (groups_have(lazy, cow->dev, ino) ? -EAGAIN : 0);
}

/* directories */

static struct lazy_dir **find_dir(struct lazy *lazy, ino_t ino)
{
	struct lazy_dir **p = &lazy->dirs[hash_of(ino) % LAZY_BUCKETS];

	while (*p && (*p)->ino != ino)
		p = &(*p)->next;
	return p;
}

static int note_dir(struct lazy *lazy, ino_t ino, bool dirty)
{
	struct lazy_dir *dir = malloc(sizeof(*dir)), **p;

	if (!dir)
		return -ENOMEM;
	*dir = (struct lazy_dir){.ino = ino, .dirty = dirty};
	pthread_mutex_lock(&lazy->lock);
	p = find_dir(lazy, ino);
	if (*p) { /* of a directory that is gone */
		free(dir);
	} else {
		*p = dir;
		atomic_fetch_add(&lazy->n_dirs, 1);
	}
	pthread_mutex_unlock(&lazy->lock);
	return 0;
}

bool cow_is_lazy(const struct cow *cow)
{
	return cow->lazy && atomic_load(&cow->lazy->n_dirs) > 0;
}

bool cow_is_unpopulated(struct cow *cow, dev_t dev, ino_t ino)
{
	bool is;

	if (!cow_is_lazy(cow) || dev != cow->dev)
		return false;
	pthread_mutex_lock(&cow->lazy->lock);
	is = *find_dir(cow->lazy, ino) != NULL;
	pthread_mutex_unlock(&cow->lazy->lock);
	return is;
}

bool cow_has_mark(int dirfd, const char *name)
{
	cleanup_buf struct buf value = {0};

	return host_xattr_get((struct host_xattr_ref){dirfd, name}, LAZY_MARK, &value) == 0;
}

int lazy_note_marked(struct lazy *lazy, int fd)
{
	struct statx st;
	int r;

	if (!cow_has_mark(fd, NULL))
		return 0;
	r = host_statx(fd, "", &st);
	return r < 0 ? r : note_dir(lazy, st.stx_ino, true);
}

/* Sets the mark of the new, empty directory name. 1: it cannot have one. */
static int mark(struct filler *f, int dirfd, const char *as, const char *name)
{
	struct host_xattr_ref dir = {dirfd, as};
	cleanup_buf struct buf path = {0};
	int r = node_path(f->node, &path);

	if (r == 0 && path.len)
		r = buf_add_char(&path, '/');
	if (r == 0)
		r = buf_add_str(&path, name);
	if (r < 0)
		return r;
	if (path.len > LAZY_MARK_MAX)
		return 1;
	r = host_xattr_set(dir, LAZY_MARK, path.data, path.len);
	return r == -ENOSPC || r == -E2BIG || r == -EOPNOTSUPP || r == -EDQUOT ? 1 : r;
}

int lazy_add_dir(struct filler *f, int dirfd, const char *as, const char *name)
{
	struct statx st;
	int r;

	f->op = "mark directory";
	r = host_statx(dirfd, as, &st);
	if (r == 0)
		r = note_dir(f->fill->lazy, st.stx_ino, false);
	return r < 0 ? r : mark(f, dirfd, as, name);
}

/* Waits while another thread fills it. False: it has been filled. */
static bool take_dir(struct lazy *lazy, ino_t ino, bool *ret_dirty)
{
	struct lazy_dir *dir;

	pthread_mutex_lock(&lazy->lock);
	while ((dir = *find_dir(lazy, ino)) && dir->busy)
		pthread_cond_wait(&lazy->done, &lazy->lock);
	if (dir) {
		dir->busy = true;
		*ret_dirty = dir->dirty;
	}
	pthread_mutex_unlock(&lazy->lock);
	return dir != NULL;
}

static void give_back(struct lazy *lazy, ino_t ino, bool filled)
{
	struct lazy_dir **p, *dir;

	pthread_mutex_lock(&lazy->lock);
	p = find_dir(lazy, ino);
	dir = *p;
	dir->busy = false;
	dir->dirty = false;
	if (filled) {
		*p = dir->next;
		free(dir);
		atomic_fetch_sub(&lazy->n_dirs, 1);
	}
	pthread_cond_broadcast(&lazy->done);
	pthread_mutex_unlock(&lazy->lock);
}

/* The directory with path in the lowers, as nodes below the root; *all: to be freed. */
static int nodes_of(struct lazy *lazy, char *path, struct node **all, struct node **ret)
{
	struct node *node = lazy->root;

	for (char *p = path, *save = NULL, *name; (name = strtok_r(p, "/", &save)); p = NULL) {
		struct node *sub;

		/* forged: populate writes no such names */
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			return -EUCLEAN;
		sub = node_new(node, name);
		if (!sub)
			return -ENOMEM;
		sub->all = *all;
		*all = sub;
		node = sub;
	}
	*ret = node;
	return 0;
}

static int open_lower(const struct lazy *lazy, const struct node *node, struct merged *ret)
{
	struct merged up = {0};
	int r;

	if (!node->parent)
		return merged_dup(&lazy->root->place.lower, ret);
	r = open_lower(lazy, node->parent, &up);
	if (r == 0)
		r = merged_sub(&up, &lazy->fill.skip, node->name, ret);
	merged_close(&up);
	return r;
}

static void stack_subdirs(struct filler *f, struct node **stack, struct node **all)
{
	struct node *sub;

	while ((sub = f->subdirs)) {
		f->subdirs = sub->next;
		sub->next = *stack;
		*stack = sub;
		sub->all = *all;
		*all = sub;
	}
	f->n_subdirs = 0;
}

/* Directories that could not be marked, and what lies below them: filled now, each opened from the marked one above. */
static int fill_unmarked(struct filler *f, const struct node *top, struct node **all)
{
	struct node *stack = NULL, *node;
	int r = 0;

	stack_subdirs(f, &stack, all);
	while (r == 0 && (node = stack)) {
		stack = node->next;
		r = place_open_from(f->fill, top, node, &node->place);
		if (r == 0)
			r = fill_dir(f, node);
		place_close(&node->place);
		stack_subdirs(f, &stack, all);
	}
	return r;
}

/* New ids that could not be given, or devices: diff in another process must know them. */
static int save_index(struct cow *cow, uint64_t skipped, bool always)
{
	struct lazy *lazy = cow->lazy;
	cleanup_buf struct buf data = {0};
	size_t n;
	int r = 0;

	pthread_mutex_lock(&lazy->index_lock);
	cow->index.skipped += skipped;
	n = cow->index.refused.uids.n + cow->index.refused.gids.n + cow->index.skipped;
	if (always || n != lazy->saved_ids) {
		r = index_encode(&cow->index, &data);
		if (r == 0)
			r = store_write(cow->dir_fd, STORE_INDEX, data.data, data.len);
		if (r == 0)
			lazy->saved_ids = n;
	}
	pthread_mutex_unlock(&lazy->index_lock);
	return r;
}

static int fill_marked(struct cow *cow, struct filler *f, char *path, int live_fd)
{
	struct node *all = NULL, *node = NULL;
	int r = nodes_of(cow->lazy, path, &all, &node);

	f->op = "open directory";
	if (r == 0 && !node->parent)
		r = -EUCLEAN; /* the root is never marked */
	if (r == 0)
		r = open_lower(cow->lazy, node, &node->place.lower);
	if (r == 0)
		r = host_open_dir(live_fd, ".", &node->place.live_fd);
	if (r == 0)
		r = fill_dir(f, node);
	if (r == 0)
		r = fill_unmarked(f, node, &all);
	while ((node = all)) {
		all = node->all;
		place_close(&node->place);
		free(node);
	}
	while ((node = f->subdirs)) {
		f->subdirs = node->next;
		free(node);
	}
	return r;
}

static int clear(int fd)
{
	int dir_fd, r = host_open_dir(fd, ".", &dir_fd);

	return r < 0 ? r : remove_contents(dir_fd, NULL);
}

/*
 * Fills the directory that is open as fd, unless its mark is gone. After a failure it is empty and marked as before; so it is filled
 * again at the next use. (A program that put something there meanwhile, past our look, loses it: its directory was not there
 * yet for anybody who asked.)
 */
static int fill_by_mark(struct cow *cow, int fd, bool dirty)
{
	struct host_xattr_ref dir = {fd, NULL};
	struct lazy *lazy = cow->lazy;
	cleanup_buf struct buf path = {0};
	struct filler f;
	int r = host_xattr_get(dir, LAZY_MARK, &path);

	if (r < 0)
		return r == -ENODATA || r == -EOPNOTSUPP ? 0 : r;
	if (dirty)
		r = clear(fd);
	if (r == 0)
		r = buf_add_char(&path, '\0');
	if (r == 0)
		r = filler_init(&f, &lazy->fill);
	if (r < 0)
		return r;
	pthread_rwlock_rdlock(&lazy->groups_lock);
	r = fill_marked(cow, &f, path.data, fd);
	pthread_rwlock_unlock(&lazy->groups_lock);
	if (r == 0)
		r = save_index(cow, f.stats.skipped, false);
	if (r == 0)
		r = host_xattr_remove(dir, LAZY_MARK);
	if (r == 0)
		groups_placed(&f);
	else
		clear(fd);
	filler_done(&f);
	return r;
}

int cow_populate_dir(struct cow *cow, int fd)
{
	cleanup_fd int dir = -EBADF;
	struct statx st;
	bool dirty = false;
	int r;

	if (!cow_is_lazy(cow))
		return 0;
	r = host_statx(fd, "", &st);
	if (r < 0)
		return r;
	if (!S_ISDIR(st.stx_mode) || host_statx_dev(&st) != cow->dev ||
	    !take_dir(cow->lazy, st.stx_ino, &dirty))
		return 0;
	r = host_open_dir(fd, ".", &dir);
	if (r == 0)
		r = fill_by_mark(cow, dir, dirty);
	while (r == -EDEADLK) { /* a file with several names: they must be known first */
		r = cow_settle(cow);
		if (r == 0)
			r = fill_by_mark(cow, dir, false);
	}
	give_back(cow->lazy, st.stx_ino, r == 0);
	return r;
}

/* life cycle */

int lazy_new(struct cow *cow, struct lazy **ret)
{
	struct lazy *lazy = calloc(1, sizeof(*lazy));
	int r;

	if (!lazy)
		return -ENOMEM;
	r = fill_init(&lazy->fill, cow);
	if (r < 0) {
		free(lazy);
		return r;
	}
	lazy->fill.lazy = lazy;
	pthread_mutex_init(&lazy->lock, NULL);
	pthread_cond_init(&lazy->done, NULL);
	pthread_rwlock_init(&lazy->shared_lock, NULL);
	pthread_rwlock_init(&lazy->groups_lock, NULL);
	pthread_mutex_init(&lazy->scan_lock, NULL);
	pthread_mutex_init(&lazy->anchor_lock, NULL);
	pthread_mutex_init(&lazy->index_lock, NULL);
	lazy->root = node_new(NULL, "");
	r = lazy->root ? merged_open(cow->meta.lowers, &lazy->root->place.lower) : -ENOMEM;
	if (r < 0)
		lazy_free(lazy);
	else
		*ret = lazy;
	return r;
}

static void forget_dirs(struct lazy *lazy)
{
	struct lazy_dir *dir;

	for (size_t i = 0; i < LAZY_BUCKETS; i++) {
		while ((dir = lazy->dirs[i])) {
			lazy->dirs[i] = dir->next;
			free(dir);
		}
	}
	atomic_store(&lazy->n_dirs, 0);
}

void lazy_forget(struct lazy *lazy)
{
	pthread_mutex_lock(&lazy->lock);
	forget_dirs(lazy);
	pthread_mutex_unlock(&lazy->lock);
}

int lazy_complete(struct cow *cow)
{
	struct lazy *lazy = cow->lazy;
	int r = groups_drop_anchors(cow);

	pthread_rwlock_rdlock(&lazy->shared_lock);
	for (size_t i = 0; r == 0 && i < lazy->shared.cap; i++)
		if (lazy->shared.slots[i])
			r = index_add(&cow->index, lazy->shared.slots[i] >> 1);
	pthread_rwlock_unlock(&lazy->shared_lock);
	if (r < 0)
		return r;
	index_finish(&cow->index, NULL, 0);
	return save_index(cow, 0, true);
}

/* The root, and what says that the store is lazy. */
static int fill_root(struct cow *cow, struct filler *f)
{
	struct lazy *lazy = cow->lazy;
	struct node *root = lazy->root;
	int r;

	f->op = "open live root";
	r = host_open_dir(cow->dir_fd, STORE_ROOT, &root->place.live_fd);
	if (r < 0)
		return r;
	pthread_rwlock_rdlock(&lazy->groups_lock);
	r = fill_dir(f, root);
	pthread_rwlock_unlock(&lazy->groups_lock);
	if (r == 0)
		groups_placed(f);
	close_fd(&root->place.live_fd);
	return r < 0 || !f->subdirs ? r : -EOPNOTSUPP; /* something could not be marked */
}

static int fill_root_twice(struct cow *cow, struct cow_stats *stats, struct cow_fault *fault)
{
	struct filler f;
	int r = filler_init(&f, &cow->lazy->fill);

	if (r == 0)
		r = fill_root(cow, &f);
	if (r == -EDEADLK) {
		r = cow_settle(cow);
		if (r == 0)
			r = clear_live_root(cow, fault);
		if (r == 0)
			r = fill_root(cow, &f);
	}
	if (r == 0)
		r = store_write(cow->dir_fd, STORE_LAZY, "", 0);
	if (r == 0)
		r = save_index(cow, f.stats.skipped, true);
	if (r < 0)
		fault_set(fault, f.op ? f.op : "populate", "", f.name);
	else
		*stats = f.stats;
	for (struct node *sub; (sub = f.subdirs);) {
		f.subdirs = sub->next;
		free(sub);
	}
	filler_done(&f);
	return r;
}

int cow_populate_lazily(struct cow *cow, struct cow_stats *ret_stats, struct cow_fault *fault)
{
	int r;

	if (cow->populated || cow->lazy)
		return -EINVAL;
	index_done(&cow->index);
	cow->index.refused.left_uid = geteuid();
	cow->index.refused.left_gid = getegid();
	r = clear_live_root(cow, fault);
	if (r == 0)
		r = lazy_new(cow, &cow->lazy);
	if (r == 0)
		r = fill_root_twice(cow, ret_stats, fault);
	if (r == 0)
		r = store_set_populated(cow);
	if (r < 0) {
		lazy_free(cow->lazy);
		cow->lazy = NULL;
	}
	return r;
}

void lazy_free(struct lazy *lazy)
{
	if (!lazy)
		return;
	forget_dirs(lazy);
	if (lazy->root)
		place_close(&lazy->root->place);
	free(lazy->root);
	free(lazy->shared.slots);
	free(lazy->groups);
	buf_done(&lazy->paths);
	fill_done(&lazy->fill);
	pthread_mutex_destroy(&lazy->lock);
	pthread_cond_destroy(&lazy->done);
	pthread_rwlock_destroy(&lazy->shared_lock);
	pthread_rwlock_destroy(&lazy->groups_lock);
	pthread_mutex_destroy(&lazy->scan_lock);
	pthread_mutex_destroy(&lazy->anchor_lock);
	pthread_mutex_destroy(&lazy->index_lock);
	free(lazy);
}

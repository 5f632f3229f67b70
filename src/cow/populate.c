/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Populate: makes the live root look like the lowers. Library; runs as the container's root, before anything of the
 * container does. Untrusted: the lowers. Directories are the unit of work (fill.h): they wait on a stack, from which
 * several threads take them.
 */
#include <config.h>

#include "cow/internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/fill.h"
#include "host/at.h"

#define THREADS_MAX 4 /* more only wait for each other in the file system's journal */
#define STACK_SIZE  (128 * 1024)
/* A thread more is worth its start when so many directories wait. */
#define WAITING_PER_THREAD 8

struct populate {
	struct fill fill;
	struct node *nodes; /* all */
	struct node *root;
	pthread_mutex_t lock; /* of everything below, and of node.pending */
	pthread_cond_t more;
	struct node *waiting; /* a stack: depth first keeps few directories open */
	size_t n_waiting;
	size_t busy; /* threads that may add to it */
	size_t n_open, max_open;
	size_t threads, max_threads;
	pthread_t ids[THREADS_MAX];
	int error;
	struct cow_fault *fault; /* of the first error */
	struct cow_stats stats;
	struct inode_list drop;
};

static void report(struct populate *p, const struct filler *f, int error)
{
	cleanup_buf struct buf where = {0};

	pthread_mutex_lock(&p->lock);
	if (p->error == 0) {
		p->error = error;
		if (f->node)
			node_path(f->node, &where);
		fault_set(p->fault, f->op, where.data, f->name);
	}
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
}

/* The next directory to fill, or NULL when there will be none any more. */
static struct node *take(struct populate *p)
{
	struct node *node = NULL;

	pthread_mutex_lock(&p->lock);
	p->busy--;
	while (!p->waiting && p->busy && !p->error)
		pthread_cond_wait(&p->more, &p->lock);
	if (p->waiting && !p->error) {
		node = p->waiting;
		p->waiting = node->next;
		p->n_waiting--;
		p->busy++;
	} else {
		pthread_cond_broadcast(&p->more);
	}
	pthread_mutex_unlock(&p->lock);
	return node;
}

/* node has been opened: its parent need not be open for it any longer. */
static void opened(struct populate *p, struct node *node)
{
	struct node *parent = node->parent;
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --parent->pending == 0 && parent->open;
	if (last) {
		parent->open = false;
		p->n_open--;
	}
	pthread_mutex_unlock(&p->lock);
	if (last)
		place_close(&parent->place);
}

static void *thread_main(void *arg);

static void start_thread(struct populate *p)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(&p->ids[p->threads], &attr, thread_main, p) == 0) {
		p->threads++;
		p->busy++;
	} else {
		p->max_threads = p->threads; /* those that there are will do it */
	}
	pthread_attr_destroy(&attr);
}

/* Puts the subdirectories of the directory that was filled on the stack. */
static void hand_on(struct populate *p, struct filler *f)
{
	struct node *node = f->node, *sub;
	bool unused;

	pthread_mutex_lock(&p->lock);
	node->pending += f->n_subdirs;
	node->open = f->n_subdirs && (p->n_open < p->max_open || !node->parent);
	p->n_open += node->open;
	/* decided here: later, another thread may have opened the last subdirectory and be closing the place */
	unused = !node->open && node->parent;
	p->n_waiting += f->n_subdirs;
	while ((sub = f->subdirs)) {
		f->subdirs = sub->next;
		sub->next = p->waiting;
		p->waiting = sub;
		sub->all = p->nodes;
		p->nodes = sub;
	}
	if (f->n_subdirs > 1 && p->threads > 1)
		pthread_cond_broadcast(&p->more);
	if (!p->error && p->threads < p->max_threads &&
	    p->n_waiting > WAITING_PER_THREAD * p->threads)
		start_thread(p);
	pthread_mutex_unlock(&p->lock);
	f->n_subdirs = 0;
	if (unused)
		place_close(&node->place);
}

static int fill_one(struct populate *p, struct filler *f, struct node *node)
{
	int r = 0;

	f->node = node;
	f->name = NULL;
	f->op = "open directory";
	if (node->parent) {
		r = node_open(&p->fill, node);
		if (r == 0)
			opened(p, node);
	}
	if (r == 0)
		r = fill_dir(f, node);
	if (r == 0)
		hand_on(p, f);
	return r;
}

static void add_stats(struct cow_stats *sum, const struct cow_stats *st)
{
	sum->dirs += st->dirs;
	sum->linked += st->linked;
	sum->reflinked += st->reflinked;
	sum->copied += st->copied;
	sum->others += st->others;
	sum->copied_bytes += st->copied_bytes;
	sum->skipped += st->skipped;
}

static int collect(struct populate *p, const struct filler *f)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	add_stats(&p->stats, &f->stats);
	for (size_t i = 0; r == 0 && i < f->linked.n; i++)
		r = index_add(&p->fill.cow->index, f->linked.inos[i]);
	pthread_mutex_unlock(&p->lock);
	return r;
}

static void drop_subdirs(struct filler *f)
{
	struct node *sub;

	while ((sub = f->subdirs)) {
		f->subdirs = sub->next;
		free(sub);
	}
}

static void *thread_main(void *arg)
{
	struct populate *p = arg;
	struct filler f;
	struct node *node;
	int r = filler_init(&f, &p->fill);

	while (r == 0 && (node = take(p)))
		r = fill_one(p, &f, node);
	if (r == 0)
		r = collect(p, &f);
	if (r < 0)
		report(p, &f, r);
	drop_subdirs(&f);
	filler_done(&f);
	return NULL;
}

/* Half of what may be open, for the directories that wait: each has a descriptor of the live root and of each lower. */
static size_t open_limit(size_t layers)
{
	struct rlimit lim = {.rlim_cur = 1024};
	size_t max;

	getrlimit(RLIMIT_NOFILE, &lim);
	max = lim.rlim_cur > 65536 ? 65536 : (size_t)lim.rlim_cur;
	return max / 2 / (layers + 1);
}

static size_t cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (size_t)CPU_COUNT(&set);
}

static int populate_init(struct populate *p, struct cow *cow)
{
	int r = fill_init(&p->fill, cow);

	if (r < 0)
		return r;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->max_threads = MIN(cpus(), (size_t)THREADS_MAX);
	p->max_open = open_limit(p->fill.skip.layers);
	p->root = node_new(NULL, "");
	if (!p->root)
		return -ENOMEM;
	p->nodes = p->root;
	p->root->pending = 1; /* never closed on the way */
	return 0;
}

static void populate_done(struct populate *p)
{
	struct node *node;

	while ((node = p->nodes)) {
		p->nodes = node->all;
		place_close(&node->place);
		free(node);
	}
	free(p->drop.inos);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	fill_done(&p->fill);
}

static int open_root(struct populate *p, struct filler *f)
{
	struct cow *cow = p->fill.cow;
	int r;

	f->op = "open lower";
	r = merged_open(cow->meta.lowers, &p->root->place.lower);
	if (r < 0)
		return r;
	f->op = "open live root";
	return host_open_dir(cow->dir_fd, STORE_ROOT, &p->root->place.live_fd);
}

static int clear_part(struct cow *cow, const char *name, struct cow_fault *fault)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir(cow->dir_fd, name, &fd);

	/* the live root may already have the lower's mode */
	if (r == 0)
		r = host_fchmod(fd, 0700);
	return r < 0 ? r : remove_contents(steal_fd(&fd), fault);
}

int clear_live_root(struct cow *cow, struct cow_fault *fault)
{
	int r = clear_part(cow, STORE_ROOT, fault);

	return r < 0 ? r : clear_part(cow, STORE_WORK, fault);
}

static int save_index(struct cow *cow)
{
	cleanup_buf struct buf data = {0};
	int r = index_encode(&cow->index, &data);

	if (r == 0)
		r = store_write(cow->dir_fd, STORE_INDEX, data.data, data.len);
	return r < 0 ? r : store_set_populated(cow);
}

/* The directories, by this thread and as many others as find something to do. */
static int fill_all(struct populate *p)
{
	p->waiting = p->root;
	p->n_waiting = p->threads = p->busy = 1;
	p->ids[0] = pthread_self();
	thread_main(p);
	for (size_t i = 1; i < p->threads; i++)
		pthread_join(p->ids[i], NULL);
	return p->error;
}

/* What is left for one thread. */
static int finish(struct populate *p, struct filler *f)
{
	struct cow *cow = p->fill.cow;
	int r = fill_further_names(f, &p->drop);

	if (r == 0)
		r = collect(p, f);
	if (r < 0)
		return r;
	cow->index.skipped = p->stats.skipped;
	index_finish(&cow->index, p->drop.inos, p->drop.n);
	f->op = "write index of";
	f->name = NULL;
	return save_index(cow);
}

static int run(struct populate *p)
{
	struct filler f;
	int r = filler_init(&f, &p->fill);

	if (r == 0)
		r = open_root(p, &f);
	if (r == 0) {
		r = fill_all(p);
		if (r == 0)
			r = finish(p, &f);
	}
	if (r < 0)
		report(p, &f, r);
	filler_done(&f);
	return p->error;
}

int cow_populate(struct cow *cow, struct cow_stats *ret_stats, struct cow_fault *fault)
{
	struct populate p = {.fault = fault};
	int r;

	if (cow->populated) {
		*ret_stats = (struct cow_stats){0};
		return 0;
	}
	index_done(&cow->index);
	cow->index.refused.left_uid = geteuid();
	cow->index.refused.left_gid = getegid();
	r = clear_live_root(cow, fault);
	if (r < 0)
		return r;
	r = populate_init(&p, cow);
	if (r == 0)
		r = run(&p);
	if (r == 0)
		*ret_stats = p.stats;
	populate_done(&p);
	return r;
}

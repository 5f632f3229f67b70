/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small direct-mapped cache of credentials by thread id. Supervisor threads. */
#include <config.h>

#include "handlers/cred_cache.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/pidfd.h"

#define SLOTS 64u

struct slot {
	pid_t tid; /* 0: empty */
	int pidfd;
	struct cached_creds *creds; /* allocated at first use, then kept */
};

struct cred_cache {
	pthread_mutex_t lock;
	uint64_t drops; /* counts cred_cache_drop: an add that began before one is void */
	struct slot slots[SLOTS];
};

struct cred_cache *cred_cache_new(void)
{
	struct cred_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	pthread_mutex_init(&cache->lock, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		cache->slots[i].pidfd = -EBADF;
	return cache;
}

static struct slot *slot_of(struct cred_cache *cache, pid_t tid)
{
	return &cache->slots[(unsigned)tid % SLOTS];
}

static void empty(struct slot *slot)
{
	slot->tid = 0;
	close_fd(&slot->pidfd);
}

/* pidfd_open(2): readable once the process has ended, whoever has its number by now. */
static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

bool cred_cache_find(struct cred_cache *cache, pid_t tid, struct cached_creds *ret)
{
	struct slot *slot = slot_of(cache, tid);
	bool found;

	pthread_mutex_lock(&cache->lock);
	found = slot->tid == tid;
	if (found && has_ended(slot->pidfd)) {
		empty(slot);
		found = false;
	}
	if (found)
		*ret = *slot->creds;
	pthread_mutex_unlock(&cache->lock);
	return found;
}

int cred_cache_get_fd(struct cred_cache *cache, pid_t tid, int number, struct tracee_creds *ret,
		      int *ret_fd)
{
	struct slot *slot = slot_of(cache, tid);
	int r = -ENOENT;

	if (number < 0)
		return 1;
	pthread_mutex_lock(&cache->lock);
	if (slot->tid == tid && !slot->creds->nested)
		r = host_pidfd_getfd(slot->pidfd, number);
	if (r >= 0)
		*ret = slot->creds->creds;
	else if (r == -ESRCH)
		empty(slot);
	pthread_mutex_unlock(&cache->lock);
	if (r == -EBADF)
		return r;
	if (r < 0)
		return 1;
	*ret_fd = r;
	return 0;
}

uint64_t cred_cache_begin(struct cred_cache *cache)
{
	uint64_t drops;

	pthread_mutex_lock(&cache->lock);
	drops = cache->drops;
	pthread_mutex_unlock(&cache->lock);
	return drops;
}

void cred_cache_add(struct cred_cache *cache, pid_t tid, const struct cached_creds *creds,
		    uint64_t begun)
{
	struct slot *slot = slot_of(cache, tid);
	cleanup_fd int pidfd = -EBADF;

	if (creds->creds.threads != 1 || tid != creds->creds.tgid)
		return;
	pidfd = host_pidfd_open(tid);
	if (pidfd < 0)
		return;
	pthread_mutex_lock(&cache->lock);
	if (!slot->creds)
		slot->creds = malloc(sizeof(*slot->creds));
	if (slot->creds && cache->drops == begun) {
		empty(slot);
		*slot->creds = *creds;
		slot->tid = tid;
		slot->pidfd = steal_fd(&pidfd);
	}
	pthread_mutex_unlock(&cache->lock);
}

void cred_cache_drop_thread(struct cred_cache *cache, pid_t tid)
{
	struct slot *slot = slot_of(cache, tid);

	pthread_mutex_lock(&cache->lock);
	cache->drops++;
	if (slot->tid == tid)
		empty(slot);
	pthread_mutex_unlock(&cache->lock);
}

void cred_cache_drop_process(struct cred_cache *cache, int proc_fd, pid_t tid)
{
	cleanup_fd int pidfd = -EBADF;
	struct tracee_creds creds;

	cred_cache_drop_thread(cache, tid);
	/* A thread that is not the leader: the leader's entry, made when it was alone, goes too. pidfd_open knows only leaders. */
	pidfd = host_pidfd_open(tid);
	if (pidfd < 0 && tracee_read_creds(proc_fd, tid, &creds) == 0 && creds.tgid != tid)
		cred_cache_drop_thread(cache, creds.tgid);
}

void cred_cache_drop_all(struct cred_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->drops++;
	for (size_t i = 0; i < SLOTS; i++)
		if (cache->slots[i].tid != 0)
			empty(&cache->slots[i]);
	pthread_mutex_unlock(&cache->lock);
}

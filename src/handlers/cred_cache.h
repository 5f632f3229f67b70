/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of callers, so that /proc/<tid>/status (7 µs and more) is not read for each call.
 *
 * An entry must never be older than the credentials: a stale one would be a privilege escalation inside the container. Hence
 *  - every system call that changes the caller's credentials or umask is notified, and drops the entry before it is continued;
 *  - an entry is kept for single-threaded processes only: execve from another thread takes over the leader's id, and another thread may
 *    change a shared umask;
 *  - an entry holds a pidfd, which tells a recycled pid from the old one (it reports the exit of the process it was opened for).
 * Thread-safe.
 */
#ifndef SANDLOCK_HANDLERS_CRED_CACHE_H
#define SANDLOCK_HANDLERS_CRED_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracee/tracee.h"

struct cred_cache;

struct cached_creds {
	struct tracee_creds creds;
	bool nested; /* see struct request */
	uint64_t nested_effective;
};

struct cred_cache *cred_cache_new(void); /* NULL: out of memory */
bool cred_cache_find(struct cred_cache *cache, pid_t tid, struct cached_creds *ret);
/*
 * begin before the credentials are read, add after: an entry that was dropped meanwhile is not added. Does nothing where pidfds are
 * missing or when the process is not a single thread.
 */
uint64_t cred_cache_begin(struct cred_cache *cache);
void cred_cache_add(struct cred_cache *cache, pid_t tid, const struct cached_creds *creds,
		    uint64_t begun);
/* The caller's credentials are about to change. */
void cred_cache_drop(struct cred_cache *cache, int proc_fd, pid_t tid);

#endif

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
 * The same, and descriptor `number` of that process in our table, by the entry's pidfd: no look at /proc, so the cheapest there is. Needs ptrace access (with the
 * thread's own credentials). Returns 1 when it is not to be had in this way (no entry, the caller is in a nested user namespace, old kernel): nothing is set then.
 * -EBADF: the caller has no such descriptor.
 */
int cred_cache_get_fd(struct cred_cache *cache, pid_t tid, int number, struct tracee_creds *ret,
		      int *ret_fd);
/*
 * begin before the credentials are read, add after: an entry that was dropped meanwhile is not added. Does nothing where pidfds are
 * missing or when the process is not a single thread.
 */
uint64_t cred_cache_begin(struct cred_cache *cache);
void cred_cache_add(struct cred_cache *cache, pid_t tid, const struct cached_creds *creds,
		    uint64_t begun);
/* The caller's ids or capabilities are about to change: those of this one thread. */
void cred_cache_drop_thread(struct cred_cache *cache, pid_t tid);
/* execve: the caller will have its leader's id. */
void cred_cache_drop_process(struct cred_cache *cache, int proc_fd, pid_t tid);
/* umask(2) and what goes with it belongs to all who share it (CLONE_FS), and who that is cannot be told. */
void cred_cache_drop_all(struct cred_cache *cache);

#endif

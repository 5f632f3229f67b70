/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that becomes the container's first process, or an exec'd one: from clone to execve. Entered by container/spawn in the cloned
 * child. Walks the table of steps.c; errors and warnings go through the sync socket, never to stdout or a log.
 */
#ifndef SANDLOCK_INIT_INIT_H
#define SANDLOCK_INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "plan/plan.h"

struct err;
struct sock_filter;

struct init_args {
	const struct plan *plan;
	bool exec; /* joins a running container: no mounts, no parking */
	int sync_fd;
	int fifo_fd;	     /* exec.fifo, O_RDWR; -EBADF: do not park */
	int console_fd;	     /* connected console socket, or -EBADF */
	bool console_return; /* send the pty master through sync instead */
	unsigned preserve_fds;
	unsigned listen_fds;
	int ns_fds[PLAN_NS_COUNT]; /* namespaces that are still to be joined, else -EBADF */
	const int *idmap_trees;	   /* per mount: detached and idmapped, else -EBADF; or NULL */
	const struct sock_filter *filter; /* compiled OCI profile, or NULL */
	unsigned short filter_len;	  /* instructions */
	unsigned filter_flags;		  /* SECCOMP_FILTER_FLAG_* */
	int (*hooks)(void *arg, enum plan_hook_kind kind, pid_t pid,
		     struct err **err); /* may be NULL */
	void *hooks_arg;
};

/* A new namespace of this type is made by init, not by the clone that makes init. */
bool init_makes_ns(const struct plan *plan, enum plan_ns_type type);
ATTR_NORETURN void init_run(const struct init_args *args);

#endif

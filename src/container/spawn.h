/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the container's processes: clone with the namespaces of the plan, id maps, the create
 * side of the sync conversation (init/sync.h has the order). Runs in create, run and exec, before
 * they start threads of their own.
 *
 * The process is a direct child of the caller, so that it is reparented to the caller's parent or
 * subreaper when the command ends.
 */
#ifndef SANDLOCK_CONTAINER_SPAWN_H
#define SANDLOCK_CONTAINER_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

struct err;

struct spawn {
	pid_t pid;	     /* as the caller sees it */
	uint64_t start_time; /* field 22 of /proc/<pid>/stat */
	int console_fd; /* pty master when params.console_return, else -EBADF; the caller owns it */
	/* begin_root only; borrowed: user and network namespace of init when it is a new or joined one, else -EBADF */
	int userns_fd, netns_fd;
};

/* What the caller does at the barriers. Each may be NULL; < 0 stops the spawn, init is killed and
 * reaped. */
struct spawn_ops {
	/* In the caller, right after clone and before init does anything: pid and start_time are known. Not for exec. */
	int (*cloned)(void *arg, const struct spawn *spawn, struct err **err);
	/*
	 * In the caller, id maps are written: begin to make the live root (plan->cow.on), which goes on while init is moved to its cgroup.
	 * Not for exec.
	 */
	int (*begin_root)(void *arg, const struct spawn *spawn, struct err **err);
	/* In the caller, before init does anything: move pid into the container's cgroup. For exec as well. */
	int (*join_cgroup)(void *arg, pid_t pid, struct err **err);
	/* In the caller: wait for the live root. *ret_lazy: it is being populated while the container runs. Not for exec. */
	int (*finish_root)(void *arg, bool *ret_lazy, struct err **err);
	/* In the caller, mounts are done, pivot_root is not: prestart and createRuntime hooks. Not
	 * for exec. */
	int (*runtime_hooks)(void *arg, const struct spawn *spawn, struct err **err);
	/*
	 * In INIT (a fork of the caller: its memory as it was before spawn): createContainer
	 * (before pivot_root, host paths still resolve) and startContainer (inside, just before
	 * execve) hooks of the plan. pid: init's pid in its own pid namespace. Only called when the
	 * plan has hooks of that kind. The callback must not use descriptors other than stdio: they
	 * may be closed.
	 */
	int (*container_hooks)(void *arg, enum plan_hook_kind kind, pid_t pid, struct err **err);
	/* In the caller: hand the listener to the supervisor; returns when it is served. fd is
	 * closed by spawn afterwards. */
	int (*add_listener)(void *arg, int listener_fd, struct err **err);
	/* In the caller: hand the listener of a profile with SCMP_ACT_NOTIFY to its agent. fd is
	 * closed by spawn afterwards. */
	int (*send_agent)(void *arg, int listener_fd, pid_t pid, struct err **err);
};

struct spawn_params {
	const struct spawn_ops *ops;
	void *arg;
	/*
	 * spawn_init: exec.fifo, opened O_RDWR | O_CLOEXEC by the caller (O_RDWR: a read then
	 * blocks until `start` writes, and is never at end of file because a writer came and went).
	 * -EBADF: do not park, the workload starts at once.
	 */
	int exec_fifo_fd;
	const char *console_socket; /* path for the pty master, or NULL */
	bool console_return; /* terminal without a socket: the master comes back in spawn.console_fd
			      */
	unsigned preserve_fds; /* --preserve-fds plus LISTEN_FDS: 3 .. 3+n-1 stay open */
	unsigned listen_fds;   /* LISTEN_FDS of the caller's environment, 0: not set */
	int join_pidfd; /* spawn_exec: pidfd of the container's init, -EBADF otherwise; the caller's */
	pid_t join_pid; /* spawn_exec: pid of the container's init (checked against its start time
			   by the caller) */
};

/*
 * Creates the container's init and leads it to the point where it waits for `start`. On success
 * *ret is filled in and init is parked: it reads one byte from the exec fifo (opened by `start`
 * O_WRONLY), then runs the startContainer hooks and the workload. If the fifo's directory vanishes
 * init stays parked until killed. On failure nothing runs any more and err says which step failed.
 * With exec_fifo_fd = -EBADF the workload starts at once; errors up to and including execve are
 * returned.
 */
int spawn_init(const struct plan *plan, const struct spawn_params *params, struct spawn *ret,
	       struct err **err);
/*
 * A further process in the container of join_pid: the plan comes from plan_build_exec. Returns when
 * execve has succeeded, or with the error that prevented it (the process is reaped then).
 */
int spawn_exec(const struct plan *plan, const struct spawn_params *params, struct spawn *ret,
	       struct err **err);
/* The byte for the parked init; fifo_fd: opened by `start` O_WRONLY|O_NONBLOCK. */
int spawn_release(int fifo_fd, struct err **err);

#endif

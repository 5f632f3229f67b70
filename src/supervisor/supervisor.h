/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that serves a container's guarded system calls. Started by `create`, outlives it,
 * leaves by itself when the last process of the container is gone.
 */
#ifndef SANDLOCK_SUPERVISOR_SUPERVISOR_H
#define SANDLOCK_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "cow/cow.h"
#include "cow/spare.h"

struct device_rule;
struct err;

enum supervisor_populate {
	SUPERVISOR_POPULATE_EAGER,
	SUPERVISOR_POPULATE_LAZY,
	SUPERVISOR_POPULATE_AUTO, /* lazily when the image is large */
};

struct supervisor_params {
	struct cow_params cow; /* .owners is ignored; see shift_ids */
	struct cow_pool pool;  /* of spare roots; dir NULL: none */
	bool existing; /* cow.dir is a complete store of somebody else: opened, before entering userns_fd, and never removed */
	bool shift_ids; /* lower ids are container ids: scan owners before entering userns_fd */
	int userns_fd;	/* user namespace of the container, entered before anything is made; -EBADF:
			   stay */
	int netns_fd;	/* its network namespace (some devices bind to the opener's), entered too;
			   -EBADF: stay */
	uid_t uid;	/* id taken after entering userns_fd, 0 = the container's root */
	gid_t gid;
	int control_fd; /* listening AF_UNIX SOCK_SEQPACKET socket, made by the caller in the state
			   directory */
	/* The container's device cgroup rules in order (handlers/request.h), or n 0 and has false:
	 * every device may be opened. */
	bool has_device_rules;
	const struct device_rule *device_rules;
	size_t n_device_rules;
	enum supervisor_populate populate;
	/* If lazily, these paths (of the container) are needed at once: directories, whole trees, the command. */
	char *const *touch, *const *touch_trees;
	const char *cwd, *command, *command_path; /* command_path: PATH */
	const char *log_path;			  /* NULL, or a file for debug lines (append) */
};

/* One that was begun. */
struct supervisor {
	pid_t middle; /* reaped by supervisor_finish; 0: done */
	/* Keep it open until the container has been handed over (end of create), then close it: when it closes before the first listener
	 * was added, the supervisor removes the store and exits. */
	int lifeline_fd;
	/* Since supervisor_finish: */
	pid_t pid; /* for the state file; not our child */
	bool lazy; /* the live root is still being populated */
};

/*
 * Runs in `create`. Double-forks the supervisor (own session, stdio on /dev/null, every other descriptor closed but control_fd), which
 * enters the user namespace, takes a spare root or creates and populates the store, and then serves control_fd. Does not wait for any of
 * that. params may be freed: the processes have a copy.
 */
int supervisor_begin(const struct supervisor_params *params, struct supervisor *ret,
		     struct err **err);
/*
 * Returns when the live root is complete, or failed (nothing is left, text in err). Call it in either case before the directory of the
 * store may be removed: until then it is being filled.
 */
int supervisor_finish(struct supervisor *supervisor, struct err **err);

#define SUPERVISOR_SOCKET "supervisor.sock" /* in the container's state directory */

/* Binds and listens on SUPERVISOR_SOCKET; for supervisor_params.control_fd. Runs in `create`. Long
 * paths are no problem. */
int supervisor_listen(int state_dirfd, int *ret_fd, struct err **err);

/*
 * Hands over the seccomp listener of process pid (as seen by us), which has its final root by now;
 * returns when it is being served. Runs in `create` and `exec`. -ENOENT / -ECONNREFUSED: no
 * supervisor.
 */
int supervisor_add_listener(int state_dirfd, int listener_fd, struct err **err);

/* Hurries the filling of a lazily populated live root. 0: everything is there. */
int supervisor_wait_populated(int state_dirfd);

#endif

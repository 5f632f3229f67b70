/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A create in progress; shared by create and run. */
#ifndef SANDLOCK_CONTAINER_CREATE_H
#define SANDLOCK_CONTAINER_CREATE_H

#include <errno.h>

#include "container/conf.h"
#include "container/container.h"
#include "container/notify.h"
#include "container/spawn.h"
#include "cow/cow.h"
#include "supervisor/supervisor.h"

struct container;
struct err;
struct oci_config;
struct plan;

struct creation {
	const struct create_params *p;
	bool console_return; /* run in the foreground with a terminal: the pty master is wanted in spawn.console_fd */
	char *bundle;  /* absolute */
	char *cow_dir; /* --cow-dir, absolute, or NULL */
	char *commit_to;
	char *spare_ids;  /* for the pool of spare roots, or NULL */
	char *live_store; /* the store of sandlock-mount whose live root root.path is, or NULL */
	char *config_text;
	size_t config_len;
	struct oci_config *config;
	struct conf conf;
	struct host_caps caps; /* the plan borrows from it */
	bool rootless;
	struct plan *plan;
	struct container *c; /* locked */
	struct cgroup *cg;
	pid_t warm_up;	/* see cgroup_warm_up() */
	int control_fd; /* of the supervisor, until it has it */
	struct supervisor supervisor;
	struct notify notify;
	struct spawn spawn;
};

#define CREATION_INIT(params)                                                                      \
	{                                                                                          \
		.p = (params), .control_fd = -EBADF, .supervisor = {.lifeline_fd = -EBADF},        \
		.notify = NOTIFY_INIT,                                                             \
		.spawn = {.console_fd = -EBADF, .userns_fd = -EBADF, .netns_fd = -EBADF},          \
	}

/* Ahead of creation_plan(): what may go on meanwhile. */
void creation_begin(struct creation *cr);
/* config.json read (unless config_text is given already), plan built. Touches nothing. */
int creation_plan(struct creation *cr, struct err **err);
/* Everything up to the parked init and the pid file. On failure nothing is left. */
int creation_make(struct creation *cr, struct err **err);
enum cow_share creation_share(enum plan_share share);
void creation_done(struct creation *cr);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container process on its way: what spawn.c (preparation, conversation) and launch_ns.c (namespaces, clone) share. Nobody else. */
#ifndef SANDLOCK_CONTAINER_LAUNCH_H
#define SANDLOCK_CONTAINER_LAUNCH_H

#include <stdbool.h>

#include "container/spawn.h"
#include "init/init.h"
#include "plan/plan.h"
#include "seccomp/profile.h"

struct err;

struct launch {
	const struct plan *plan;
	const struct spawn_params *params;
	struct init_args args;
	struct seccomp_profile profile;
	int *idmap_trees;
	int sync_fd; /* our end */
	bool lazy;   /* the live root is still being populated */
	int ns_fds[PLAN_NS_COUNT];
	struct spawn spawn;
};

/* Opens the namespaces that the plan joins by path. */
int launch_open_joined(struct launch *l, struct err **err);
/* init: a clone with the new namespaces, in those that are joined. Sets l->spawn.pid; our copy of its end of the socket pair is closed. */
int launch_clone_init(struct launch *l, struct err **err);
/* exec: opens the container's namespaces, and clones a process in them. */
int launch_open_container(struct launch *l, struct err **err);
int launch_clone_exec(struct launch *l, struct err **err);
/* A namespace of init's that is not the caller's, or -EBADF. The caller closes *ret_fd. */
int launch_its_ns(const struct launch *l, enum plan_ns_type type, int *ret_fd, struct err **err);

#endif

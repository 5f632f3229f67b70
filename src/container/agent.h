/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent at linux.seccomp.listenerPath: gets the listener of a container's process. Runs in create and exec. */
#ifndef SANDLOCK_CONTAINER_AGENT_H
#define SANDLOCK_CONTAINER_AGENT_H

#include <sys/types.h>

#include "container/lifecycle.h"

struct container;
struct err;
struct plan;

/*
 * One connection, one container process state (runtime-spec, "The Container Process State") with the listener in its first message. pid: the process that
 * has loaded the profile, as we see it. Does not wait for an answer: the protocol has none.
 */
int agent_send(const struct container *c, const struct plan *plan, enum container_state state,
	       pid_t pid, int listener_fd, struct err **err);

#endif

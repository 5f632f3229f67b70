/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduler, I/O priority and CPUs of a container's process, set from outside. Runs in create and exec before init goes on. */
#ifndef SANDLOCK_CONTAINER_SCHEDULE_H
#define SANDLOCK_CONTAINER_SCHEDULE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct plan;

/* The CPUs an exec'd process may use on its way into the container's cgroup (execCPUAffinity.initial). */
int schedule_before_cgroup(const struct plan *plan, bool exec, pid_t pid, struct err **err);
/* The rest, after it has arrived there. */
int schedule_in_cgroup(const struct plan *plan, bool exec, pid_t pid, struct err **err);

#endif

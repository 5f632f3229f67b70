/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Staying on the caller's CPU. Each call wakes a worker, and its answer the caller. On one CPU these are two switches; on two CPUs each
 * is an interrupt to a CPU that has to leave its idle state first, which doubles the time of a call. The kernel's hint for such pairs
 * (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) is not enough: a task is woken on the CPU where it last ran as long as that one is idle, so a
 * caller and a worker that are apart stay apart. A worker that hears the same thread again and again therefore goes to its CPU; one that
 * hears different threads may run anywhere.
 */
#include <config.h>

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "host/at.h"
#include "supervisor/internal.h"

#define SAME_CALLER 8  /* calls in a row, until the worker goes to their CPU */
#define LOOK_AGAIN  64 /* calls, until it looks whether the caller has moved */

/* Field 39 of /proc/<tid>/stat; -1: not to be had. The name in it may hold anything, so it counts from the last parenthesis. */
static int cpu_of(int proc_fd, pid_t tid)
{
	cleanup_fd int fd = -EBADF;
	char name[32], text[1024], *at;
	uint32_t cpu;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/stat", (int)tid);
	if (host_open_read(proc_fd, name, &fd) < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -1;
	at[1 + strcspn(at + 1, " \n")] = '\0';
	return num_parse_u32(at + 1, &cpu) < 0 ? -1 : (int)MIN(cpu, INT_MAX);
}

void near_init(struct near *near, const cpu_set_t *allowed)
{
	*near = (struct near){.cpu = NEAR_ANY, .allowed = allowed};
	if (sched_setaffinity(0, sizeof(*allowed), allowed) < 0)
		near->cpu = NEAR_NEVER;
}

static void leave(struct near *near)
{
	if (near->cpu >= 0 && sched_setaffinity(0, sizeof(*near->allowed), near->allowed) < 0)
		log_debug("cannot leave CPU %d: %m", near->cpu);
	near->cpu = NEAR_ANY;
}

static void go_to(struct near *near, int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == near->cpu)
		return;
	if (!CPU_ISSET(cpu, near->allowed)) { /* the container's CPUs are not ours */
		leave(near);
		return;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	near->cpu = sched_setaffinity(0, sizeof(set), &set) < 0 ? NEAR_NEVER : cpu;
}

void near_heard(struct near *near, int proc_fd, pid_t tid, bool more_waiting)
{
	if (near->cpu == NEAR_NEVER)
		return;
	if (tid != near->caller || more_waiting) {
		near->caller = tid;
		near->calls = 0;
		if (near->cpu >= 0)
			leave(near);
		return;
	}
	near->calls++;
	if (near->calls == SAME_CALLER || near->calls % LOOK_AGAIN == 0)
		go_to(near, cpu_of(proc_fd, tid));
}

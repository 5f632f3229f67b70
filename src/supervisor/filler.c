/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that fills what a lazily populated live root still lacks, and what has to be there before serving begins. Supervisor. No
 * lower priority: who waits for the directory that this thread is filling would wait for a thread that does not run. It rests after each
 * directory instead, as long as that one took.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/handlers.h"
#include "host/openat2.h"
#include "host/thread_cred.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"

#define STACK_SIZE  (256 * 1024)
#define SCRIPTS_MAX 5
#define REST_MAX_NS 5000000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct fill_state {
	struct server *server;
	uint64_t since;
};

static void rest(void *arg)
{
	struct fill_state *state = arg;
	uint64_t took = now_ns() - state->since;
	struct timespec t = {.tv_nsec = (long)MIN(took, (uint64_t)REST_MAX_NS)};

	if (!atomic_load(&state->server->hurry))
		nanosleep(&t, NULL);
	state->since = now_ns();
}

static void *filler_main(void *arg)
{
	struct server *server = arg;
	struct fill_state state = {.server = server, .since = now_ns()};
	struct worker_creds me;
	int r = host_thread_unshare_fs();

	worker_creds_init(&server->svc, &me);
	act_thread_as_supervisor(&server->svc, &me);
	if (r == 0)
		r = cow_fill(server->svc.cow, rest, &state);
	log_debug("filling the live root: %s", r < 0 ? strerror(-r) : "done");
	return NULL;
}

/* SANDLOCK_COW_FILL=no: nothing in the background, for tests and measurements of first accesses. */
static bool is_wanted(void)
{
	const char *value = getenv("SANDLOCK_COW_FILL");

	return !value || strcmp(value, "no") != 0;
}

void filler_start(struct server *server)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (server->filling || !cow_is_lazy(server->svc.cow) || !is_wanted())
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* without it every directory is filled at its first use */
	server->filling = pthread_create(&thread, &attr, filler_main, server) == 0;
	pthread_attr_destroy(&attr);
}

/* What the kernel will open when it executes the file: `#!` and ELF interpreters, as in handlers/exec.c. */
static int touch_interpreters(struct cow *cow, const char *file)
{
	struct tracee_path path;
	int r = 0;

	snprintf(path.bytes, sizeof(path.bytes), "%s", file);
	for (int i = 0; r == 0 && i < SCRIPTS_MAX; i++) {
		cleanup_fd int fd = -EBADF;

		r = cow_populate_path(cow, path.bytes, false);
		if (r < 0)
			return r;
		fd = host_openat2(cow_root_fd(cow), path.bytes, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
				  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd < 0 || !exec_find_interpreter(fd, &path))
			return 0;
	}
	return r;
}

/* init looks the command up before its memory can be read (its address space belongs to the user namespace of `create`). */
static int touch_command(struct cow *cow, const struct supervisor_params *p)
{
	const char *dir = p->command_path ? p->command_path : "";
	char file[PATH_MAX];
	int r = 0;

	if (!p->command)
		return 0;
	if (strchr(p->command, '/')) {
		snprintf(file, sizeof(file), "%s/%s", p->command[0] == '/' ? "" : p->cwd,
			 p->command);
		return touch_interpreters(cow, file);
	}
	while (r == 0) {
		size_t n = strcspn(dir, ":");

		snprintf(file, sizeof(file), "%s%s%.*s/%s", *dir == '/' ? "" : p->cwd,
			 *dir == '/' ? "" : "/", (int)MIN(n, (size_t)PATH_MAX), dir, p->command);
		r = touch_interpreters(cow, file);
		if (dir[n] == '\0')
			break;
		dir += n + 1;
	}
	return r;
}

int filler_prepare(struct cow *cow, const struct supervisor_params *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && p->touch && p->touch[i]; i++)
		r = cow_populate_path(cow, p->touch[i], false);
	for (size_t i = 0; r == 0 && p->touch_trees && p->touch_trees[i]; i++)
		r = cow_populate_path(cow, p->touch_trees[i], true);
	return r < 0 ? r : touch_command(cow, p);
}

int filler_wait(struct server *server)
{
	atomic_store(&server->hurry, true);
	for (int i = 0; i < FILL_WAIT_MS && server->filling && cow_is_lazy(server->svc.cow); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return cow_is_lazy(server->svc.cow) ? -EAGAIN : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of supervisor/ only: the serving process and its threads. */
#ifndef SANDLOCK_SUPERVISOR_INTERNAL_H
#define SANDLOCK_SUPERVISOR_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "handlers/request.h"

struct seccomp_notif;

#define WORKERS_MAX                                                                                \
	16 /* per listener; handlers never wait for the container, so more would only queue on the \
	      disk */

/* A seccomp listener that is being served. */
struct listener {
	struct listener *next;
	struct server *server;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned workers;
	unsigned resting; /* workers waiting for wake */
	unsigned called;  /* of them, told to get up */
	bool receiving;	  /* one worker is in RECV, or about to be */
	bool gone;	  /* the last task has left; workers are leaving */
};

/* A parked request (see handlers/fifo.c). */
struct waiting {
	struct waiting *next;
	struct listener *listener;
	uint64_t id;
	pid_t tid;
	struct parked *parked;
};

struct server {
	struct service svc;
	int control_fd, lifeline, epoll;
	atomic_int container_root;
	struct listener *listeners;
	bool had_listener;
	int wake_fd; /* eventfd: something has been parked */
	pthread_mutex_t waiting_lock;
	struct waiting *waiting;
};

/* Credentials of a thread that has just been started (or of the main thread). */
void worker_creds_init(const struct service *svc, struct worker_creds *me);

/* loop.c: serves until the last task of the container is gone. Returns 0, or -errno when serving is
 * impossible. */
int server_run(struct server *server);

/* listener.c: takes fd over and starts its first worker. */
int listener_add(struct server *server, int fd);
void listener_leave(struct server *server, struct listener *listener);
/* For service.may_block. */
void listener_may_block(struct request *rq);

/* dispatch.c: answers one notification, or parks it. */
void dispatch(struct listener *listener, const struct seccomp_notif *notif,
	      struct worker_creds *me);
/* Tries all parked requests once; true: some are left. Main thread. */
bool dispatch_waiting(struct server *server, struct worker_creds *me);

/* control.c: one connection of a command. Main thread. */
void control_serve(struct server *server);

#endif

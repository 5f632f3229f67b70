/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of supervisor/ only: the serving process and its threads. */
#ifndef SANDLOCK_SUPERVISOR_INTERNAL_H
#define SANDLOCK_SUPERVISOR_INTERNAL_H

#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "handlers/request.h"

struct cow_owners;

#define WORKERS_MAX                                                                                \
	16 /* per listener; handlers never wait for the container, so more would only queue on the \
	      disk */

/*
 * A notification between RECV and its answer, in memory that the shepherd shares: a notification is delivered once, but its id can
 * be answered by whoever holds the listener, so the successor of a server that died takes over what that one had in hand.
 */
struct flight {
	atomic_bool taken;
	uint32_t listener;	    /* number of the listener it came from */
	uint32_t deaths;	    /* servers that died while they had it in hand */
	struct seccomp_notif notif; /* RECV writes here; id 0: nothing received */
};

#define WAIT_POPULATED UINT32_MAX /* instead of a listener's number, between shepherd and server */

#define FLIGHTS_MAX                                                                                \
	256 /* what is in hand beyond them is lost with the server: the call waits until its caller is killed */

/* A seccomp listener that is being served. */
struct listener {
	struct listener *next;
	struct server *server;
	int fd;
	uint32_t number; /* of this container; never used again */
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
	struct flight *flight; /* NULL: the table was full */
};

struct server {
	struct service svc;
	int control_fd, lifeline, epoll;
	int link; /* to the shepherd, which takes control connections as long as it lives */
	struct flight *flights;	     /* FLIGHTS_MAX, shared memory */
	bool inherited[FLIGHTS_MAX]; /* of these: taken by the predecessor */
	uint32_t last_listener;
	bool filling;	   /* the thread of filler.c was started */
	atomic_bool hurry; /* somebody waits for it */
	atomic_int container_root;
	_Atomic dev_t procfs_dev;
	struct listener *listeners;
	bool had_listener;
	bool has_view;		      /* view_enter */
	bool wait_is_killable;	      /* host_seccomp_wait_is_killable() */
	int wake_fd;		      /* eventfd: something has been parked */
	pthread_mutex_t waiting_lock; /* of what follows */
	struct waiting *waiting, *last_waiting;
	unsigned n_waiting;
	unsigned calm; /* rounds in which nothing happened to any of them */
};

/* Credentials of a thread that has just been started (or of the main thread). */
void worker_creds_init(const struct service *svc, struct worker_creds *me);

/*
 * shepherd.c: keeps the listeners, takes control connections, and has a server (a child) do the work, and another one when that
 * dies by a signal. Returns in the server with 0, when it is to serve (`server` knows the listeners of its predecessor), and in the
 * shepherd with the exit status for the whole, negated and less 1.
 */
int shepherd_run(struct server *server);
/* start.c: the parts of *server that belong to the serving process. */
int server_attach(struct server *server);

/* Reports what went wrong to `create`, and ends. path: NULL, or what it is about. */
void start_fail(int lifeline, int code, const char *what, const char *path) ATTR_NORETURN;

/* root.c. All but root_refill end the process when they fail. */
struct supervisor_params;
/* params->existing. The way to such a store may be closed to the container's root: before its namespace is entered. */
void root_open(const struct supervisor_params *params, struct server *server);
/* owners: NULL, or what cow_owners_scan said. *ret_refill: the pool of spare roots has got, or was, too small. */
void root_make(const struct supervisor_params *params, struct server *server,
	       const struct cow_owners *owners, bool *ret_refill);
/* In the background. */
void root_refill(const struct supervisor_params *params, const struct cow_owners *owners);
/* Removes what root_make made, as far as it can still be reached. */
void root_drop(const struct supervisor_params *params, const struct server *server);

/* view.c: the store and /proc are all that the process can see then, and all that it has open. */
#define VIEW_STORE_NAME "store"
#define VIEW_STORE	"/" VIEW_STORE_NAME
bool view_is_possible(const struct server *server, const struct supervisor_params *params);
int view_enter(struct server *server);
/* start.c: opens /proc and the directory of the own descriptors. */
int service_open_proc(struct service *svc);

/* confine.c: capabilities first, filter last. */
int confine_capabilities(void);
int confine_self(void);

/* loop.c: serves until the last task of the container is gone. Returns 0, or -errno when serving is
 * impossible. */
int server_run(struct server *server);

/* listener.c: takes fd over and starts its first worker. */
int listener_add(struct server *server, int fd, uint32_t number);
void listener_leave(struct server *server, struct listener *listener);
/* For service.may_block. */
void listener_may_block(struct request *rq);
/* struct service, look_around */
void listener_look_around(struct request *rq);

/* filler.c: fills a lazily populated live root in the background. Main thread. */
void filler_start(struct server *server);
/* What `create`, and init before it can be served, will use. */
int filler_prepare(struct cow *cow, const struct supervisor_params *params);
/* Waits until everything is there; -EAGAIN: not within FILL_WAIT_MS. */
#define FILL_WAIT_MS 5000
int filler_wait(struct server *server);

/* dispatch.c: answers one notification, or parks it. True: it is parked, and keeps its flight. */
bool dispatch(struct listener *listener, struct flight *flight, struct worker_creds *me);
/* Takes fd over. */
void dispatch_answer_fd(const struct server *server, const struct request *rq, int fd,
			bool cloexec);

/* waiting.c. parked is taken over in any case. -ENOMEM: too many wait already. */
int waiting_add(struct listener *listener, const struct request *rq, struct parked *parked,
		struct flight *flight);
/* Tries some again. Returns after how many ms to call it again, -1: nothing waits. Main thread. */
int waiting_retry(struct server *server, struct worker_creds *me);

/* flight.c. take: NULL when all are taken; put: NULL is nothing. */
int flights_make(struct flight **ret);
struct flight *flight_take(struct flight *flights);
void flight_put(struct flight *flight);
/* What the predecessor had in hand, once the listeners are being served again. Main thread. */
void flights_take_over(struct server *server, struct worker_creds *me);

/* control.c: one connection of a command, which hands over a listener; add consumes it when it returns 0. Main thread. */
struct control_ops {
	int (*add)(void *arg, int listener_fd);
	int (*wait_populated)(void *arg);
};
void control_serve(int control_fd, const struct control_ops *ops, void *arg);

#endif

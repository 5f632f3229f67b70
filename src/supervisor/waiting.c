/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for something outside (the reader of a FIFO): tried again by the main thread until it comes, a signal does, or the caller is
 * gone. Supervisor. A container decides how many there are and for how long, so both their number and the time spent on them are bounded.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/compiler.h"
#include "handlers/handlers.h"
#include "host/seccomp_sys.h"
#include "supervisor/internal.h"

/*
 * The kernel keeps the notifications of a listener in a list, and each ioctl and poll walks over those that are older: with 10 000 of them waiting
 * every call of the container took milliseconds under one lock, and one that came after them 35 to 90 s (Linux 6.18). Each holds a descriptor too.
 */
#define WAITING_MAX 1024
/* Of them, tried in one round; a round in ROUND_MS. 16 tries are less than a millisecond. */
#define TRIES_MAX 16
#define ROUND_MS  5
/* Nothing has happened for that many rounds: a reader may be hours away. */
#define CALM_ROUNDS	 400
#define CALM_MS		 20
#define VERY_CALM_ROUNDS 800
#define VERY_CALM_MS	 100

/* open(2): ENOMEM is what too many FIFOs of one user cause. */
static int check_room(const struct server *server)
{
	struct rlimit limit;

	if (server->n_waiting >= WAITING_MAX)
		return -ENOMEM;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && server->n_waiting >= limit.rlim_cur / 4)
		return -ENOMEM;
	return 0;
}

/* With the lock held. */
static void append(struct server *server, struct waiting *w)
{
	w->next = NULL;
	if (server->waiting)
		server->last_waiting->next = w;
	else
		server->waiting = w;
	server->last_waiting = w;
}

static struct waiting *take_first(struct server *server)
{
	struct waiting *w;

	pthread_mutex_lock(&server->waiting_lock);
	w = server->waiting;
	if (w)
		server->waiting = w->next;
	pthread_mutex_unlock(&server->waiting_lock);
	return w;
}

int waiting_add(struct listener *listener, const struct request *rq, struct parked *parked,
		struct flight *flight)
{
	struct server *server = listener->server;
	struct waiting *w = malloc(sizeof(*w));
	int r = w ? 0 : -ENOMEM;
	bool was_calm;

	pthread_mutex_lock(&server->waiting_lock);
	was_calm = server->calm >= CALM_ROUNDS;
	/* Some of the others may have gone: they are looked at again soon. */
	server->calm = 0;
	if (r == 0)
		r = check_room(server);
	if (r == 0) {
		*w = (struct waiting){
			.listener = listener, .id = rq->id, .tid = rq->tid, .parked = parked};
		if (flight >= server->flights && flight < server->flights + FLIGHTS_MAX)
			w->flight = flight;
		append(server, w);
		server->n_waiting++;
	}
	pthread_mutex_unlock(&server->waiting_lock);
	if (r == 0 || was_calm)
		eventfd_write(server->wake_fd, 1);
	if (r < 0) {
		parked_free(parked);
		free(w);
	}
	return r;
}

/* True: it has been answered. */
static bool try_again(const struct waiting *w, struct worker_creds *me)
{
	const struct server *server = w->listener->server;
	struct request rq = {
		.svc = &server->svc,
		.owner = w->listener,
		.me = me,
		.listener = w->listener->fd,
		.id = w->id,
		.tid = w->tid,
	};
	int fd, r;

	r = fifo_retry(&rq, w->parked, &fd);
	if (r == -EAGAIN)
		return false;
	if (r == 0)
		dispatch_answer_fd(server, &rq, fd, w->parked->cloexec);
	else
		host_notif_send(rq.listener, rq.id, 0, r, 0);
	return true;
}

static int pause_ms(const struct server *server)
{
	if (!server->waiting)
		return -1;
	if (server->calm < CALM_ROUNDS)
		return ROUND_MS;
	return server->calm < VERY_CALM_ROUNDS ? CALM_MS : VERY_CALM_MS;
}

int waiting_retry(struct server *server, struct worker_creds *me)
{
	unsigned tries, answered = 0;
	int ms;

	pthread_mutex_lock(&server->waiting_lock);
	tries = MIN(server->n_waiting, TRIES_MAX);
	pthread_mutex_unlock(&server->waiting_lock);
	for (; tries > 0; tries--) {
		struct waiting *w = take_first(server);
		bool done = try_again(w, me);

		pthread_mutex_lock(&server->waiting_lock);
		if (done)
			server->n_waiting--;
		else
			append(server, w);
		pthread_mutex_unlock(&server->waiting_lock);
		if (!done)
			continue;
		answered++;
		parked_free(w->parked);
		flight_put(w->flight);
		free(w);
	}
	pthread_mutex_lock(&server->waiting_lock);
	server->calm = answered ? 0 : MIN(server->calm + 1, VERY_CALM_ROUNDS);
	ms = pause_ms(server);
	pthread_mutex_unlock(&server->waiting_lock);
	return ms;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads of one listener: they block in RECV; when the last idle one takes a request,
 * another is started, up to a bound. Supervisor. Each has its own credentials and its own umask and
 * cwd (CLONE_FS).
 */
#include <config.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "host/seccomp_sys.h"
#include "host/thread_cred.h"
#include "supervisor/internal.h"

#define STACK_SIZE (192 * 1024) /* a handler holds a few PATH_MAX buffers */

static int start_worker(struct listener *listener);

void worker_creds_init(const struct service *svc, struct worker_creds *me)
{
	if (host_thread_set_effective(svc->permitted, svc->permitted) < 0)
		abort();
	*me = (struct worker_creds){
		.euid = geteuid(),
		.fsuid = host_thread_fsuid(),
		.egid = getegid(),
		.fsgid = host_thread_fsgid(),
		.effective = svc->permitted,
	};
	umask(0);
}

/* The listener is of no more use: since 6.11 RECV itself says ENOENT then; before, the loop sees
 * EPOLLHUP and interrupts us. */
static bool is_over(struct listener *listener)
{
	struct pollfd p = {.fd = listener->fd};
	bool gone;

	pthread_mutex_lock(&listener->lock);
	gone = listener->gone;
	pthread_mutex_unlock(&listener->lock);
	return gone || (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLNVAL)));
}

/*
 * At most one worker waits in RECV. Were there more, they would take turns, and each turn would wake a thread on another CPU (20 µs and more
 * instead of 5). The receiver serves what it gets itself; somebody else takes its place only when more is waiting, or when the handler
 * says that it may block.
 */
static void call_another(struct listener *listener)
{
	bool start;

	pthread_mutex_lock(&listener->lock);
	start = !listener->receiving && listener->resting == 0 && listener->workers < WORKERS_MAX;
	if (!listener->receiving && listener->resting > 0) {
		listener->called++;
		pthread_cond_signal(&listener->wake);
	}
	pthread_mutex_unlock(&listener->lock);
	if (start && start_worker(listener) < 0)
		log_debug("cannot start another worker");
}

void listener_may_block(struct request *rq)
{
	call_another(rq->owner);
}

static bool more_waiting(const struct listener *listener)
{
	struct pollfd p = {.fd = listener->fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

void listener_look_around(struct request *rq)
{
	if (more_waiting(rq->owner))
		call_another(rq->owner);
}

/* Waits until nobody else is in RECV. False: the listener is over. */
static bool become_receiver(struct listener *listener)
{
	bool go_on;

	pthread_mutex_lock(&listener->lock);
	while (listener->receiving && !listener->gone) {
		listener->resting++;
		while (listener->called == 0 && !listener->gone)
			pthread_cond_wait(&listener->wake, &listener->lock);
		if (listener->called > 0)
			listener->called--;
		listener->resting--;
	}
	go_on = !listener->gone;
	if (go_on)
		listener->receiving = true;
	pthread_mutex_unlock(&listener->lock);
	return go_on;
}

static void stop_receiving(struct listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	listener->receiving = false;
	pthread_mutex_unlock(&listener->lock);
}

static void *worker_main(void *arg)
{
	struct listener *listener = arg;
	struct flight *flight = NULL, own = {0};
	struct worker_creds me;
	int r;

	/* A new thread inherits its starter's credentials, whatever caller's they are; they are read back here. */
	if (host_thread_unshare_fs() < 0)
		abort();
	worker_creds_init(&listener->server->svc, &me);
	while (become_receiver(listener)) {
		if (!flight || flight == &own)
			flight = flight_take(listener->server->flights);
		if (!flight)
			flight = &own;
		flight->listener = listener->number;
		flight->deaths = 0;
		r = host_notif_recv(listener->fd, &flight->notif);
		stop_receiving(listener);
		if (r == 0) {
			if (dispatch(listener, flight, &me))
				flight = NULL;
		} else if (is_over(listener)) {
			break;
		}
	}
	if (flight != &own)
		flight_put(flight);
	pthread_mutex_lock(&listener->lock);
	listener->workers--;
	pthread_mutex_unlock(&listener->lock);
	return NULL;
}

static int start_worker(struct listener *listener)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_mutex_lock(&listener->lock);
	listener->workers++;
	pthread_mutex_unlock(&listener->lock);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = -pthread_create(&thread, &attr, worker_main, listener);
	pthread_attr_destroy(&attr);
	if (r < 0) {
		pthread_mutex_lock(&listener->lock);
		listener->workers--;
		pthread_mutex_unlock(&listener->lock);
	}
	return r;
}

int listener_add(struct server *server, int fd, uint32_t number)
{
	struct epoll_event event = {.events = 0}; /* EPOLLHUP is always reported */
	struct listener *listener = calloc(1, sizeof(*listener));
	int r;

	if (!listener)
		return -ENOMEM;
	listener->server = server;
	listener->fd = fd;
	listener->number = number;
	pthread_mutex_init(&listener->lock, NULL);
	pthread_cond_init(&listener->wake, NULL);
	event.data.ptr = listener;
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		r = -errno;
		free(listener);
		return r;
	}
	if (!host_notif_sync_wake_up(fd))
		log_debug("no SYNC_WAKE_UP on this kernel (6.6)");
	r = start_worker(listener);
	if (r < 0) {
		epoll_ctl(server->epoll, EPOLL_CTL_DEL, fd, NULL);
		free(listener);
		return r;
	}
	listener->next = server->listeners;
	server->listeners = listener;
	server->had_listener = true;
	filler_start(server);
	return 0;
}

/*
 * Its workers may still be about to notice: listener and descriptor stay allocated for the life of
 * the supervisor, which is the container's. One listener per exec is little.
 */
void listener_leave(struct server *server, struct listener *listener)
{
	struct listener **link = &server->listeners;

	pthread_mutex_lock(&listener->lock);
	listener->gone = true;
	pthread_cond_broadcast(&listener->wake);
	pthread_mutex_unlock(&listener->lock);
	epoll_ctl(server->epoll, EPOLL_CTL_DEL, listener->fd, NULL);
	while (*link && *link != listener)
		link = &(*link)->next;
	if (*link)
		*link = listener->next;
}

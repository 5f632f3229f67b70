/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread of the supervisor: new listeners, the end of listeners, the creator's lifeline,
 * parked requests. Never serves a request itself but the parked ones, which do not block.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/internal.h"

static int watch(const struct server *server, int fd, void *tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* The creator has let go: with a listener handed over that is its normal end, without one the
 * container was never made. */
static void lifeline_closed(struct server *server)
{
	epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->lifeline, NULL);
	close(server->lifeline);
	server->lifeline = -EBADF;
}

static bool is_finished(const struct server *server)
{
	if (server->had_listener)
		return server->listeners == NULL;
	return server->lifeline < 0;
}

static int add_listener(void *arg, int fd)
{
	struct server *server = arg;

	return listener_add(server, fd, ++server->last_listener);
}

static int wait_populated(void *arg)
{
	return filler_wait(arg);
}

static const struct control_ops control_ops = {add_listener, wait_populated};

/* A listener from the shepherd, or (WAIT_POPULATED) a question; or its end: then its part of the work is ours. Nobody will take over from us any more. */
static void hear_shepherd(struct server *server)
{
	size_t len = 0, n_fds = 1;
	uint32_t number;
	int fd = -EBADF;
	int32_t answer = fd_recv(server->link, &number, sizeof(number), &len, &fd, &n_fds);

	if (answer < 0 || len == 0) {
		log_debug("the shepherd is gone");
		epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->link, NULL);
		close_fd(&server->link);
		answer = watch(server, server->control_fd, &server->control_fd);
		if (answer < 0)
			log_debug("no control connections any more: %s", strerror(-answer));
		return;
	}
	if (number == WAIT_POPULATED && n_fds == 0)
		answer = filler_wait(server);
	else
		answer = n_fds == 1 ? listener_add(server, fd, number) : -EINVAL;
	if (answer < 0 && n_fds == 1)
		close(fd);
	if (answer == 0 && n_fds == 1)
		server->last_listener = number;
	fd_send(server->link, &answer, sizeof(answer), NULL, 0);
}

static void handle_event(struct server *server, const struct epoll_event *event)
{
	eventfd_t count;

	if (event->data.ptr == &server->control_fd)
		control_serve(server->control_fd, &control_ops, server);
	else if (event->data.ptr == &server->link)
		hear_shepherd(server);
	else if (event->data.ptr == &server->lifeline)
		lifeline_closed(server);
	else if (event->data.ptr == &server->wake_fd)
		eventfd_read(server->wake_fd, &count);
	else if (event->events & EPOLLHUP)
		listener_leave(server, event->data.ptr);
}

int server_run(struct server *server)
{
	struct epoll_event events[8];
	struct worker_creds me;
	int pause, r;

	worker_creds_init(&server->svc, &me);
	flights_take_over(server, &me);
	r = watch(server, server->link, &server->link);
	if (r == 0 && server->lifeline >= 0)
		r = watch(server, server->lifeline, &server->lifeline);
	if (r == 0)
		r = watch(server, server->wake_fd, &server->wake_fd);
	if (r < 0)
		return r;
	pause = waiting_retry(server, &me);
	while (!is_finished(server)) {
		int n = epoll_wait(server->epoll, events, 8, pause);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++)
			handle_event(server, &events[i]);
		pause = waiting_retry(server, &me);
	}
	log_debug("the last process is gone");
	return 0;
}

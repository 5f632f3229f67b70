/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread of the supervisor: new listeners, the end of listeners, the creator's lifeline,
 * parked requests. Never serves a request itself but the parked ones, which do not block.
 */
#include <config.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisor/internal.h"

#define RETRY_MS 5 /* how often a FIFO without a reader is tried */

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

static void handle_event(struct server *server, const struct epoll_event *event)
{
	eventfd_t count;

	if (event->data.ptr == &server->control_fd)
		control_serve(server);
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
	bool waiting = false;
	int r;

	worker_creds_init(&server->svc, &me);
	r = watch(server, server->control_fd, &server->control_fd);
	if (r == 0)
		r = watch(server, server->lifeline, &server->lifeline);
	if (r == 0)
		r = watch(server, server->wake_fd, &server->wake_fd);
	if (r < 0)
		return r;
	while (!is_finished(server)) {
		int n = epoll_wait(server->epoll, events, 8, waiting ? RETRY_MS : -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++)
			handle_event(server, &events[i]);
		waiting = dispatch_waiting(server, &me);
	}
	log_debug("the last process is gone");
	return 0;
}

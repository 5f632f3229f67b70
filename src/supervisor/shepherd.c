/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that outlives a server. It holds the listeners open (with the last copy closed every guarded call would be ENOSYS), the
 * notifications in hand (flight.c) and the control socket, and replaces a server that a signal has ended: the OOM killer, an
 * administrator, a bug. Everything else is on disk. It reads nothing that comes from a container.
 *
 * If it dies itself the server goes on alone, takes the control socket over, and has no successor.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "cow/cow.h"
#include "host/pidfd.h"
#include "host/process.h"
#include "supervisor/internal.h"

#define ANSWER_TIMEOUT_S 10
/* More deaths than this in that time: the next server would not live either. */
#define DEATHS_MAX	30
#define DEATHS_WINDOW_S 10

/* A listener in our keeping. */
struct ward {
	struct ward *next;
	int fd;
	uint32_t number;
};

struct shepherd {
	struct server *server; /* what every server starts from */
	struct ward *wards;
	int epoll, link, pidfd;
	pid_t pid;
	unsigned deaths;
	time_t since; /* of the first of these deaths */
};

static int watch(const struct shepherd *s, int fd, uint32_t events, void *tag)
{
	struct epoll_event event = {.events = events, .data.ptr = tag};

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int ward_add(struct shepherd *s, int fd, struct ward **ret)
{
	struct ward *w = malloc(sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct ward){.next = s->wards, .fd = fd, .number = ++s->server->last_listener};
	r = watch(s, fd, 0, w); /* EPOLLHUP is always reported */
	if (r < 0) {
		free(w);
		return r;
	}
	s->wards = w;
	*ret = w;
	return 0;
}

/* Its last task has gone, or nobody will serve it. The descriptor stays open. */
static void ward_remove(struct shepherd *s, struct ward *w)
{
	struct ward **link = &s->wards;

	/* closing would not be enough: the server has a copy, and epoll knows the open file */
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, w->fd, NULL);

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	free(w);
}

/* The new server: what belongs to a process and not to the container is made anew. */
static int become_server(struct shepherd *s, int link)
{
	struct server *server = s->server;
	struct ward *w;
	int r;

	prctl(PR_SET_NAME, "sandlock-server");
	close(s->epoll);
	close_fd(&s->link);
	close_fd(&s->pidfd);
	server->link = link;
	for (size_t i = 0; i < FLIGHTS_MAX; i++)
		server->inherited[i] = atomic_load(&server->flights[i].taken);
	r = server_attach(server);
	if (r == 0 && s->deaths > 0 && cow_is_lazy(server->svc.cow))
		r = cow_lazy_reload(server->svc.cow);
	while (r == 0 && (w = s->wards)) {
		r = listener_add(server, w->fd, w->number);
		s->wards = w->next;
		free(w);
	}
	return r;
}

/* 1: this is the server, with the result in *ret_r. */
static int start_server(struct shepherd *s, int *ret_r)
{
	struct timeval tv = {.tv_sec = ANSWER_TIMEOUT_S};
	cleanup_fd int link = -EBADF;
	int pair[2];
	int r = fd_socketpair(pair);

	if (r < 0)
		return r;
	s->link = pair[0];
	link = pair[1];
	setsockopt(s->link, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	s->pid = fork();
	if (s->pid < 0)
		return -errno;
	if (s->pid == 0) {
		*ret_r = become_server(s, steal_fd(&link));
		return 1;
	}
	s->pidfd = host_pidfd_open(s->pid);
	return s->pidfd < 0 ? s->pidfd : watch(s, s->pidfd, EPOLLIN, &s->pidfd);
}

/* For control_serve. A server that dies meanwhile is no failure: its successor finds the ward. */
static int add_listener(void *arg, int fd)
{
	struct shepherd *s = arg;
	struct ward *w;
	int32_t answer = -EPIPE;
	size_t len = 0;
	int r = ward_add(s, fd, &w);

	if (r < 0)
		return r;
	r = fd_send(s->link, &w->number, sizeof(w->number), &fd, 1);
	if (r == 0)
		r = fd_recv(s->link, &answer, sizeof(answer), &len, NULL, NULL);
	if (r == 0 && len == sizeof(answer) && answer < 0) {
		ward_remove(s, w);
		return answer;
	}
	s->server->had_listener = true;
	return 0;
}

static int wait_populated(void *arg)
{
	struct shepherd *s = arg;
	uint32_t question = WAIT_POPULATED;
	int32_t answer = -EPIPE;
	size_t len = 0;
	int r = fd_send(s->link, &question, sizeof(question), NULL, 0);

	if (r == 0)
		r = fd_recv(s->link, &answer, sizeof(answer), &len, NULL, NULL);
	if (r < 0)
		return r;
	return len == sizeof(answer) ? answer : -EPIPE;
}

static const struct control_ops control_ops = {add_listener, wait_populated};

static void listener_is_over(struct shepherd *s, struct ward *w)
{
	int fd = w->fd;

	ward_remove(s, w);
	close(fd);
}

static bool dies_too_often(struct shepherd *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (s->deaths == 0 || now.tv_sec - s->since > DEATHS_WINDOW_S) {
		s->deaths = 0;
		s->since = now.tv_sec;
	}
	return ++s->deaths > DEATHS_MAX;
}

/* 0: there is another one; 1: this is the other one; negative: the end of the shepherd. */
static int server_ended(struct shepherd *s, int *ret_r)
{
	int status, r = host_reap(s->pid, &status);

	if (r < 0)
		return r;
	close_fd(&s->pidfd);
	close_fd(&s->link);
	if (WIFEXITED(status))
		return -1 - WEXITSTATUS(status);
	log_debug("the server has died of signal %d", WTERMSIG(status));
	if (dies_too_often(s))
		return -2;
	r = start_server(s, ret_r);
	return r < 0 ? -2 : r;
}

int shepherd_run(struct server *server)
{
	struct shepherd s = {.server = server, .link = -EBADF, .pidfd = -EBADF};
	struct epoll_event event;
	int r, served = 0;

	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll < 0)
		return -2;
	r = start_server(&s, &served);
	if (r == 0)
		r = watch(&s, server->control_fd, EPOLLIN, &server->control_fd);
	if (r < 0)
		return -2;
	while (r == 0) {
		if (epoll_wait(s.epoll, &event, 1, -1) < 0)
			r = errno == EINTR ? 0 : -2;
		else if (event.data.ptr == &s.pidfd)
			r = server_ended(&s, &served);
		else if (event.data.ptr == &server->control_fd)
			control_serve(server->control_fd, &control_ops, &s);
		else
			listener_is_over(&s, event.data.ptr);
	}
	return r == 1 ? served : r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watching a container from outside. Runs in the command; everything comes from the kernel. */
#include <config.h>

#include "container/events.h"

#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "container/lifecycle.h"
#include "container/store.h"
#include "host/process.h"

struct watch {
	struct container *c;
	struct cgroup *cg;
	const struct events_sink *sink;
	int pidfd;
	int timer_fd;
	struct cgroup_oom oom;
};

static void watch_done(struct watch *w)
{
	cgroup_unwatch_oom(&w->oom);
	close_fd(&w->pidfd);
	close_fd(&w->timer_fd);
	cgroup_free(w->cg);
	store_close(w->c);
}
#define cleanup_watch ATTR_CLEANUP(watch_done)

static int open_watch(const char *root, const char *id, struct watch *w, struct err **err)
{
	int r = store_open(root, id, 0, &w->c, err);

	if (r == 0)
		r = lifecycle_check(OP_EVENTS, lifecycle_state(w->c), id, err);
	return r < 0 ? r : cgroup_open(w->c->status->cgroup_path, &w->cg, err);
}

static int print_stats(struct watch *w, struct err **err)
{
	cleanup_cgroup_stats struct cgroup_stats stats = {0};
	int r = cgroup_read_stats(w->cg, &stats, err);

	return r < 0 ? r : w->sink->stats(w->sink->arg, &stats, err);
}

int container_stats(const char *root, const char *id, const struct events_sink *sink,
		    struct err **err)
{
	cleanup_watch struct watch w = {.sink = sink,
					.pidfd = -EBADF,
					.timer_fd = -EBADF,
					.oom = {.event_fd = -EBADF, .file_fd = -EBADF}};
	int r = open_watch(root, id, &w, err);

	return r < 0 ? r : print_stats(&w, err);
}

static int start_timer(struct watch *w, unsigned interval_ms, struct err **err)
{
	struct timespec period = {interval_ms / 1000, (long)(interval_ms % 1000) * 1000000};
	struct itimerspec spec = {.it_interval = period, .it_value = period};

	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->timer_fd < 0 || timerfd_settime(w->timer_fd, 0, &spec, NULL) < 0)
		return err_set(err, errno, "start a timer");
	return 0;
}

static int on_oom(struct watch *w, struct err **err)
{
	uint64_t n = cgroup_count_oom(&w->oom);
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = w->sink->oom(w->sink->arg, err);
	return r;
}

static int on_timer(struct watch *w, struct err **err)
{
	cleanup_err struct err *why = NULL;
	uint64_t n;
	int r;

	if (read(w->timer_fd, &n, sizeof(n)) < 0)
		return 0;
	r = print_stats(w, &why);
	/* The group goes with the container: the pidfd tells the next moment. */
	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_text(err, err_code(why), "%s", err_msg(why)) : 0;
}

static int loop(struct watch *w, struct err **err)
{
	struct pollfd fds[] = {
		{.fd = w->pidfd, .events = POLLIN},
		{.fd = w->timer_fd, .events = POLLIN},
		{.fd = w->oom.event_fd, .events = w->oom.file_fd >= 0 ? POLLIN : POLLPRI},
	};
	int r = 0;

	while (r == 0) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_set(err, errno, "wait for events");
		}
		/* First, so that the kill which ended the container is told too. */
		if (fds[2].revents || fds[0].revents)
			r = on_oom(w, err);
		if (fds[2].revents & (POLLHUP | POLLNVAL))
			fds[2].fd = -1;
		if (fds[0].revents)
			break;
		if (r == 0 && fds[1].revents)
			r = on_timer(w, err);
	}
	return r;
}

int container_watch(const char *root, const char *id, unsigned interval_ms,
		    const struct events_sink *sink, struct err **err)
{
	cleanup_watch struct watch w = {.sink = sink,
					.pidfd = -EBADF,
					.timer_fd = -EBADF,
					.oom = {.event_fd = -EBADF, .file_fd = -EBADF}};
	cleanup_err struct err *why = NULL;
	int r = open_watch(root, id, &w, err);

	if (r < 0)
		return r;
	r = host_process_open(w.c->status->pid, w.c->status->start_time, &w.pidfd);
	if (r == -ESRCH)
		return lifecycle_check(OP_EVENTS, STATE_STOPPED, id, err);
	if (r < 0)
		return err_set(err, r, "open the container's process");
	if (cgroup_watch_oom(w.cg, &w.oom, &why) < 0)
		log_warning("no events about memory: %s", err_msg(why));
	r = start_timer(&w, interval_ms, err);
	return r < 0 ? r : loop(&w, err);
}

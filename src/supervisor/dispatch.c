/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notification -> row -> handler -> answer. Supervisor threads. The only place that answers.
 * CONTINUE is sent for a handler's explicit reply_continue alone; whatever goes wrong is an errno.
 */
#include <config.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "handlers/on_object.h"
#include "handlers/table.h"
#include "host/seccomp_sys.h"
#include "supervisor/internal.h"

/*
 * In two steps, although one would be 3 us cheaper: if we are killed in the middle of the one, open(2) returns 0 to the caller, which
 * then writes to its standard input. Killed between the two, the successor installs another descriptor. Without killable waiting a
 * signal could restart the call between the two, so there it is the one.
 */
void dispatch_answer_fd(const struct server *server, const struct request *rq, int fd, bool cloexec)
{
	int r = host_notif_addfd(rq->listener, rq->id, fd, cloexec, !server->wait_is_killable);

	close(fd);
	if (r >= 0 && !server->wait_is_killable)
		return;
	/* EMFILE and the like are the caller's own; ENOENT: it is gone, and the answer goes nowhere. */
	host_notif_send(rq->listener, rq->id, r < 0 ? 0 : r, r < 0 ? r : 0, 0);
}

/* True: parked. */
static bool answer(struct listener *listener, struct request *rq, const struct reply *reply, int r,
		   struct flight *flight)
{
	if (r == 0 && reply->kind == REPLY_PARK)
		r = waiting_add(listener, rq, reply->parked, flight);
	/* Rivals kept changing the name under us for a hundred rounds; EAGAIN would mean O_NONBLOCK
	 * to the caller. */
	if (r == -EAGAIN)
		r = -EBUSY;
	log_debug("%d %s: %s", rq->tid, rq->row->name, r < 0 ? strerror(-r) : "ok");
	if (r < 0) {
		host_notif_send(rq->listener, rq->id, 0, r, 0);
		return false;
	}
	switch (reply->kind) {
	case REPLY_VALUE:
		host_notif_send(rq->listener, rq->id, reply->value, 0, 0);
		break;
	case REPLY_FD:
		dispatch_answer_fd(listener->server, rq, reply->fd, reply->cloexec);
		break;
	case REPLY_CONTINUE:
		host_notif_send(rq->listener, rq->id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		break;
	case REPLY_PARK:
		return true;
	}
	return false;
}

bool dispatch(struct listener *listener, struct flight *flight, struct worker_creds *me)
{
	const struct seccomp_notif *notif = &flight->notif;
	const struct syscall_row *row = table_find(notif->data.nr);
	struct reply reply = {.kind = REPLY_VALUE, .fd = -EBADF};
	uint64_t args[6];
	struct request rq = {
		.svc = &listener->server->svc,
		.owner = listener,
		.me = me,
		.listener = listener->fd,
		.id = notif->id,
		.tid = (pid_t)notif->pid,
		.row = row,
		.args = args,
	};

	for (int i = 0; i < 6; i++)
		args[i] = notif->data.args[i];
	/* Cannot happen while filter and table come from one file; never CONTINUE what is not
	 * known. pid 0: the task is not in our pid namespace's view. */
	if (!row || notif->pid == 0) {
		host_notif_send(listener->fd, notif->id, 0, -ENOSYS, 0);
		return false;
	}
	if (on_object_by_descriptor(&rq)) {
		act_for_descriptor(&rq);
	} else {
		act_as_self(&rq);
		listener_look_around(&rq);
	}
	return answer(listener, &rq, &reply, row->handler(&rq, &reply), flight);
}

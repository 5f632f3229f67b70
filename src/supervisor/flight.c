/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications in hand, in memory that outlives the server (struct flight). Supervisor threads. The kernel delivers a notification
 * once; RECV copies it straight into the shared slot, so there is no moment in which a killed server takes it with it.
 */
#include <config.h>

#include <errno.h>
#include <sys/mman.h>

#include "base/log.h"
#include "host/seccomp_sys.h"
#include "supervisor/internal.h"

/* A request that kills its server is not tried for ever: it would take everybody's server with it. */
#define DEATHS_MAX 5

int flights_make(struct flight **ret)
{
	void *p = mmap(NULL, FLIGHTS_MAX * sizeof(struct flight), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

struct flight *flight_take(struct flight *flights)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		bool taken = false;

		if (atomic_compare_exchange_strong(&flights[i].taken, &taken, true))
			return &flights[i];
	}
	return NULL;
}

void flight_put(struct flight *flight)
{
	if (!flight)
		return;
	flight->notif.id = 0;
	atomic_store(&flight->taken, false);
}

static struct listener *find_listener(const struct server *server, uint32_t number)
{
	struct listener *l = server->listeners;

	while (l && l->number != number)
		l = l->next;
	return l;
}

/* True: the flight is still needed. */
static bool take_over(struct server *server, struct flight *flight, struct worker_creds *me)
{
	struct listener *listener = find_listener(server, flight->listener);

	/* not valid: it was answered, or its caller is gone */
	if (!flight->notif.id || !listener || !host_notif_id_valid(listener->fd, flight->notif.id))
		return false;
	if (flight->deaths >= DEATHS_MAX) {
		log_debug("call %d has ended %d servers: refused", flight->notif.data.nr,
			  DEATHS_MAX);
		host_notif_send(listener->fd, flight->notif.id, 0, -EIO, 0);
		return false;
	}
	flight->deaths++;
	return dispatch(listener, flight, me);
}

/*
 * Calls are carried out again from their beginning. What the predecessor had done of one is either invisible (an unpublished copy in
 * work/) or the same when done twice (owner, mode, times, truncation, opening). The exceptions are a few instructions wide, between
 * act and answer: setxattr with XATTR_CREATE then says EEXIST, removexattr ENODATA.
 *
 * The workers are running already and take slots; they hold none of those that are looked at here, for these have been taken since before.
 */
void flights_take_over(struct server *server, struct worker_creds *me)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &server->flights[i];

		if (!server->inherited[i])
			continue;
		if (!take_over(server, flight, me))
			flight_put(flight);
	}
}

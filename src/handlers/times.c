/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utime, utimes, futimesat, utimensat. Supervisor worker thread. Untrusted: the times, read once
 * into our own copy. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "handlers/handlers.h"
#include "handlers/on_object.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/object.h"

#define NSEC_PER_USEC 1000
#define USEC_PER_SEC  1000000

struct times {
	bool now; /* a NULL pointer: both to the current time */
	struct timespec ts[2];
};

static int do_times(int fd, const char *path, void *arg)
{
	const struct times *t = arg;

	if (path)
		return host_utimens_fd(fd, t->now ? NULL : t->ts);
	return futimens(fd, t->now ? NULL : t->ts) < 0 ? -errno : 0;
}

int handle_utime(struct request *rq, struct reply *reply)
{
	struct tracee_ptr ptr = request_ptr(rq, (unsigned)rq->row->operand);
	struct times t = {.now = ptr.addr == 0};
	int64_t seconds[2]; /* struct utimbuf */
	int r;

	if (!t.now) {
		r = tracee_read(rq->tid, ptr, seconds, sizeof(seconds));
		if (r < 0)
			return r;
		for (int i = 0; i < 2; i++)
			t.ts[i] = (struct timespec){.tv_sec = seconds[i]};
	}
	return on_object(rq, 0, 0, do_times, &t, reply);
}

/* futimesat with a NULL path works on the descriptor. */
int handle_utimes(struct request *rq, struct reply *reply)
{
	struct tracee_ptr ptr = request_ptr(rq, (unsigned)rq->row->operand);
	struct times t = {.now = ptr.addr == 0};
	struct timeval tv[2];
	int r;

	if (!t.now) {
		r = tracee_read(rq->tid, ptr, tv, sizeof(tv));
		if (r < 0)
			return r;
		for (int i = 0; i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= USEC_PER_SEC)
				return -EINVAL;
			t.ts[i].tv_sec = tv[i].tv_sec;
			t.ts[i].tv_nsec = tv[i].tv_usec * NSEC_PER_USEC;
		}
	}
	return on_object(rq, 0, rq->row->dirfd >= 0 ? FD_IF_NULL : 0, do_times, &t, reply);
}

int handle_utimensat(struct request *rq, struct reply *reply)
{
	struct tracee_ptr ptr = request_ptr(rq, (unsigned)rq->row->operand);
	struct times t = {.now = ptr.addr == 0};
	int r;

	if (!t.now) {
		r = tracee_read(rq->tid, ptr, t.ts, sizeof(t.ts));
		if (r < 0)
			return r;
		/* utimensat(2): nothing to do, nothing is even looked up. */
		if (t.ts[0].tv_nsec == UTIME_OMIT && t.ts[1].tv_nsec == UTIME_OMIT)
			return reply_value(reply, 0);
	}
	return on_object(rq, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, FD_IF_NULL, do_times, &t, reply);
}

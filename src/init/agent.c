/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile with SCMP_ACT_NOTIFY: its listener must get out to the agent although from its first instruction on the profile may send our own calls to
 * that agent, sendmsg among them. So a courier, a process that shares our descriptors and was there before the profile, carries it. Runs in init.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "host/ns.h"
#include "host/process.h"
#include "host/seccomp_sys.h"
#include "init/sync.h"

#define PENDING		INT_MIN
#define AGENT_TIMEOUT_S 30 /* create gives up after 10 */

struct handover {
	atomic_int listener; /* PENDING, the descriptor, or -errno of loading */
	atomic_int arrived;  /* PENDING, 0, or -errno */
};

/* Shares the table of descriptors: closing here closes in init too, which keeps no hold of its own listener. */
ATTR_NORETURN static void run_courier(const struct init_ctx *ctx, struct handover *h, pid_t init)
{
	struct timespec pause = {.tv_nsec = 200000};
	int fd, r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((fd = atomic_load(&h->listener)) == PENDING) {
		if (getppid() != init)
			_exit(1);
		nanosleep(&pause, NULL);
	}
	if (fd < 0)
		_exit(0);
	/* #4a -> create, #5 <- create: the agent has it. */
	r = sync_send(ctx->args->sync_fd, SYNC_AGENT, 0, NULL, fd);
	close(fd);
	if (r == 0)
		r = sync_expect(ctx->args->sync_fd, SYNC_SERVED, NULL);
	atomic_store(&h->arrived, r);
	_exit(0);
}

/* No system call between loading and the moment when the agent can answer it. */
static int load_and_wait(struct handover *h, const struct sock_fprog *prog, unsigned flags)
{
	int fd = host_seccomp_load(prog, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER), r;
	struct timespec start, now;

	atomic_store(&h->listener, fd);
	if (fd < 0)
		return fd;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while ((r = atomic_load(&h->arrived)) == PENDING) {
		/* Not a system call: libc reads the clock from the vDSO. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec > AGENT_TIMEOUT_S)
			return -ETIMEDOUT;
	}
	return r;
}

int agent_load_profile(struct init_ctx *ctx, const struct sock_fprog *prog, unsigned flags,
		       struct err **err)
{
	struct handover *h =
		mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t courier, me = getpid();
	int r;

	if (h == MAP_FAILED)
		return err_set(err, errno, "share memory");
	atomic_init(&h->listener, PENDING);
	atomic_init(&h->arrived, PENDING);
	courier = host_fork_ns(CLONE_FILES);
	if (courier < 0)
		return err_set(err, courier, "fork");
	if (courier == 0)
		run_courier(ctx, h, me);
	r = load_and_wait(h, prog, flags);
	host_reap(courier, NULL);
	munmap(h, sizeof(*h));
	return r < 0 ? err_set(err, r, "load the seccomp profile with its listener") : 0;
}

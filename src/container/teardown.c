/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a container. Runs in the commands, under the container's lock. Removes only what the status says create made; every step finds
 * out by itself whether there is anything to do, so that a half-made container and a second try are the same case.
 */
#include <config.h>

#include "container/intel_rdt.h"
#include "container/teardown.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "cgroup/cgroup.h"
#include "container/changes.h"
#include "container/store.h"
#include "container/userns_call.h"
#include "cow/cow.h"
#include "cow/discard.h"
#include "host/background.h"
#include "host/process.h"
#include "host/thread_cred.h"

#define KILL_TIMEOUT_MS	      10000
#define SUPERVISOR_TIMEOUT_MS 5000

static void thaw(const char *path)
{
	struct cgroup *cg = NULL;

	if (path && cgroup_open(path, &cg, NULL) == 0 && cgroup_is_frozen(cg))
		cgroup_freeze(cg, false, NULL);
	cgroup_free(cg);
}

int teardown_kill(struct container *c, struct err **err)
{
	cleanup_fd int pidfd = -EBADF;
	int r;

	if (!c->status || c->status->pid <= 0)
		return 0;
	r = host_process_open(c->status->pid, c->status->start_time, &pidfd);
	if (r == 0)
		r = host_process_signal(pidfd, SIGKILL);
	if (r == 0) {
		/* A frozen process of cgroup v1 dies only when it is thawed. */
		thaw(c->status->cgroup_path);
		r = host_process_wait(pidfd, KILL_TIMEOUT_MS);
	}
	/* Ours when create or run made it: do not leave a zombie to the caller. Else ECHILD. */
	waitpid(c->status->pid, NULL, WNOHANG);
	if (r < 0 && r != -ESRCH)
		return err_set(err, r, "kill the container's process %d", (int)c->status->pid);
	return 0;
}

static int remove_cgroup(struct container *c, struct err **err)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	int r;

	if (!c->status->cgroup_path && !c->status->systemd_scope)
		return 0;
	r = cgroup_open(c->status->cgroup_path, &cg, err);
	if (r < 0)
		return r;
	if (c->status->systemd_scope)
		cgroup_set_scope(cg, c->status->systemd_scope, c->status->systemd_user);
	if (c->status->cgroup_ours)
		return cgroup_destroy(cg, err);
	/* A group that was there before create: stays, without processes of a container that has no pid namespace to end them. */
	return c->status->private_pidns ? 0 : cgroup_signal(cg, SIGKILL, err);
}

/* It leaves by itself with the last task; its store must not be removed under its feet. */
static int end_supervisor(struct container *c, struct err **err)
{
	cleanup_fd int pidfd = -EBADF;
	int r;

	if (!c->status->supervisor_pid)
		return 0;
	r = host_process_open(c->status->supervisor_pid, c->status->supervisor_start_time, &pidfd);
	if (r == 0)
		r = host_process_wait(pidfd, SUPERVISOR_TIMEOUT_MS);
	if (r == -ETIMEDOUT) {
		log_warning("the supervisor of %s does not end: it is killed", c->id);
		r = host_process_signal(pidfd, SIGKILL);
		if (r == 0)
			r = host_process_wait(pidfd, SUPERVISOR_TIMEOUT_MS);
	}
	return r == 0 || r == -ESRCH ? 0 : err_set(err, r, "end the supervisor of %s", c->id);
}

static void empty_trash(void *dir)
{
	cow_empty_trash(dir);
}

/* Its name is free at once; the removal of a big one is nobody's business to wait for. */
static int remove_store(void *arg, struct err **err)
{
	struct cow_fault fault = {0};
	bool later;
	int r = cow_discard(arg, &later, &fault);

	if (r < 0)
		return err_set(err, r, "remove the live root %s (%s '%s')", (const char *)arg,
			       fault.op ? fault.op : "open", fault.path);
	if (later && host_background("sandlock-remove", empty_trash, arg) < 0)
		empty_trash(arg);
	return 0;
}

/*
 * The directory above the store may be closed to the container's root, so who may do everything removes the store by himself. Everybody else needs
 * the ids of the container for what is in it.
 */
static int remove_store_of(struct container *c, struct err **err)
{
	const uint64_t needed = 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER;
	uint64_t effective, permitted;

	if (host_thread_get_caps(&effective, &permitted) == 0 && (effective & needed) == needed)
		return remove_store(c->status->cow_dir, err);
	return userns_call(&c->status->ids, remove_store, c->status->cow_dir, err);
}

int teardown_remove(struct container *c, struct err **err)
{
	int r = 0;

	if (c->status) {
		r = remove_cgroup(c, err);
		if (r == 0)
			r = intel_rdt_remove(c->status, err);
		if (r == 0)
			r = end_supervisor(c, err);
		/* a create that failed has run nothing whose changes anybody wants */
		if (r == 0 && c->status->cow_dir && c->status->cow_commit_to &&
		    !c->status->creating)
			r = changes_commit(c, err);
		if (r == 0 && c->status->cow_dir && !c->status->cow_keep)
			r = remove_store_of(c, err);
	}
	return r < 0 ? r : store_remove(c, err);
}

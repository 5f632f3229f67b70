/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start, kill, delete, pause and listing processes: operations on a container that exists. Run in the commands. */
#include <config.h>

#include "container/operations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "container/container.h"
#include "container/hooks.h"
#include "container/lifecycle.h"
#include "container/notify.h"
#include "container/spawn.h"
#include "container/store.h"
#include "container/teardown.h"
#include "host/process.h"
#include "libocispec/oci_config.h"

/*
 * The hooks of a container that exists, from its copy of config.json. Everything but the hooks is as it was decided at create: it is not
 * used here. *ret_plan is NULL when the container has none.
 */
struct hook_plan {
	struct oci_config *config;
	struct host_caps caps; /* the plan borrows from it */
	struct plan *plan;
};

static void hook_plan_done(struct hook_plan *hp)
{
	plan_free(hp->plan);
	oci_config_free(hp->config);
}
#define cleanup_hook_plan ATTR_CLEANUP(hook_plan_done)

static int load_hooks(struct container *c, struct hook_plan *hp, struct err **err)
{
	struct plan_options opts = {.id = c->id, .again = true, .cow = "off"};
	struct plan_env env = {.caps = &hp->caps, .dir_facts = host_dir_facts};
	int r;

	if (!c->status || !c->status->has_hooks)
		return 0;
	opts.bundle = c->status->bundle;
	r = store_load_config(c, &hp->config, err);
	if (r == 0 && (r = host_probe(&hp->caps)) < 0)
		err_set(err, r, "look at the host");
	return r < 0 ? r : plan_build(hp->config, &opts, &env, &hp->plan, err);
}

/* start */

/* The fifo goes first: whatever happens then, the container is not taken for a created one again. */
static int release(struct container *c, struct err **err)
{
	cleanup_fd int fd = openat(c->dir_fd, "exec.fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	/* ENXIO: nobody has it open for reading, so init is gone. */
	if (fd < 0)
		return lifecycle_check(OP_KILL, STATE_STOPPED, c->id, err);
	if (unlinkat(c->dir_fd, "exec.fifo", 0) < 0)
		return err_set(err, errno, "remove %s/exec.fifo", c->dirname);
	return spawn_release(fd, err);
}

int operation_start(struct container *c, const struct plan *plan, struct err **err)
{
	cleanup_err struct err *why = NULL;
	int r = lifecycle_check(OP_START, lifecycle_state(c), c->id, err);

	if (r == 0)
		r = release(c, err);
	if (r < 0 || !plan)
		return r;
	r = hooks_run(c, plan, PLAN_HOOK_POSTSTART, STATE_RUNNING, c->status->pid, err);
	if (r < 0 && operation_delete(c, plan, &why) < 0)
		log_warning("%s", err_msg(why));
	return r;
}

int container_start(const char *root, const char *id, struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_hook_plan struct hook_plan hp = {0};
	struct notify notify = NOTIFY_INIT;
	int r = store_open(root, id, STORE_LOCK, &c, err);

	if (r == 0)
		r = load_hooks(c, &hp, err);
	if (r == 0)
		r = lifecycle_check(OP_START, lifecycle_state(c), c->id, err);
	if (r == 0)
		r = notify_bind(&notify, c, err);
	if (r == 0)
		r = operation_start(c, hp.plan, err);
	if (r == 0) {
		/* Whoever waits for readiness in vain wants to kill and delete. */
		store_unlock(c);
		r = notify_wait(&notify, c, err);
	}
	notify_done(&notify);
	return r;
}

/* kill */

static int signal_init(struct container *c, int sig, struct err **err)
{
	cleanup_fd int pidfd = -EBADF;
	int r = host_process_open(c->status->pid, c->status->start_time, &pidfd);

	if (r == 0)
		r = host_process_signal(pidfd, sig);
	if (r == -ESRCH)
		return lifecycle_check(OP_KILL, STATE_STOPPED, c->id, err);
	return r < 0 ? err_set(err, r, "signal the container's process %d", (int)c->status->pid)
		     : 0;
}

static int signal_all(struct container *c, int sig, struct err **err)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = cgroup_open(c->status->cgroup_path, &cg, err);

	return r < 0 ? r : cgroup_signal(cg, sig, err);
}

int container_kill(const char *root, const char *id, int sig, bool all, struct err **err)
{
	cleanup_container struct container *c = NULL;
	int r = store_open(root, id, 0, &c, err);

	if (r < 0)
		return r;
	/* After init's end others may live on, if they share a pid namespace with somebody. */
	if (all && c->status && c->status->cgroup_path)
		return signal_all(c, sig, err);
	r = lifecycle_check(OP_KILL, lifecycle_state(c), id, err);
	if (r < 0)
		return r;
	if (all && !(sig == SIGKILL && c->status->private_pidns))
		return err_text(err, ENOTSUP,
				"cannot signal all processes of `%s`: it has no cgroup", id);
	return signal_init(c, sig, err);
}

/* delete */

int operation_delete(struct container *c, const struct plan *plan, struct err **err)
{
	int r = teardown_kill(c, err);

	if (r == 0)
		r = teardown_remove(c, err);
	if (r == 0 && plan)
		hooks_run(c, plan, PLAN_HOOK_POSTSTOP, STATE_STOPPED, 0, NULL);
	return r;
}

int container_delete(const char *root, const char *id, unsigned flags, struct err **err)
{
	bool force = flags & DELETE_FORCE;
	cleanup_container struct container *c = NULL;
	cleanup_hook_plan struct hook_plan hp = {0};
	int r = store_open(root, id, STORE_LOCK, &c, err);

	if (r == -ENOENT && force && !c)
		return 0;
	if (r < 0)
		return r;
	if (c->status && flags & DELETE_DISCARD) {
		c->status->cow_keep = false;
		free(steal_ptr(&c->status->cow_commit_to));
	}
	r = lifecycle_check(force ? OP_DELETE_FORCE : OP_DELETE, lifecycle_state(c), id, err);
	if (r < 0)
		return r;
	/* A damaged copy of config.json must not make a container immortal. */
	r = load_hooks(c, &hp, err);
	if (r < 0 && !force)
		return r;
	if (r < 0)
		log_warning("poststop hooks are not run: %s", err_msg(*err));
	return operation_delete(c, hp.plan, err);
}

/* pause and processes */

int container_pause(const char *root, const char *id, bool pause, struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = store_open(root, id, STORE_LOCK, &c, err);

	if (r == 0)
		r = lifecycle_check(pause ? OP_PAUSE : OP_RESUME, lifecycle_state(c), id, err);
	if (r == 0)
		r = cgroup_open(c->status->cgroup_path, &cg, err);
	return r < 0 ? r : cgroup_freeze(cg, pause, err);
}

static int pid_namespace(pid_t pid, struct stat *ret)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, ret) < 0 ? -errno : 0;
}

/* Without a cgroup: who is in init's pid namespace. */
static int namespace_pids(pid_t init, pid_t **ret, size_t *ret_n, struct err **err)
{
	cleanup_dir DIR *d = opendir("/proc");
	struct stat want, got;
	struct dirent *de;
	pid_t *pids = NULL;
	size_t n = 0;
	int pid;

	if (!d || pid_namespace(init, &want) < 0)
		return err_set(err, errno, "list the processes of the container");
	while ((de = readdir(d))) {
		if (num_parse_int(de->d_name, &pid) < 0 || pid_namespace(pid, &got) < 0 ||
		    got.st_ino != want.st_ino || got.st_dev != want.st_dev)
			continue;
		pids = xreallocarray(pids, n + 1, sizeof(*pids));
		pids[n++] = pid;
	}
	*ret = pids;
	*ret_n = n;
	return 0;
}

int container_pids(const char *root, const char *id, pid_t **ret, size_t *ret_n, struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = store_open(root, id, 0, &c, err);

	if (r == 0)
		r = lifecycle_check(OP_LIST_PIDS, lifecycle_state(c), id, err);
	if (r < 0)
		return r;
	if (!c->status->cgroup_path && c->status->private_pidns)
		return namespace_pids(c->status->pid, ret, ret_n, err);
	r = cgroup_open(c->status->cgroup_path, &cg, err);
	return r < 0 ? r : cgroup_pids(cg, ret, ret_n, err);
}

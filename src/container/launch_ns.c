/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which namespaces a container's process is in: opening, joining, and clone with new ones. */
#include <config.h>

#include "container/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "host/cred.h"
#include "host/ns.h"
#include "host/process.h"
#include "init/sync.h"

static const unsigned long ns_flags[PLAN_NS_COUNT] = {
	[PLAN_NS_USER] = CLONE_NEWUSER,	    [PLAN_NS_MOUNT] = CLONE_NEWNS,
	[PLAN_NS_PID] = CLONE_NEWPID,	    [PLAN_NS_NET] = CLONE_NEWNET,
	[PLAN_NS_IPC] = CLONE_NEWIPC,	    [PLAN_NS_UTS] = CLONE_NEWUTS,
	[PLAN_NS_CGROUP] = CLONE_NEWCGROUP, [PLAN_NS_TIME] = CLONE_NEWTIME,
};

static const char *const ns_files[PLAN_NS_COUNT] = {
	[PLAN_NS_USER] = "user",     [PLAN_NS_MOUNT] = "mnt", [PLAN_NS_PID] = "pid",
	[PLAN_NS_NET] = "net",	     [PLAN_NS_IPC] = "ipc",   [PLAN_NS_UTS] = "uts",
	[PLAN_NS_CGROUP] = "cgroup", [PLAN_NS_TIME] = "time",
};

/* A namespace that a process is in. */
static int open_ns_of(pid_t pid, enum plan_ns_type type, int *ret_fd, struct err **err)
{
	cleanup_free char *path = xasprintf("/proc/%d/ns/%s", (int)pid, ns_files[type]);
	int r = host_open_ns(path, ns_flags[type], ret_fd);

	return r < 0 ? err_set(err, r, "open `%s`", path) : 0;
}

int launch_open_joined(struct launch *l, struct err **err)
{
	for (int i = 0; i < PLAN_NS_COUNT; i++) {
		const struct plan_ns *ns = &l->plan->ns[i];
		int r;

		if (ns->how != PLAN_NS_JOIN)
			continue;
		r = host_open_ns(ns->path, ns_flags[i], &l->ns_fds[i]);
		if (r == -EINVAL)
			return err_text(err, EINVAL, "`%s` is not a %s namespace", ns->path,
					plan_ns_name(i));
		if (r < 0)
			return err_set(err, r, "open the %s namespace `%s`", plan_ns_name(i),
				       ns->path);
	}
	return 0;
}

/* In the child: our ends of everything are closed, then init takes over. */
ATTR_NORETURN static void enter_init(struct launch *l)
{
	close_fd(&l->sync_fd);
	init_run(&l->args);
}

/*
 * The intermediate process: joins what must be joined before the container's init exists (a pid namespace takes in only children; after
 * clone into a new user namespace we could not join others), makes init a child of our parent, reports its pid and ends.
 */
ATTR_NORETURN static void run_middle(struct launch *l, unsigned long clone_flags,
				     int (*join)(struct launch *l, struct err **err))
{
	cleanup_err struct err *err = NULL;
	pid_t pid;

	close_fd(&l->sync_fd);
	if (join(l, &err) < 0) {
		sync_send_err(l->args.sync_fd, err);
		_exit(1);
	}
	pid = host_fork_ns(clone_flags | CLONE_PARENT);
	if (pid == 0)
		init_run(&l->args);
	if (pid < 0) {
		err_set(&err, pid, "clone");
		sync_send_err(l->args.sync_fd, err);
		_exit(1);
	}
	/* #0 -> create */
	sync_send(l->args.sync_fd, SYNC_CLONED, pid, NULL, -EBADF);
	_exit(0);
}

static int through_middle(struct launch *l, unsigned long clone_flags,
			  int (*join)(struct launch *l, struct err **err), struct err **err)
{
	pid_t middle = host_fork_ns(0);
	struct sync_msg msg;
	int r;

	if (middle < 0)
		return err_set(err, middle, "fork");
	if (middle == 0)
		run_middle(l, clone_flags, join);
	close_fd(&l->args.sync_fd);
	r = sync_recv(l->sync_fd, &msg);
	host_reap(middle, NULL);
	if (r < 0)
		return err_set(err, r, "wait for the process that joins namespaces");
	close_fd(&msg.fd);
	if (msg.type == SYNC_ERROR)
		return err_text(err, msg.code, "%s", msg.text);
	if (msg.type != SYNC_CLONED || msg.code <= 0)
		return err_set(err, EBADMSG, "wait for the process that joins namespaces");
	l->spawn.pid = msg.code;
	return 0;
}

/*
 * For a process that others can see in the pid namespace it is about to be in: they must not reach the program of the runtime through /proc/PID/exe,
 * nor our descriptors, also with CAP_SYS_PTRACE in its user namespace (CVE-2016-9962, CVE-2019-5736). Its children inherit it; execve sets it back.
 */
static int hide(struct err **err)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
		       ? err_set(err, errno, "make the process undumpable")
		       : 0;
}

/* Whoever hides a process has to be able to look at its /proc himself, and to write its id maps. */
static bool can_look_at_hidden(void)
{
	struct host_cap_sets caps;

	return host_caps_get(&caps) == 0 && caps.effective & UINT64_C(1) << CAP_SYS_PTRACE;
}

static int join_one(struct launch *l, int type, struct err **err)
{
	int r = host_setns(l->ns_fds[type], ns_flags[type]);

	return r < 0 ? err_set(err, r, "join the %s namespace `%s`", plan_ns_name(type),
			       l->plan->ns[type].path)
		     : 0;
}

/*
 * Namespaces by path. A user namespace takes our privileges over the others away, or gives the only ones there are, depending on who owns
 * them: so each is tried before it and, if that is EPERM, after it. The mount namespace comes last: root and cwd change with it.
 */
static int join_by_path(struct launch *l, struct err **err)
{
	static const int order[] = {PLAN_NS_PID,    PLAN_NS_NET,  PLAN_NS_IPC,	PLAN_NS_UTS,
				    PLAN_NS_CGROUP, PLAN_NS_TIME, PLAN_NS_MOUNT};
	bool has_user = l->ns_fds[PLAN_NS_USER] >= 0;

	if (l->plan->ns[PLAN_NS_PID].how != PLAN_NS_NEW && can_look_at_hidden()) {
		int r = hide(err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int r;

		if (l->ns_fds[order[i]] < 0)
			continue;
		r = join_one(l, order[i], err);
		if (r == 0)
			close_fd(&l->ns_fds[order[i]]);
		else if (r != -EPERM || !has_user)
			return r;
	}
	if (has_user) {
		int r = join_one(l, PLAN_NS_USER, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int r = l->ns_fds[order[i]] < 0 ? 0 : join_one(l, order[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static unsigned long new_flags(const struct plan *plan)
{
	unsigned long flags = 0;

	for (int i = 0; i < PLAN_NS_COUNT; i++)
		if (plan->ns[i].how == PLAN_NS_NEW && !init_makes_ns(plan, i))
			flags |= ns_flags[i];
	return flags;
}

static bool needs_middle(const struct launch *l)
{
	bool joins = false;

	for (int i = 0; i < PLAN_NS_COUNT; i++)
		joins |= l->ns_fds[i] >= 0;
	return l->ns_fds[PLAN_NS_USER] >= 0 || l->ns_fds[PLAN_NS_PID] >= 0 ||
	       (joins && l->plan->ns[PLAN_NS_USER].how == PLAN_NS_NEW);
}

int launch_clone_init(struct launch *l, struct err **err)
{
	unsigned long flags = new_flags(l->plan);
	pid_t pid;

	if (needs_middle(l))
		return through_middle(l, flags, join_by_path, err);
	memcpy(l->args.ns_fds, l->ns_fds, sizeof(l->ns_fds));
	pid = host_fork_ns(flags);
	if (pid < 0)
		return err_set(err, pid, "clone");
	if (pid == 0)
		enter_init(l);
	close_fd(&l->args.sync_fd);
	l->spawn.pid = pid;
	return 0;
}

/* By the path that the plan has: init may not have joined it yet. */
int launch_its_ns(const struct launch *l, enum plan_ns_type type, int *ret_fd, struct err **err)
{
	if (l->plan->ns[type].how == PLAN_NS_INHERIT)
		return 0;
	if (l->ns_fds[type] >= 0) {
		*ret_fd = fcntl(l->ns_fds[type], F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0 ? err_set(err, errno, "duplicate a descriptor") : 0;
	}
	return open_ns_of(l->spawn.pid, type, ret_fd, err);
}

/* exec */

/* A namespace that we are in already must be left out: joining one's own user namespace is EINVAL. */
static bool is_ours(const char *name, int fd)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &ours) == 0 && fstat(fd, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

int launch_open_container(struct launch *l, struct err **err)
{
	for (int i = 0; i < PLAN_NS_COUNT; i++) {
		int r;

		if (l->plan->ns[i].how == PLAN_NS_INHERIT)
			continue;
		r = open_ns_of(l->params->join_pid, i, &l->ns_fds[i], err);
		if (r < 0)
			return r;
		if (is_ours(ns_files[i], l->ns_fds[i]))
			close_fd(&l->ns_fds[i]);
	}
	return 0;
}

static int join_container(struct launch *l, struct err **err)
{
	cleanup_fd int root = -EBADF;
	char path[64];
	int r;

	if (l->plan->ns[PLAN_NS_MOUNT].how == PLAN_NS_INHERIT) {
		snprintf(path, sizeof(path), "/proc/%d/root", (int)l->params->join_pid);
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_set(err, errno, "open `%s`", path);
	}
	/* All of it was opened by number. As long as the process has not been reaped, the number was not another's. */
	if (l->params->join_pidfd >= 0 && host_process_signal(l->params->join_pidfd, 0) == -ESRCH)
		return err_set(err, ESRCH, "the container's process %d", (int)l->params->join_pid);
	r = hide(err);
	if (r < 0)
		return r;
	for (int pass = 0; pass < 2; pass++) {
		/* The user namespace first: it owns the others. Without rights before it, they come after. */
		static const int order[] = {PLAN_NS_USER, PLAN_NS_PID,	PLAN_NS_NET,
					    PLAN_NS_IPC,  PLAN_NS_UTS,	PLAN_NS_CGROUP,
					    PLAN_NS_TIME, PLAN_NS_MOUNT};

		for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
			if (l->ns_fds[order[i]] < 0 || (pass == 0 && order[i] == PLAN_NS_MOUNT))
				continue;
			r = host_setns(l->ns_fds[order[i]], ns_flags[order[i]]);
			if (r < 0)
				return err_set(err, r, "join the %s namespace of the container",
					       plan_ns_name(order[i]));
			close_fd(&l->ns_fds[order[i]]);
		}
	}
	if (root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
		return err_set(err, errno, "enter the container's root");
	return 0;
}

int launch_clone_exec(struct launch *l, struct err **err)
{
	return through_middle(l, 0, join_container, err);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clones the container's processes and leads them through the set-up. Runs in create, run and exec. The child runs init/init.c. What comes
 * back through sync is our own program's, but in exec it shares a pid namespace with the container: messages are checked.
 */
#include <config.h>

#include "container/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "container/idmap.h"
#include "container/net_devices.h"
#include "container/schedule.h"
#include "host/ns.h"
#include "init/init.h"
#include "init/sync.h"
#include "seccomp/profile.h"

static const unsigned long ns_flags[PLAN_NS_COUNT] = {
	[PLAN_NS_USER] = CLONE_NEWUSER,	    [PLAN_NS_MOUNT] = CLONE_NEWNS,
	[PLAN_NS_PID] = CLONE_NEWPID,	    [PLAN_NS_NET] = CLONE_NEWNET,
	[PLAN_NS_IPC] = CLONE_NEWIPC,	    [PLAN_NS_UTS] = CLONE_NEWUTS,
	[PLAN_NS_CGROUP] = CLONE_NEWCGROUP, [PLAN_NS_TIME] = CLONE_NEWTIME,
};

struct launch {
	const struct plan *plan;
	const struct spawn_params *params;
	struct init_args args;
	struct seccomp_profile profile;
	int *idmap_trees;
	int sync_fd; /* our end */
	bool lazy;   /* the live root is still being populated */
	int ns_fds[PLAN_NS_COUNT];
	struct spawn spawn;
};

/* id maps */

static void add_ranges(struct buf *out, const struct plan_id_range *map, size_t n, char between)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%u %u %u%c", map[i].inside, map[i].outside, map[i].count, between);
}

static int write_file(pid_t pid, const char *name, const char *text, size_t len, struct err **err)
{
	cleanup_free char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_set(err, errno, "open `%s`", path);
	n = write(fd, text, len); /* maps take exactly one write */
	if (n < 0)
		return err_set(err, errno, "write to `%s`", path);
	return (size_t)n == len ? 0 : err_set(err, EIO, "write to `%s`", path);
}

static int write_map(pid_t pid, const char *name, const struct plan_id_range *map, size_t n,
		     struct err **err)
{
	cleanup_buf struct buf text = {0};

	add_ranges(&text, map, n, '\n');
	return write_file(pid, name, text.data, text.len, err);
}

static int wait_for(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int run_helper(const char *helper, pid_t pid, const struct plan_id_range *map, size_t n,
		      struct err **err)
{
	cleanup_strv char **argv = NULL;
	static char *const no_env[] = {NULL};
	int status;
	pid_t child;

	strv_add(&argv, helper);
	strv_take(&argv, xasprintf("%d", (int)pid));
	for (size_t i = 0; i < n; i++) {
		strv_take(&argv, xasprintf("%u", map[i].inside));
		strv_take(&argv, xasprintf("%u", map[i].outside));
		strv_take(&argv, xasprintf("%u", map[i].count));
	}
	child = host_fork_ns(0);
	if (child < 0)
		return err_set(err, child, "fork");
	if (child == 0) {
		/* Its messages belong on our stderr; stdin and stdout are the container's. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execve(helper, argv, no_env);
		_exit(127);
	}
	if (wait_for(child, &status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_text(err, EPERM, "`%s` could not write the id map (exit status %d)",
				helper, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

int spawn_write_id_maps(pid_t pid, const struct plan_ids *ids, struct err **err)
{
	int r = 0;

	switch (ids->how) {
	case PLAN_MAP_NONE:
		return 0;
	case PLAN_MAP_HELPER:
		r = run_helper(ids->newuidmap, pid, ids->uids, ids->n_uids, err);
		return r < 0 ? r : run_helper(ids->newgidmap, pid, ids->gids, ids->n_gids, err);
	case PLAN_MAP_SELF:
		/* The kernel wants this before an unprivileged gid_map (CVE-2014-8989). */
		r = write_file(pid, "setgroups", "deny", 4, err);
		if (r < 0)
			return r;
		break;
	case PLAN_MAP_DIRECT:
		break;
	}
	r = write_map(pid, "gid_map", ids->gids, ids->n_gids, err);
	return r < 0 ? r : write_map(pid, "uid_map", ids->uids, ids->n_uids, err);
}

/* preparation, before anything is cloned */

static void launch_done(struct launch *l)
{
	for (int i = 0; i < PLAN_NS_COUNT; i++)
		close_fd(&l->ns_fds[i]);
	close_fd(&l->sync_fd);
	close_fd(&l->args.sync_fd);
	close_fd(&l->args.console_fd);
	close_fd(&l->spawn.userns_fd);
	close_fd(&l->spawn.netns_fd);
	seccomp_profile_done(&l->profile);
	idmap_done(l->idmap_trees, l->plan->n_mounts);
}

/*
 * What our caller passed to us has survived an execve; a close-on-exec descriptor of that number is one of our own (state directory, log), and
 * must not get into the container in place of one that the caller did not open.
 */
static int check_preserved(unsigned n, struct err **err)
{
	for (unsigned fd = 3; fd < 3 + n; fd++) {
		int flags = fcntl((int)fd, F_GETFD);

		if (flags < 0 || (flags & FD_CLOEXEC))
			return err_set(err, EBADF, "the file descriptor %u to preserve", fd);
	}
	return 0;
}

static int set_filter(struct launch *l, struct err **err)
{
	const struct plan *plan = l->plan;
	int r = 0;

	if (plan->seccomp && plan->seccomp_strict)
		r = seccomp_profile_check_names(plan->seccomp, err);
	if (r == 0 && plan->seccomp)
		r = seccomp_profile_compile(plan->seccomp, &l->profile, err);
	l->args.filter = l->profile.insns;
	l->args.filter_len = l->profile.len;
	l->args.filter_flags = l->profile.flags;
	if (plan->seccomp_raw) {
		l->args.filter = plan->seccomp_raw;
		l->args.filter_len = plan->seccomp_raw_len;
		l->args.filter_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	}
	return r;
}

static int launch_init(struct launch *l, const struct plan *plan, const struct spawn_params *params,
		       bool exec, struct err **err)
{
	int pair[2], r;

	*l = (struct launch){
		.plan = plan, .params = params, .sync_fd = -EBADF, .lazy = plan->cow.lazy};
	l->spawn = (struct spawn){.console_fd = -EBADF, .userns_fd = -EBADF, .netns_fd = -EBADF};
	l->args = (struct init_args){
		.plan = plan,
		.exec = exec,
		.sync_fd = -EBADF,
		.fifo_fd = exec ? -EBADF : params->exec_fifo_fd,
		.console_fd = -EBADF,
		.console_return = params->console_return,
		.preserve_fds = params->preserve_fds,
		.listen_fds = params->listen_fds,
		.hooks = params->ops ? params->ops->container_hooks : NULL,
		.hooks_arg = params->arg,
	};
	for (int i = 0; i < PLAN_NS_COUNT; i++)
		l->ns_fds[i] = l->args.ns_fds[i] = -EBADF;
	r = check_preserved(params->preserve_fds, err);
	if (r < 0)
		return r;
	if (plan->has_process && plan->process.terminal && params->console_socket) {
		r = fd_connect_unix(params->console_socket, &l->args.console_fd);
		if (r < 0)
			return err_set(err, r, "connect to the console socket `%s`",
				       params->console_socket);
	}
	r = set_filter(l, err);
	if (r < 0)
		return r;
	r = fd_socketpair(pair);
	if (r < 0)
		return err_set(err, r, "make a socket pair");
	l->sync_fd = pair[0];
	l->args.sync_fd = pair[1];
	return 0;
}

static int open_joined(struct launch *l, struct err **err)
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

/* cloning */

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
	int status, r;

	if (middle < 0)
		return err_set(err, middle, "fork");
	if (middle == 0)
		run_middle(l, clone_flags, join);
	close_fd(&l->args.sync_fd);
	r = sync_recv(l->sync_fd, &msg);
	wait_for(middle, &status);
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

static int clone_init(struct launch *l, struct err **err)
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

/* the caller's side of the conversation */

/* A namespace of init's that is not the caller's, or -EBADF. By path: init may not have joined it yet. */
static int open_its_ns(const struct launch *l, enum plan_ns_type type, const char *file,
		       int *ret_fd, struct err **err)
{
	cleanup_free char *path = NULL;
	int r;

	if (l->plan->ns[type].how == PLAN_NS_INHERIT)
		return 0;
	if (l->ns_fds[type] >= 0) {
		*ret_fd = fcntl(l->ns_fds[type], F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0 ? err_set(err, errno, "duplicate a descriptor") : 0;
	}
	path = xasprintf("/proc/%d/ns/%s", (int)l->spawn.pid, file);
	r = host_open_ns(path, ns_flags[type], ret_fd);
	return r < 0 ? err_set(err, r, "open `%s`", path) : 0;
}

static int move_net_devices(struct launch *l, struct err **err)
{
	return l->plan->n_net_devices ? net_devices_move(l->plan, l->spawn.netns_fd, err) : 0;
}

static int join_cgroup(struct launch *l, struct err **err)
{
	const struct spawn_ops *ops = l->params->ops;
	int r = schedule_before_cgroup(l->plan, l->args.exec, l->spawn.pid, err);

	if (r == 0 && ops && ops->join_cgroup)
		r = ops->join_cgroup(l->params->arg, l->spawn.pid, err);
	return r < 0 ? r : schedule_in_cgroup(l->plan, l->args.exec, l->spawn.pid, err);
}

/* The kernel lets whoever moves a process to a cgroup wait for milliseconds (cgroup_threadgroup_rwsem, RCU): the live root is made meanwhile. */
static int prepare_init(struct launch *l, struct err **err)
{
	const struct spawn_ops *ops = l->params->ops;
	void *arg = l->params->arg;
	int r = ops && ops->cloned ? ops->cloned(arg, &l->spawn, err) : 0;

	if (r == 0)
		r = spawn_write_id_maps(l->spawn.pid, &l->plan->ids, err);
	if (r == 0)
		r = open_its_ns(l, PLAN_NS_USER, "user", &l->spawn.userns_fd, err);
	if (r == 0)
		r = open_its_ns(l, PLAN_NS_NET, "net", &l->spawn.netns_fd, err);
	if (r == 0 && ops && ops->begin_root)
		r = ops->begin_root(arg, &l->spawn, err);
	if (r == 0)
		r = join_cgroup(l, err);
	if (r == 0)
		r = move_net_devices(l, err);
	if (r == 0 && ops && ops->finish_root)
		r = ops->finish_root(arg, &l->lazy, err);
	return r;
}

/* #1 */
static int release_init(struct launch *l, struct err **err)
{
	int r = host_start_time(l->spawn.pid, &l->spawn.start_time);

	if (r < 0)
		return err_set(err, r, "read the start time of the container's process");
	r = l->args.exec ? join_cgroup(l, err) : prepare_init(l, err);
	if (r < 0)
		return r;
	r = sync_send(l->sync_fd, SYNC_MAPPED, l->lazy, NULL, -EBADF);
	return r < 0 ? err_set(err, r, "release the container's process") : 0;
}

static int answer(struct launch *l, enum sync_type type, struct err **err)
{
	int r = sync_send(l->sync_fd, type, 0, NULL, -EBADF);

	return r < 0 ? err_set(err, r, "answer the container's process") : 0;
}

/* #2, #3 */
static int serve_mounted(struct launch *l, struct err **err)
{
	const struct spawn_ops *ops = l->params->ops;
	int r = ops && ops->runtime_hooks ? ops->runtime_hooks(l->params->arg, &l->spawn, err) : 0;

	return r < 0 ? r : answer(l, SYNC_HOOKED, err);
}

/* #4, #5 */
static int serve_listener(struct launch *l, int fd, struct err **err)
{
	const struct spawn_ops *ops = l->params->ops;
	int r;

	if (!l->plan->notify || fd < 0 || !ops || !ops->add_listener)
		return err_set(err, EBADMSG, "a seccomp listener that was not asked for");
	r = ops->add_listener(l->params->arg, fd, err);
	return r < 0 ? r : answer(l, SYNC_SERVED, err);
}

/* #4a, #5 */
static int serve_agent(struct launch *l, int fd, struct err **err)
{
	const struct spawn_ops *ops = l->params->ops;
	int r;

	if (!l->plan->seccomp_agent || fd < 0 || !ops || !ops->send_agent)
		return err_set(err, EBADMSG, "a seccomp listener that was not asked for");
	r = ops->send_agent(l->params->arg, fd, l->spawn.pid, err);
	return r < 0 ? r : answer(l, SYNC_SERVED, err);
}

/* 0: go on, 1: ready. */
static int serve_message(struct launch *l, struct sync_msg *msg, struct err **err)
{
	switch (msg->type) {
	case SYNC_WARNING:
		log_warning("%s", msg->text);
		return 0;
	case SYNC_MOUNTED:
		return serve_mounted(l, err);
	case SYNC_CONSOLE:
		if (msg->fd < 0 || l->spawn.console_fd >= 0)
			break;
		l->spawn.console_fd = steal_fd(&msg->fd);
		return 0;
	case SYNC_LISTENER:
		return serve_listener(l, msg->fd, err);
	case SYNC_AGENT:
		return serve_agent(l, msg->fd, err);
	case SYNC_READY:
		return 1;
	case SYNC_ERROR:
		return err_text(err, msg->code, "%s", msg->text);
	default:
		break;
	}
	return err_set(err, EBADMSG, "set-up message %d", msg->type);
}

static int serve_until_ready(struct launch *l, struct err **err)
{
	for (;;) {
		struct sync_msg msg;
		int r = sync_recv(l->sync_fd, &msg);

		if (r < 0)
			return err_set(err, r, "the container's process ended during its set-up");
		r = serve_message(l, &msg, err);
		close_fd(&msg.fd);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

/* Not parked: end of file says that execve has closed its end. */
static int wait_for_exec(struct launch *l, struct err **err)
{
	struct sync_msg msg;
	int r = sync_recv(l->sync_fd, &msg);

	if (r == -ECONNRESET)
		return 0;
	if (r < 0)
		return err_set(err, r, "wait for execve");
	close_fd(&msg.fd);
	if (msg.type == SYNC_ERROR)
		return err_text(err, msg.code, "%s", msg.text);
	return err_set(err, EBADMSG, "wait for execve");
}

static void kill_and_reap(pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	wait_for(pid, &status);
}

static int lead_through(struct launch *l, struct err **err)
{
	int r = release_init(l, err);

	if (r < 0 || (r = serve_until_ready(l, err)) < 0)
		return r;
	return l->args.fifo_fd >= 0 ? 0 : wait_for_exec(l, err);
}

static int finish(struct launch *l, int r, struct spawn *ret)
{
	if (r < 0) {
		kill_and_reap(l->spawn.pid);
		close_fd(&l->spawn.console_fd);
	} else {
		*ret = l->spawn;
		ret->userns_fd = ret->netns_fd = -EBADF;
	}
	launch_done(l);
	return r;
}

static int check_fifo(int fd, struct err **err)
{
	int flags = fd < 0 ? O_RDWR : fcntl(fd, F_GETFL);

	if (flags < 0)
		return err_set(err, errno, "look at the exec fifo");
	return (flags & O_ACCMODE) == O_RDWR
		       ? 0
		       : err_text(err, EINVAL, "the exec fifo must be open for both");
}

int spawn_init(const struct plan *plan, const struct spawn_params *params, struct spawn *ret,
	       struct err **err)
{
	struct launch l;
	int r = launch_init(&l, plan, params, false, err);

	if (r == 0)
		r = check_fifo(params->exec_fifo_fd, err);
	if (r == 0)
		r = idmap_trees(plan, &l.idmap_trees, err);
	l.args.idmap_trees = l.idmap_trees;
	if (r == 0)
		r = open_joined(&l, err);
	if (r == 0)
		r = clone_init(&l, err);
	if (r == 0)
		r = lead_through(&l, err);
	return finish(&l, r, ret);
}

/* exec */

static const char *proc_file(char *buf, size_t size, pid_t pid, const char *name)
{
	snprintf(buf, size, "/proc/%d/%s", (int)pid, name);
	return buf;
}

/* A namespace that we are in already must be left out: joining one's own user namespace is EINVAL. */
static bool is_ours(const char *name, int fd)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &ours) == 0 && fstat(fd, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

static const char *const ns_files[PLAN_NS_COUNT] = {
	[PLAN_NS_USER] = "user",     [PLAN_NS_MOUNT] = "mnt", [PLAN_NS_PID] = "pid",
	[PLAN_NS_NET] = "net",	     [PLAN_NS_IPC] = "ipc",   [PLAN_NS_UTS] = "uts",
	[PLAN_NS_CGROUP] = "cgroup", [PLAN_NS_TIME] = "time",
};

static int open_container_namespaces(struct launch *l, struct err **err)
{
	for (int i = 0; i < PLAN_NS_COUNT; i++) {
		char name[32], path[64];
		int r;

		if (l->plan->ns[i].how == PLAN_NS_INHERIT)
			continue;
		snprintf(name, sizeof(name), "ns/%s", ns_files[i]);
		proc_file(path, sizeof(path), l->params->join_pid, name);
		r = host_open_ns(path, ns_flags[i], &l->ns_fds[i]);
		if (r < 0)
			return err_set(err, r, "open `%s`", path);
		if (is_ours(ns_files[i], l->ns_fds[i]))
			close_fd(&l->ns_fds[i]);
	}
	return 0;
}

static int join_container(struct launch *l, struct err **err)
{
	cleanup_fd int root = -EBADF;
	char path[64];

	if (l->plan->ns[PLAN_NS_MOUNT].how == PLAN_NS_INHERIT) {
		root = open(proc_file(path, sizeof(path), l->params->join_pid, "root"),
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_set(err, errno, "open `%s`", path);
	}
	/*
	 * From here on processes of the container may see us, or soon our child: without this they could reach the program of the runtime
	 * through /proc/PID/exe, and our descriptors (CVE-2016-9962, CVE-2019-5736). execve sets it back.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(err, errno, "make the process undumpable");
	for (int pass = 0; pass < 2; pass++) {
		/* The user namespace first: it owns the others. Without rights before it, they come after. */
		static const int order[] = {PLAN_NS_USER, PLAN_NS_PID,	PLAN_NS_NET,
					    PLAN_NS_IPC,  PLAN_NS_UTS,	PLAN_NS_CGROUP,
					    PLAN_NS_TIME, PLAN_NS_MOUNT};

		for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
			int r;

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

int spawn_exec(const struct plan *plan, const struct spawn_params *params, struct spawn *ret,
	       struct err **err)
{
	struct launch l;
	int r = launch_init(&l, plan, params, true, err);

	if (r == 0)
		r = open_container_namespaces(&l, err);
	if (r == 0)
		r = through_middle(&l, 0, join_container, err);
	if (r == 0)
		r = lead_through(&l, err);
	return finish(&l, r, ret);
}

int spawn_release(int fifo_fd, struct err **err)
{
	int r = fd_write_all(fifo_fd, "0", 1);

	return r < 0 ? err_set(err, r, "write to the exec fifo") : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leads a new process of a container through its set-up (launch_ns.c clones it). Runs in create, run and exec. The child runs init/init.c. What comes
 * back through sync is our own program's, but in exec it shares a pid namespace with the container: messages are checked.
 */
#include <config.h>

#include "container/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/idmap.h"
#include "container/net_devices.h"
#include "container/schedule.h"
#include "container/userns_maps.h"
#include "host/ns.h"
#include "host/process.h"
#include "init/init.h"
#include "init/sync.h"
#include "seccomp/profile.h"

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

/* the caller's side of the conversation */

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
		r = userns_write_maps(l->spawn.pid, &l->plan->ids, err);
	if (r == 0)
		r = launch_its_ns(l, PLAN_NS_USER, &l->spawn.userns_fd, err);
	if (r == 0)
		r = launch_its_ns(l, PLAN_NS_NET, &l->spawn.netns_fd, err);
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
	int r = host_process_start_time(l->spawn.pid, &l->spawn.start_time);

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
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	host_reap(pid, NULL);
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
		r = launch_open_joined(&l, err);
	if (r == 0)
		r = launch_clone_init(&l, err);
	if (r == 0)
		r = lead_through(&l, err);
	return finish(&l, r, ret);
}

int spawn_exec(const struct plan *plan, const struct spawn_params *params, struct spawn *ret,
	       struct err **err)
{
	struct launch l;
	int r = launch_init(&l, plan, params, true, err);

	if (r == 0)
		r = launch_open_container(&l, err);
	if (r == 0)
		r = launch_clone_exec(&l, err);
	if (r == 0)
		r = lead_through(&l, err);
	return finish(&l, r, ret);
}

int spawn_release(int fifo_fd, struct err **err)
{
	int r = fd_write_all(fifo_fd, "0", 1);

	return r < 0 ? err_set(err, r, "write to the exec fifo") : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: one more process in a running container, with everything that confines its init. Runs in the command. The process comes from a
 * file of the caller's or from the container's own copy of config.json.
 */
#include <config.h>

#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "container/agent.h"
#include "container/foreground.h"
#include "container/intel_rdt.h"
#include "container/lifecycle.h"
#include "container/pid_file.h"
#include "container/spawn.h"
#include "container/store.h"
#include "host/process.h"
#include "libocispec/oci_config.h"
#include "supervisor/supervisor.h"

#define PROCESS_MAX (8u << 20)

struct exec {
	const struct exec_params *p;
	struct container *c;
	struct oci_config *config;
	struct oci_process *file; /* --process, or NULL */
	struct oci_process
		process; /* what will run; borrows from the two above and from the lists below */
	struct oci_user user;
	struct oci_capabilities caps;
	uint32_t *groups;
	char **env;
	char **cap_lists[5];
	struct cgroup *cg;
	pid_t warm_up; /* see cgroup_warm_up() */
	struct plan *plan;
	struct host_caps host; /* the plan borrows from it */
	int init_pidfd;
	pid_t pid; /* of the new process, as soon as there is one */
	struct spawn spawn;
};

static void exec_done(struct exec *ex)
{
	cgroup_warm_up_end(&ex->warm_up);
	plan_free(ex->plan);
	cgroup_free(ex->cg);
	oci_process_free(ex->file);
	oci_config_free(ex->config);
	store_close(ex->c);
	strv_free(ex->env);
	free(ex->groups);
	for (size_t i = 0; i < ARRAY_SIZE(ex->cap_lists); i++)
		strv_free(ex->cap_lists[i]);
	close_fd(&ex->init_pidfd);
	close_fd(&ex->spawn.console_fd);
}

/* process */

/* What holds the container's first process also holds one that says nothing about it: engines write process files without these. */
static void inherit_confinement(struct exec *ex)
{
	const struct oci_process *base = ex->config->process;
	struct oci_process *p = &ex->process;

	if (!p->apparmor_profile)
		p->apparmor_profile = base->apparmor_profile;
	if (!p->selinux_label)
		p->selinux_label = base->selinux_label;
	if (!p->landlock)
		p->landlock = base->landlock;
}

static int read_process(struct exec *ex, struct err **err)
{
	const char *path = ex->p->process;
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_buf struct buf text = {0};
	struct oci_err where;
	char shown[1024];
	int r = fd < 0 ? -errno : fd_read_to_buf(fd, PROCESS_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", path);
	r = oci_process_parse(text.data ? text.data : "", text.len, &ex->file, &where);
	if (r < 0)
		return err_text(err, EINVAL, "%s",
				oci_err_format(&where, path, shown, sizeof(shown)));
	ex->process = *ex->file;
	inherit_confinement(ex);
	/* as crun and runc */
	if (!ex->process.capabilities)
		ex->process.capabilities = ex->config->process->capabilities;
	if (ex->p->has_tty)
		ex->process.terminal = ex->p->tty;
	return 0;
}

static void add_groups(struct exec *ex)
{
	const struct exec_params *p = ex->p;
	size_t n = ex->user.n_additional_gids;

	if (p->n_groups == 0)
		return;
	ex->groups = xcalloc(n + p->n_groups, sizeof(*ex->groups));
	if (n)
		memcpy(ex->groups, ex->user.additional_gids, n * sizeof(*ex->groups));
	memcpy(ex->groups + n, p->groups, p->n_groups * sizeof(*ex->groups));
	ex->user.additional_gids = ex->groups;
	ex->user.n_additional_gids = n + p->n_groups;
	ex->process.user = &ex->user;
}

/* UID[:GID]; names would have to be looked up in files of the container. */
static int set_user(struct exec *ex, struct err **err)
{
	cleanup_free char *text = xstrdup(ex->p->user);
	char *gid = strchr(text, ':');

	if (gid)
		*gid++ = '\0';
	if (num_parse_u32(text, &ex->user.uid) < 0 || ex->user.uid == UINT32_MAX ||
	    (gid && (num_parse_u32(gid, &ex->user.gid) < 0 || ex->user.gid == UINT32_MAX)))
		return err_text(err, EINVAL, "--user must be UID[:GID], not `%s`", ex->p->user);
	ex->process.user = &ex->user;
	return 0;
}

static void set_caps(struct exec *ex)
{
	struct oci_capabilities *to = &ex->caps;
	/* Inheritable stays: it does not come with --cap in crun either. */
	char ***lists[] = {&to->bounding, &to->effective, &to->permitted, &to->ambient};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		ex->cap_lists[i] = *lists[i] ? strv_dup(*lists[i]) : NULL;
		for (char *const *cap = ex->p->caps; *cap; cap++)
			strv_add(&ex->cap_lists[i], *cap);
		*lists[i] = ex->cap_lists[i];
	}
	ex->process.capabilities = to;
}

/* As crun: user, capabilities, environment and labels are those of the container's process; limits and oom score are not. */
static int inherit_process(struct exec *ex, struct err **err)
{
	const struct exec_params *p = ex->p;
	const struct oci_process *base = ex->config->process;
	struct oci_process *proc = &ex->process;

	if (!p->args || !p->args[0])
		return err_text(err, EINVAL, "exec needs a command or --process");
	*proc = (struct oci_process){
		.terminal = p->tty,
		.user = base->user,
		.args = (char **)p->args,
		.cwd = p->cwd ? p->cwd : "/",
		.capabilities = base->capabilities,
		.no_new_privileges = base->no_new_privileges || p->no_new_privs,
		.apparmor_profile = p->apparmor ? p->apparmor : base->apparmor_profile,
		.selinux_label = p->process_label ? p->process_label : base->selinux_label,
		.landlock = base->landlock,
		.exec_cpu_affinity = base->exec_cpu_affinity,
	};
	ex->env = strv_dup(base->env);
	for (char *const *e = p->env; e && *e; e++)
		strv_add(&ex->env, *e);
	proc->env = ex->env;
	if (base->user)
		ex->user = *base->user;
	if (base->capabilities)
		ex->caps = *base->capabilities;
	if (p->caps)
		set_caps(ex);
	add_groups(ex);
	return p->user ? set_user(ex, err) : 0;
}

static int build_plan(struct exec *ex, struct err **err)
{
	const struct exec_params *p = ex->p;
	struct plan_options opts = {
		.id = p->id,
		.bundle = ex->c->status->bundle,
		.again = true,
		.cow = ex->c->status->cow_dir ? "on" : "off",
		/* Once everything is there, a process needs no eye on its paths. */
		.cow_lazy =
			ex->c->status->cow_lazy && supervisor_wait_populated(ex->c->dir_fd) != 0,
	};
	struct plan_env env = {.caps = &ex->host, .dir_facts = host_dir_facts};
	int r = host_probe(&ex->host);

	if (r < 0)
		return err_set(err, r, "look at the host");
	r = plan_build_exec(ex->config, &ex->process, &opts, &env, &ex->plan, err);
	if (r < 0)
		return r;
	for (char **w = ex->plan->warnings; w && *w; w++)
		log_warning("%s", *w);
	if (ex->process.terminal && p->detach && !p->console_socket)
		return err_text(err, EINVAL,
				"use --console-socket with --detach when a terminal is used");
	if (!ex->process.terminal && p->console_socket)
		return err_text(err, EINVAL, "--console-socket needs a terminal (--tty)");
	return 0;
}

static int prepare(struct exec *ex, struct err **err)
{
	const struct exec_params *p = ex->p;
	int r = store_open(p->root, p->id, 0, &ex->c, err);

	if (r == 0)
		r = lifecycle_check(p->ignore_paused ? OP_EXEC_PAUSED : OP_EXEC,
				    lifecycle_state(ex->c), p->id, err);
	if (r == 0)
		r = store_load_config(ex->c, &ex->config, err);
	if (r == 0)
		r = p->process ? read_process(ex, err) : inherit_process(ex, err);
	if (r == 0)
		r = build_plan(ex, err);
	if (r == 0)
		r = cgroup_open(ex->c->status->cgroup_path, &ex->cg, err);
	if (r < 0)
		return r;
	if (cgroup_path(ex->cg))
		ex->warm_up = cgroup_warm_up();
	r = host_process_open(ex->c->status->pid, ex->c->status->start_time, &ex->init_pidfd);
	if (r == -ESRCH)
		return lifecycle_check(OP_EXEC, STATE_STOPPED, p->id, err);
	return r < 0 ? err_set(err, r, "open the container's process") : 0;
}

/* barriers of spawn */

static int op_join_cgroup(void *arg, pid_t pid, struct err **err)
{
	struct exec *ex = arg;
	int r;

	ex->pid = pid;
	cgroup_warm_up_end(&ex->warm_up);
	r = cgroup_join_exec(ex->cg, ex->p->cgroups, ex->c->status->pid, pid, err);
	return r < 0 ? r : intel_rdt_add(ex->c->status, pid, err);
}

static int op_add_listener(void *arg, int listener_fd, struct err **err)
{
	struct exec *ex = arg;

	return supervisor_add_listener(ex->c->dir_fd, listener_fd, err);
}

static int op_send_agent(void *arg, int listener_fd, pid_t pid, struct err **err)
{
	struct exec *ex = arg;

	return agent_send(ex->c, ex->plan, STATE_RUNNING, pid, listener_fd, err);
}

static const struct spawn_ops ops = {
	.join_cgroup = op_join_cgroup,
	.add_listener = op_add_listener,
	.send_agent = op_send_agent,
};

static int start(struct exec *ex, struct err **err)
{
	const struct exec_params *p = ex->p;
	struct spawn_params params = {
		.ops = &ops,
		.arg = ex,
		.exec_fifo_fd = -EBADF,
		.console_socket = p->console_socket,
		.console_return = ex->process.terminal && !p->console_socket,
		.preserve_fds = p->preserve_fds,
		.join_pidfd = ex->init_pidfd,
		.join_pid = ex->c->status->pid,
	};
	int r;

	pid_file_listen_fds(&params.preserve_fds, &params.listen_fds);
	r = spawn_exec(ex->plan, &params, &ex->spawn, err);
	if (r == 0 && p->pidfd_socket)
		r = pid_file_send_pidfd(p->pidfd_socket, ex->spawn.pid, ex->spawn.start_time, err);
	return r == 0 && p->pid_file ? pid_file_write(p->pid_file, ex->spawn.pid, err) : r;
}

int container_exec(const struct exec_params *p, int *ret_status, struct err **err)
{
	struct exec ex = {.p = p,
			  .init_pidfd = -EBADF,
			  .spawn = {.console_fd = -EBADF, .userns_fd = -EBADF, .netns_fd = -EBADF}};
	struct foreground fg = {.signal_fd = -EBADF};
	int r = prepare(&ex, err);

	if (r == 0 && !p->detach)
		r = foreground_prepare(true, &fg, err);
	if (r == 0)
		r = start(&ex, err);
	if (r == 0)
		*ret_status = 0;
	if (r == 0 && !p->detach)
		r = foreground_wait(&fg, ex.spawn.pid, ex.spawn.console_fd, ret_status, err);
	close_fd(&fg.signal_fd);
	exec_done(&ex);
	return r;
}

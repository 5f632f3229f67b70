/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First steps: descriptors of everything outside, namespaces, ids, names. Runs in init, in the caller's mount view. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "host/cgroup_lines.h"
#include "host/ns.h"
#include "host/sched.h"

int step_begin(struct init_ctx *ctx, struct err **err)
{
	sigset_t none;

	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_set(err, errno, "reset the signal mask");
	/* An ignored signal survives execve. SIGKILL, SIGSTOP and the C library's own refuse, rightly. */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	ctx->umask = umask(0);
	if (ctx->plan->has_personality && personality(ctx->plan->personality) < 0)
		return err_set(err, errno, "set the personality");
	return 0;
}

int step_memory_policy(struct init_ctx *ctx, struct err **err)
{
	const struct plan_memory_policy *m = &ctx->plan->memory_policy;
	int r = m->set ? host_mempolicy_set(m->mode, m->flags, m->nodes.words, m->nodes.n_bits) : 0;

	if (r == -ENOSYS)
		return err_text(err, ENOTSUP,
				"linux.memoryPolicy: this kernel has no memory policies (NUMA)");
	return r < 0 ? err_set(err, r, "linux.memoryPolicy: set the memory policy") : 0;
}

static int open_source(const struct plan_mount *m, int *ret_fd, struct err **err)
{
	int nofollow = m->src_nofollow || m->copy_symlink ? O_NOFOLLOW : 0;
	int fd = open(m->source, O_PATH | O_CLOEXEC | nofollow);

	if (fd < 0)
		return err_set(err, errno, "mount `%s` to `%s`", m->source, m->dest);
	*ret_fd = fd;
	return 0;
}

/*
 * With a new user namespace we still have the caller's ids here, so directories that only the caller may search do no harm; later, as
 * the container's root, we might not get there.
 */
int step_open_sources(struct init_ctx *ctx, struct err **err)
{
	const struct plan *plan = ctx->plan;

	ctx->root_fd = open(plan->rootfs.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ctx->root_fd < 0)
		return err_set(err, errno, "open the rootfs `%s`", plan->rootfs.path);
	ctx->source_fds = xcalloc(plan->n_mounts + 1, sizeof(int));
	for (size_t i = 0; i < plan->n_mounts; i++) {
		int r = 0;

		ctx->source_fds[i] = -EBADF;
		if (plan->mounts[i].idmap)
			ctx->source_fds[i] = ctx->args->idmap_trees[i];
		else if (plan->mounts[i].kind == PLAN_MOUNT_BIND)
			r = open_source(&plan->mounts[i], &ctx->source_fds[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const unsigned long ns_flags[PLAN_NS_COUNT] = {
	[PLAN_NS_USER] = CLONE_NEWUSER,	    [PLAN_NS_MOUNT] = CLONE_NEWNS,
	[PLAN_NS_PID] = CLONE_NEWPID,	    [PLAN_NS_NET] = CLONE_NEWNET,
	[PLAN_NS_IPC] = CLONE_NEWIPC,	    [PLAN_NS_UTS] = CLONE_NEWUTS,
	[PLAN_NS_CGROUP] = CLONE_NEWCGROUP, [PLAN_NS_TIME] = CLONE_NEWTIME,
};

int step_join_namespaces(struct init_ctx *ctx, struct err **err)
{
	/* The mount namespace last: joining it changes root and working directory. */
	static const enum plan_ns_type order[] = {
		PLAN_NS_NET, PLAN_NS_IPC, PLAN_NS_UTS, PLAN_NS_CGROUP, PLAN_NS_TIME, PLAN_NS_MOUNT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int fd = ctx->args->ns_fds[order[i]];
		int r = fd < 0 ? 0 : host_setns(fd, ns_flags[order[i]]);

		if (r < 0)
			return err_set(err, r, "join the %s namespace `%s`", plan_ns_name(order[i]),
				       ctx->plan->ns[order[i]].path);
	}
	return 0;
}

int step_become_root(struct init_ctx *ctx, struct err **err)
{
	const struct plan_ids *ids = &ctx->plan->ids;

	if (ctx->plan->ns[PLAN_NS_USER].how == PLAN_NS_INHERIT)
		return 0;
	/* Groups of the host must not leak in. Where setgroups is denied the kernel will not let us drop them. */
	if (ids->how != PLAN_MAP_SELF && !ctx->plan->process.keep_groups &&
	    setgroups(0, NULL) < 0 && errno != EPERM)
		return err_set(err, errno, "setgroups");
	if (setresgid(0, 0, 0) < 0)
		return err_set(err, errno, "become group 0 of the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return err_set(err, errno, "become user 0 of the user namespace");
	return 0;
}

int step_session(struct init_ctx *ctx, struct err **err)
{
	int r;

	/* EPERM: we are a session leader already (spawn made us a process of our own, so only after exec of a leader). */
	if (setsid() < 0 && errno != EPERM)
		return err_set(err, errno, "setsid");
	if (!ctx->plan->new_keyring)
		return 0;
	r = host_new_keyring(ctx->plan->id);
	return r < 0 ? err_set(err, r, "create keyring `%s`", ctx->plan->id) : 0;
}

static int write_time_offset(int fd, const char *clock, const struct plan_time_offset *o,
			     struct err **err)
{
	char line[96];
	int r;

	if (!o->set)
		return 0;
	snprintf(line, sizeof(line), "%s %lld %u\n", clock, (long long)o->secs, o->nanosecs);
	r = fd_write_all(fd, line, strlen(line));
	return r < 0 ? err_set(err, r, "write the %s offset of the time namespace", clock) : 0;
}

/* A task enters its new time namespace at execve only since Linux 6.1. */
static bool exec_enters_time_ns(void)
{
	struct utsname u;
	int major, minor;

	return uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 1));
}

static int new_time_ns(struct init_ctx *ctx, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (!exec_enters_time_ns())
		return err_text(err, ENOTSUP, "a new time namespace needs Linux 6.1");
	if (unshare(CLONE_NEWTIME) < 0)
		return err_set(err, errno, "make a time namespace");
	if (!ctx->plan->monotonic.set && !ctx->plan->boottime.set)
		return 0;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open /proc/self/timens_offsets");
	r = write_time_offset(fd, "monotonic", &ctx->plan->monotonic, err);
	return r < 0 ? r : write_time_offset(fd, "boottime", &ctx->plan->boottime, err);
}

static void read_own_cgroup(struct init_ctx *ctx)
{
	cleanup_buf struct buf text = {0};

	if (host_cgroup_text(0, &text) == 0)
		ctx->cgroup_text = buf_steal(&text);
}

/*
 * A cgroup namespace is rooted at the cgroup we have been moved to only now, a time namespace is for our children, and the message queues of an ipc
 * namespace belong to whoever makes it, which has to be the container's root.
 */
bool init_makes_ns(const struct plan *plan, enum plan_ns_type type)
{
	return type == PLAN_NS_CGROUP || type == PLAN_NS_TIME ||
	       (type == PLAN_NS_IPC && plan->ns[PLAN_NS_USER].how != PLAN_NS_INHERIT);
}

static bool is_to_make(const struct plan *plan, enum plan_ns_type type)
{
	return plan->ns[type].how == PLAN_NS_NEW && init_makes_ns(plan, type);
}

int step_new_namespaces(struct init_ctx *ctx, struct err **err)
{
	read_own_cgroup(ctx);
	if (is_to_make(ctx->plan, PLAN_NS_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		return err_set(err, errno, "make a cgroup namespace");
	if (is_to_make(ctx->plan, PLAN_NS_IPC) && unshare(CLONE_NEWIPC) < 0)
		return err_set(err, errno, "make an ipc namespace");
	if (is_to_make(ctx->plan, PLAN_NS_TIME))
		return new_time_ns(ctx, err);
	return 0;
}

int step_network(struct init_ctx *ctx, struct err **err)
{
	int r;

	if (ctx->plan->ns[PLAN_NS_NET].how != PLAN_NS_NEW)
		return 0;
	r = host_loopback_up();
	return r < 0 ? err_set(err, r, "bring the loopback device up") : 0;
}

int step_names(struct init_ctx *ctx, struct err **err)
{
	const struct plan *plan = ctx->plan;

	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return err_set(err, errno, "sethostname");
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return err_set(err, errno, "setdomainname");
	return 0;
}

int step_sysctl(struct init_ctx *ctx, struct err **err)
{
	for (size_t i = 0; i < ctx->plan->n_sysctl; i++) {
		const struct plan_pair *s = &ctx->plan->sysctl[i];
		cleanup_free char *path = xasprintf("/proc/sys/%s", s->key);
		cleanup_fd int fd = -EBADF;
		int r;

		/* With slashes in the key, dots belong to names (eth0.1). */
		if (!strchr(s->key, '/')) {
			for (char *p = path; *p; p++)
				*p = *p == '.' ? '/' : *p;
		}
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(err, errno, "open `%s`", path);
		r = fd_write_all(fd, s->value, strlen(s->value));
		if (r < 0)
			return err_set(err, r, "write to `%s`", path);
	}
	return 0;
}

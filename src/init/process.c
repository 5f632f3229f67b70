/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What execve's caller must be: limits, directory, environment, ids, capabilities. Runs in init; order: steps.c. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "host/cred.h"

#define PASSWD_MAX (4 << 20)

int step_oom_score(struct init_ctx *ctx, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	char text[16];
	int r;

	if (!ctx->plan->has_process || !ctx->plan->process.has_oom_score_adj)
		return 0;
	snprintf(text, sizeof(text), "%d", ctx->plan->process.oom_score_adj);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open /proc/self/oom_score_adj");
	r = fd_write_all(fd, text, strlen(text));
	return r < 0 ? err_set(err, r, "set the oom score adjustment to %s", text) : 0;
}

int step_open_label(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;

	if (p->apparmor) {
		ctx->label_fd = open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
		/* Before Linux 5.1 there was one file for all security modules. */
		if (ctx->label_fd < 0)
			ctx->label_fd = open("/proc/thread-self/attr/exec", O_WRONLY | O_CLOEXEC);
	} else if (p->selinux) {
		ctx->label_fd = open("/proc/thread-self/attr/exec", O_WRONLY | O_CLOEXEC);
	} else {
		return 0;
	}
	if (ctx->label_fd < 0)
		return err_set(err, errno, "open /proc/thread-self/attr/exec");
	return 0;
}

/* A limit above what we may have is cut to it: a container that runs with less is better than none (podman asks for a million files). */
static int set_rlimit(struct init_ctx *ctx, const struct plan_rlimit *l, struct err **err)
{
	struct rlimit want = {.rlim_cur = l->soft, .rlim_max = l->hard}, have;

	/* The soft number of files would limit the steps to come: it is lowered just before execve. */
	if (l->resource == RLIMIT_NOFILE)
		want.rlim_cur = want.rlim_max;
	if (setrlimit((__rlimit_resource_t)l->resource, &want) == 0)
		return 0;
	if (errno != EPERM || getrlimit((__rlimit_resource_t)l->resource, &have) < 0)
		return err_set(err, errno, "setrlimit `%s`", l->name);
	want.rlim_max = MIN(want.rlim_max, have.rlim_max);
	want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
	init_warn(ctx, "%s cannot be raised to %llu: %llu is used", l->name,
		  (unsigned long long)l->hard, (unsigned long long)want.rlim_max);
	if (setrlimit((__rlimit_resource_t)l->resource, &want) < 0)
		return err_set(err, errno, "setrlimit `%s`", l->name);
	return 0;
}

int step_rlimits(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		int r = set_rlimit(ctx, &p->rlimits[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A descriptor of the host that slipped in as the working directory shows as "(unreachable)/...". */
static int check_cwd(const char *cwd, struct err **err)
{
	char buf[4096];
	long n = syscall(SYS_getcwd, buf, sizeof(buf));

	if (n < 0)
		return err_set(err, errno, "getcwd");
	if (buf[0] != '/')
		return err_text(err, ENOENT,
				"the working directory `%s` is outside of the container's root",
				cwd);
	return 0;
}

/* -EACCES is not the end: the user may be allowed where root without capabilities is not. */
int step_cwd(struct init_ctx *ctx, struct err **err)
{
	const char *cwd = ctx->plan->process.cwd;

	if (!ctx->plan->has_process)
		return 0;
	if (chdir(cwd) < 0)
		return errno == EACCES ? 0 : err_set(err, errno, "chdir to `%s`", cwd);
	return check_cwd(cwd, err);
}

int step_cwd_again(struct init_ctx *ctx, struct err **err)
{
	const char *cwd = ctx->plan->process.cwd;
	char buf[4096];

	if (!ctx->plan->has_process)
		return 0;
	/* Nothing to do when the first try worked: the directory may be closed to the user, who is then inside nevertheless. */
	if (syscall(SYS_getcwd, buf, sizeof(buf)) >= 0 && strcmp(buf, "/") != 0)
		return 0;
	if (chdir(cwd) < 0)
		return err_set(err, errno, "chdir to `%s`", cwd);
	return check_cwd(cwd, err);
}

/* Sixth field of the user's line: "name:x:uid:gid:comment:HOME:shell". */
static char *home_in_line(char *line, uint32_t uid)
{
	char *field[7] = {line};
	uint32_t id;

	for (int i = 1; i < 7; i++) {
		char *colon = strchr(field[i - 1], ':');

		if (!colon)
			return NULL;
		*colon = '\0';
		field[i] = colon + 1;
	}
	if (num_parse_u32(field[2], &id) < 0 || id != uid || field[5][0] != '/')
		return NULL;
	return xstrdup(field[5]);
}

static char *find_home(uint32_t uid)
{
	cleanup_fd int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_buf struct buf text = {0};
	char *save = NULL, *home = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_to_buf(fd, PASSWD_MAX, &text) < 0)
		return xstrdup("/");
	for (char *line = strtok_r(text.data, "\n", &save); line && !home;
	     line = strtok_r(NULL, "\n", &save))
		home = home_in_line(line, uid);
	return home ? home : xstrdup("/");
}

int step_environment(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;

	(void)err;
	if (ctx->plan->has_process && p->has_umask)
		ctx->umask = p->umask;
	umask(ctx->umask);
	if (!ctx->plan->has_process)
		return 0;
	ctx->env = strv_dup(p->env);
	if (!strv_env_get(ctx->env, "HOME")) {
		cleanup_free char *home = find_home(p->uid);

		strv_take(&ctx->env, xasprintf("HOME=%s", home));
	}
	if (ctx->args->listen_fds > 0) {
		strv_take(&ctx->env, xasprintf("LISTEN_FDS=%u", ctx->args->listen_fds));
		if (!strv_env_get(ctx->env, "LISTEN_PID"))
			strv_take(&ctx->env, xasprintf("LISTEN_PID=%d", (int)getpid()));
	}
	return 0;
}

static bool setgroups_is_denied(void)
{
	cleanup_fd int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char word[8] = "";

	return fd >= 0 && read(fd, word, sizeof(word) - 1) > 0 && str_starts(word, "deny");
}

static int set_groups(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;
	cleanup_free gid_t *groups = NULL;

	if (p->keep_groups || (ctx->plan->ids.how == PLAN_MAP_SELF && p->n_groups == 0))
		return 0;
	groups = xcalloc(p->n_groups + 1, sizeof(*groups));
	for (size_t i = 0; i < p->n_groups; i++)
		groups[i] = p->groups[i];
	if (setgroups(p->n_groups, groups) == 0)
		return 0;
	/* A user namespace of one id, made by our caller: nothing to set and nothing that could be dropped. */
	if (errno == EPERM && p->n_groups == 0 && setgroups_is_denied())
		return 0;
	return err_set(err, errno, "setgroups");
}

static int set_ids(const struct plan_process *p, struct err **err)
{
	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return err_set(err, errno, "setresgid to %u", p->gid);
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return err_set(err, errno, "setresuid to %u", p->uid);
	return 0;
}

static int set_caps(const struct plan_caps *caps, struct err **err)
{
	struct host_cap_sets sets = {
		.effective = caps->effective,
		.permitted = caps->permitted,
		.inheritable = caps->inheritable,
	};
	int r = host_caps_set(&sets);

	if (r < 0)
		return err_set(err, r, "set capabilities");
	r = host_caps_set_ambient(caps->ambient);
	return r < 0 ? err_set(err, r, "set ambient capabilities") : 0;
}

int step_credentials(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;
	int r;

	if (!ctx->plan->has_process)
		return 0;
	r = host_caps_drop_bounding(p->caps.bounding);
	if (r < 0)
		return err_set(err, r, "drop capabilities from the bounding set");
	/* Keeps the permitted set over setresuid; execve clears the flag. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_set(err, errno, "keep capabilities");
	r = set_groups(ctx, err);
	if (r < 0 || (r = set_ids(p, err)) < 0)
		return r;
	return set_caps(&p->caps, err);
}

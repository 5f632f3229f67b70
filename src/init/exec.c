/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last steps: find the command, close what is ours, park until `start`, execve. Runs in init, inside the container. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "init/sync.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* 0, or why not: -ENOENT, -EISDIR (not a regular file), -EACCES (not executable), ... */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	/* access(2) would ask for the real ids; they are the same here, but effective ones are what execve uses. */
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/*
 * podman, the docker command and dockerd choose between exit codes 126 and 127 by these words. The docker command knows them in small letters only, as Go
 * writes them, so strerror's do not do.
 */
static int explain(const char *name, int r, const char *where, struct err **err)
{
	switch (r) {
	case -EISDIR:
		return err_text(err, EACCES,
				"the path `%s` is not a regular file: permission denied", name);
	case -EACCES:
		return err_text(err, EACCES,
				"the path `%s` exists but it is not executable: permission denied",
				name);
	case -ENOENT:
	case -ENOTDIR:
		return err_text(err, ENOENT,
				"executable file `%s` not found%s: no such file or directory", name,
				where);
	default:
		return err_set(err, r, "look up the executable file `%s`", name);
	}
}

int init_find_command(const char *name, char *const *env, char **ret, struct err **err)
{
	const char *path = strv_env_get(env, "PATH");
	int worst = -ENOENT;

	if (name[0] == '\0')
		return err_text(err, ENOENT, "cannot find `` in $PATH: no such file or directory");
	if (strchr(name, '/')) {
		int r = check_executable(name);

		if (r < 0)
			return explain(name, r, "", err);
		*ret = xstrdup(name);
		return 0;
	}
	for (const char *p = path && path[0] ? path : DEFAULT_PATH;;) {
		size_t n = strcspn(p, ":");
		/* An empty component is the working directory. */
		cleanup_free char *file =
			n > 0 ? xasprintf("%.*s/%s", (int)n, p, name) : xasprintf("./%s", name);
		int r = check_executable(file);

		if (r == 0) {
			*ret = steal_ptr(&file);
			return 0;
		}
		if (r == -EACCES || (r == -EISDIR && worst == -ENOENT))
			worst = r;
		if (p[n] == '\0')
			break;
		p += n + 1;
	}
	return explain(name, worst, " in $PATH", err);
}

int step_look_up_command(struct init_ctx *ctx, struct err **err)
{
	if (!ctx->plan->has_process)
		return 0;
	return init_find_command(ctx->plan->process.args[0], ctx->env, &ctx->exec_path, err);
}

static int compare_int(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int close_from_to(unsigned first, unsigned last)
{
	struct rlimit limit;

	if (first > last)
		return 0;
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	for (unsigned fd = first; fd <= last && fd < MIN(limit.rlim_max, 1u << 20); fd++)
		close((int)fd);
	return 0;
}

/*
 * Everything but stdio, the descriptors asked for and the few that are needed until execve. Already here and not only at execve: a
 * parked container must not hold pipes of its caller open.
 */
int step_close_descriptors(struct init_ctx *ctx, struct err **err)
{
	int keep[] = {ctx->args->sync_fd, ctx->args->fifo_fd, ctx->label_fd};
	unsigned next = 3 + ctx->args->preserve_fds;
	int r = 0;

	for (unsigned fd = 3; fd < next && r >= 0; fd++)
		r = fd_set_cloexec((int)fd, 0);
	if (r < 0)
		return err_set(err, r, "pass on the preserved descriptors");
	qsort(keep, ARRAY_SIZE(keep), sizeof(int), compare_int);
	for (size_t i = 0; i < ARRAY_SIZE(keep) && r >= 0; i++) {
		if (keep[i] < (int)next)
			continue;
		r = close_from_to(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	if (r >= 0)
		r = close_from_to(next, UINT_MAX);
	return r < 0 ? err_set(err, r, "close descriptors") : 0;
}

/* `start` writes a byte. The descriptor is open for writing too, so there is no end of file before that. */
static int park(int fifo_fd, struct err **err)
{
	char byte;
	ssize_t n;

	do {
		n = read(fifo_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_set(err, n < 0 ? errno : EPIPE, "wait for start");
	close(fifo_fd);
	return 0;
}

int step_ready(struct init_ctx *ctx, struct err **err)
{
	/* #6 -> create */
	int r = sync_send(ctx->args->sync_fd, SYNC_READY, 0, NULL, -EBADF);

	if (r < 0)
		return err_set(err, r, "report that the container is ready");
	return ctx->args->fifo_fd >= 0 ? park(ctx->args->fifo_fd, err) : 0;
}

static int lower_nofile(const struct plan_process *p, struct err **err)
{
	struct rlimit limit;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		if (p->rlimits[i].resource != RLIMIT_NOFILE)
			continue;
		if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
			return err_set(err, errno, "getrlimit");
		limit.rlim_cur = MIN(p->rlimits[i].soft, limit.rlim_max);
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return err_set(err, errno, "setrlimit `%s`", p->rlimits[i].name);
	}
	return 0;
}

static int write_label(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;
	cleanup_free char *text = NULL;
	int r;

	if (ctx->label_fd < 0)
		return 0;
	text = p->apparmor ? xasprintf("exec %s", p->apparmor) : xstrdup(p->selinux);
	r = fd_write_all(ctx->label_fd, text, strlen(text));
	if (r < 0)
		return err_set(err, r, "set the label `%s` in /proc/thread-self/attr/exec",
			       p->apparmor ? p->apparmor : p->selinux);
	return 0;
}

int step_exec(struct init_ctx *ctx, struct err **err)
{
	const struct plan_process *p = &ctx->plan->process;
	int r;

	if (!ctx->plan->has_process)
		return err_text(err, EINVAL, "config.json has no process to start");
	r = write_label(ctx, err);
	if (r < 0 || (r = lower_nofile(p, err)) < 0)
		return r;
	execve(ctx->exec_path, p->args, ctx->env);
	if (errno == ENOENT)
		return err_set(err, errno, "exec container process (missing dynamic library?) `%s`",
			       ctx->exec_path);
	return err_set(err, errno, "exec container process `%s`", ctx->exec_path);
}

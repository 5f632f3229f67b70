/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks: the state document on stdin, their environment, a time limit. Runs in the commands and in init (createContainer, startContainer).
 * Paths, arguments and environment come from config.json: the caller of the runtime is trusted with them.
 */
#include <config.h>

#include "container/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/state_doc.h"
#include "container/store.h"

/*
 * A memfd, not a pipe: a hook that does not read cannot block us or end us with SIGPIPE, however long the annotations are.
 * It is read-only for the hook only by convention; nobody else reads it.
 */
static int open_stdin(const struct buf *state)
{
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, state->data, state->len);

	if (r < 0)
		return r;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : steal_fd(&fd);
}

static void redirect(const struct plan *plan, const char *annotation, int target)
{
	const char *path = plan_annotation(plan, annotation);
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0700);
	if (fd < 0 || dup2(fd, target) < 0)
		_exit(126);
}

static ATTR_NORETURN void run_child(const struct plan *plan, const struct plan_hook *hook,
				    int stdin_fd)
{
	char *const default_args[] = {(char *)hook->path, NULL};
	sigset_t none;

	/* A process group of its own, so that a time-out also ends what the hook has started. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(stdin_fd, STDIN_FILENO) < 0)
		_exit(126);
	redirect(plan, "run.oci.hooks.stdout", STDOUT_FILENO);
	redirect(plan, "run.oci.hooks.stderr", STDERR_FILENO);
	syscall(SYS_close_range, 3, ~0u, 0);
	execve(hook->path, hook->args ? hook->args : default_args, hook->env ? hook->env : environ);
	_exit(errno == ENOENT ? 127 : 126);
}

/* 0 and the wait status, or -ETIMEDOUT (the hook and its group are killed and reaped). */
static int wait_child(pid_t pid, int timeout_s, int *ret_status)
{
	struct timespec start, now, pause = {.tv_nsec = 500000};
	pid_t r;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		r = waitpid(pid, ret_status, timeout_s ? WNOHANG : 0);
		if (r == pid)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (timeout_s && now.tv_sec - start.tv_sec >= timeout_s) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, ret_status, 0);
			return -ETIMEDOUT;
		}
		if (timeout_s && r == 0) {
			/* Polling, since a pidfd is not to be had under every outer seccomp profile. */
			nanosleep(&pause, NULL);
			if (pause.tv_nsec < 16000000)
				pause.tv_nsec *= 2;
		}
	}
}

static int run_hook(const struct plan *plan, const struct plan_hook *hook, const struct buf *state,
		    struct err **err)
{
	cleanup_fd int stdin_fd = open_stdin(state);
	int status, r;
	pid_t pid;

	if (stdin_fd < 0)
		return err_set(err, stdin_fd, "prepare stdin of the hook `%s`", hook->path);
	pid = fork();
	if (pid < 0)
		return err_set(err, errno, "start the hook `%s`", hook->path);
	if (pid == 0)
		run_child(plan, hook, stdin_fd);
	r = wait_child(pid, hook->timeout, &status);
	if (r == -ETIMEDOUT)
		return err_text(err, ETIMEDOUT, "error executing hook `%s` (no end after %d s)",
				hook->path, hook->timeout);
	if (r < 0)
		return err_set(err, r, "wait for the hook `%s`", hook->path);
	if (WIFSIGNALED(status))
		return err_text(err, EINVAL, "error executing hook `%s` (killed by signal %d)",
				hook->path, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_text(err, EINVAL, "error executing hook `%s` (exit code: %d)",
				hook->path, WEXITSTATUS(status));
	return 0;
}

int hooks_run(const struct container *c, const struct plan *plan, enum plan_hook_kind kind,
	      enum container_state state, pid_t pid, struct err **err)
{
	const struct plan_hook_list *list = &plan->hooks[kind];
	cleanup_buf struct buf doc = {0};
	int r = 0;

	if (list->n == 0)
		return 0;
	state_doc_for_hook(c, state, pid, &doc);
	if (doc.error)
		return err_set(err, doc.error, "write the state for hooks");
	for (size_t i = 0; i < list->n && r == 0; i++) {
		cleanup_err struct err *why = NULL;

		log_debug("running %s hook %s", plan_hook_name(kind), list->v[i].path);
		if (run_hook(plan, &list->v[i], &doc, &why) == 0)
			continue;
		/* poststop: a failure is a warning and the others still run. */
		if (kind == PLAN_HOOK_POSTSTOP)
			log_warning("poststop: %s", err_msg(why));
		else
			r = err_text(err, err_code(why), "%s: %s", plan_hook_name(kind),
				     err_msg(why));
	}
	return r;
}

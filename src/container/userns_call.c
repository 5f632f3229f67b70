/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child process in a user namespace with given id maps. Runs in the commands (delete, diff, failed create). */
#include <config.h>

#include "container/userns_call.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "container/userns_maps.h"
#include "host/process.h"
#include "plan/plan.h"

#define REPLY_MAX 4096

static int join(const char *path, struct err **err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWUSER) < 0)
		return err_set(err, errno, "join the user namespace %s", path);
	return 0;
}

/* 0 where it is mapped; going from one id to another that are both not 0 keeps the capabilities. */
static uint32_t first_id(const struct plan_id_range *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].inside == 0)
			return 0;
	return n ? v[0].inside : 0;
}

/* Both sides: the child says 'u' when it is in its namespace, the parent 'm' when the maps are written. */
static int enter(const struct plan_ids *ids, int sock, struct err **err)
{
	uid_t uid = first_id(ids->uids, ids->n_uids), gid = first_id(ids->gids, ids->n_gids);
	size_t n = 0, no_fds = 0;
	char c = 'u';
	int r;

	if (ids->join_path)
		r = join(ids->join_path, err);
	else
		r = unshare(CLONE_NEWUSER) < 0 ? err_set(err, errno, "make a user namespace") : 0;
	if (r < 0)
		return r;
	r = fd_send(sock, &c, 1, NULL, 0);
	if (r == 0)
		r = fd_recv(sock, &c, 1, &n, NULL, &no_fds);
	if (r < 0 || n != 1)
		return err_text(err, EPIPE, "the command that asked for the removal is gone");
	/* setgroups is denied in a single-id map; then the groups do not matter either. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_set(err, errno, "drop supplementary groups");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_set(err, errno, "become root of the user namespace");
	return 0;
}

static ATTR_NORETURN void run_child(const struct plan_ids *ids, int sock,
				    int (*fn)(void *, struct err **), void *arg)
{
	cleanup_err struct err *err = NULL;
	char reply[REPLY_MAX];
	int r = enter(ids, sock, &err);

	if (r == 0)
		r = fn(arg, &err);
	snprintf(reply, sizeof(reply), "%s", r < 0 ? err_msg(err) : "ok");
	fd_send(sock, reply, strlen(reply), NULL, 0);
	_exit(r < 0 ? MIN(err_code(err), 255) : 0);
}

/* The child's error text; the code travels as exit status (errnos fit). */
static int collect(pid_t pid, int sock, struct err **err)
{
	char reply[REPLY_MAX];
	size_t n = 0, no_fds = 0;
	int status, reaped, r;

	r = fd_recv(sock, reply, sizeof(reply) - 1, &n, NULL, &no_fds);
	reaped = host_reap(pid, &status);
	if (reaped < 0)
		return err_set(err, reaped, "wait for a helper process");
	if (r == 0 && n > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	reply[r == 0 ? n : 0] = '\0';
	if (!reply[0])
		return err_text(err, ECHILD, "a helper process ended without an answer");
	return err_text(err, WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EIO,
			"%s", reply);
}

/* 'u' from the child, or the text why it did not come that far. */
static int wait_entered(int sock, struct err **err)
{
	char reply[REPLY_MAX];
	size_t n = 0, no_fds = 0;
	int r = fd_recv(sock, reply, sizeof(reply) - 1, &n, NULL, &no_fds);

	if (r < 0 || n == 0)
		return err_text(err, ECHILD, "a helper process ended without an answer");
	reply[n] = '\0';
	return strcmp(reply, "u") == 0 ? 0 : err_text(err, EPERM, "%s", reply);
}

static int converse(const struct plan_ids *ids, pid_t pid, int sock, struct err **err)
{
	char c = 'm';
	int r = wait_entered(sock, err);

	if (r == 0 && !ids->join_path)
		r = userns_write_maps(pid, ids, err);
	if (r == 0)
		r = fd_send(sock, &c, 1, NULL, 0);
	if (r == 0)
		return collect(pid, sock, err);
	kill(pid, SIGKILL);
	host_reap(pid, NULL);
	return r;
}

int userns_call(const struct plan_ids *ids, int (*fn)(void *arg, struct err **err), void *arg,
		struct err **err)
{
	int socks[2], r;
	pid_t pid;

	if (ids->how == PLAN_MAP_NONE && !ids->join_path)
		return fn(arg, err);
	r = fd_socketpair(socks);
	if (r < 0)
		return err_set(err, r, "make a socket pair");
	pid = fork();
	if (pid == 0) {
		close(socks[0]);
		run_child(ids, socks[1], fn, arg);
	}
	close(socks[1]);
	r = pid < 0 ? err_set(err, errno, "start a helper process")
		    : converse(ids, pid, socks[0], err);
	close(socks[0]);
	return r;
}

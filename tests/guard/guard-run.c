/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor and the notify filter without the rest of the runtime: runs a program in a live root of LOWER. For tests of the guard alone and for
 * debugging handlers (SANDLOCK_GUARD_LOG=FILE logs every served call).
 *
 *   guard-run STORE LOWER PROGRAM [ARG]...
 *
 * As root; or as a user inside `unshare -Ur` or the like. Exit status: the program's.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "handlers/request.h"
#include "host/seccomp_sys.h"
#include "seccomp/notify_set.h"
#include "supervisor/supervisor.h"

static void die(const char *what, struct err *err)
{
	fprintf(stderr, "guard-run: %s: %s\n", what, err ? err_msg(err) : strerror(errno));
	_exit(125);
}

static void must(int ok, const char *what)
{
	if (!ok)
		die(what, NULL);
}

static void enter_root(const char *root)
{
	char path[4200];

	must(unshare(CLONE_NEWNS) == 0, "unshare mounts");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	must(mount(root, root, NULL, MS_BIND, NULL) == 0, "bind the live root");
	snprintf(path, sizeof(path), "%s/dev", root);
	must(mount("/dev", path, NULL, MS_BIND | MS_REC, NULL) == 0, "bind /dev");
	snprintf(path, sizeof(path), "%s/proc", root);
	must(mount("proc", path, "proc", 0, NULL) == 0, "mount /proc");
	must(chdir(root) == 0, "enter the live root");
	must(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
	must(umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "leave the old root");
}

/* In the new pid namespace. */
static void contained(const char *root, int sock, bool lazy, char **argv)
{
	struct notify_filter filter;
	struct sock_fprog prog;
	char ack;
	size_t len;
	int listener;

	enter_root(root);
	must(notify_filter_build(lazy, &filter) == 0, "build the filter");
	prog = (struct sock_fprog){filter.len, filter.insns};
	listener = host_seccomp_load_listener(&prog);
	must(listener >= 0, "load the filter");
	must(fd_send_untrapped(sock, "l", 1, &listener, 1) == 0, "send the listener");
	close(listener);
	must(fd_recv(sock, &ack, 1, &len, NULL, NULL) == 0 && len == 1, "wait for the supervisor");
	execv(argv[0], argv);
	die(argv[0], NULL);
}

int main(int argc, char **argv)
{
	struct supervisor_params params = {.userns_fd = -EBADF, .netns_fd = -EBADF};
	char *lowers[] = {argc > 2 ? argv[2] : NULL, NULL};
	char state[4096], root[4096], byte;
	int dirfd, pair[2], listener, status;
	struct err *err = NULL;
	size_t len, n = 1;
	struct supervisor sup;
	pid_t pid;

	if (argc < 4) {
		fprintf(stderr, "usage: guard-run STORE LOWER PROGRAM [ARG]...\n");
		return 125;
	}
	snprintf(state, sizeof(state), "%s.state", argv[1]);
	snprintf(root, sizeof(root), "%s/root", argv[1]);
	must(mkdir(state, 0700) == 0, "make the state directory");
	dirfd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (supervisor_listen(dirfd, &params.control_fd, &err) < 0)
		die("listen", err);
	params.cow = (struct cow_params){.dir = argv[1], .lowers = lowers, .owner_id = "guard-run"};
	if (getenv("SANDLOCK_GUARD_LAZY"))
		params.populate = SUPERVISOR_POPULATE_LAZY;
	params.log_path = getenv("SANDLOCK_GUARD_LOG");
	if (params.log_path)
		log_set_level(LOG_LEVEL_DEBUG);
	if (supervisor_begin(&params, &sup, &err) < 0 || supervisor_finish(&sup, &err) < 0)
		die("start", err);
	must(fd_socketpair(pair) == 0, "socketpair");
	must(unshare(CLONE_NEWPID) == 0, "unshare pids");
	pid = fork();
	if (pid == 0)
		contained(root, pair[1], sup.lazy, argv + 3);
	if (fd_recv(pair[0], &byte, 1, &len, &listener, &n) < 0 || n != 1)
		die("no listener came", NULL);
	if (supervisor_add_listener(dirfd, listener, &err) < 0)
		die("add", err);
	close(listener);
	close(sup.lifeline_fd);
	must(fd_send(pair[0], "g", 1, NULL, 0) == 0, "go");
	must(waitpid(pid, &status, 0) == pid, "wait");
	unlinkat(dirfd, SUPERVISOR_SOCKET, 0);
	rmdir(state);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories' contents, locks, sockets, FIFOs, programs, messages. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fileops.h"

/* More than any directory has here: which ones were left out would be up to the file system. */
#define MAX_NAMES 4000

static void done(long r)
{
	say_result(r);
	say("\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names with their types; d_ino is st_ino. In pieces of a size that differs. */
static unsigned read_names(int fd, size_t piece, char **names)
{
	char buf[8192];
	unsigned n = 0;
	long len;

	while ((len = syscall(SYS_getdents64, fd, buf, piece)) > 0) {
		for (long i = 0; i < len && n < MAX_NAMES;) {
			struct dirent64 *e = (void *)(buf + i);
			struct stat st;
			bool same = fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				    st.st_ino == e->d_ino;

			if (asprintf(&names[n], "%s/%d%s", e->d_name, e->d_type,
				     same || !strcmp(e->d_name, "..") ? "" : "/ino") >= 0)
				n++;
			i += e->d_reclen;
		}
	}
	if (len < 0)
		say_result(len);
	qsort(names, n, sizeof(names[0]), by_name);
	return n;
}

static void say_names(char **names, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		say(" ");
		say_text(names[i], strlen(names[i]));
		free(names[i]);
	}
	say("\n");
}

static void op_getdents(struct op *op)
{
	static const char *const dirs[] = {".",	 "d0",	  "d1", "d3", "ds",
					   "da", "d1/dd", "l2", "..", "n0"};
	const char *dir = dirs[pick(op, sizeof(dirs) / sizeof(dirs[0]))];
	char *names[MAX_NAMES];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	say(" \"%s\"", dir);
	if (fd < 0) {
		done(fd);
		return;
	}
	say_names(names, read_names(fd, (size_t)PICK(op, 300, 1024, 8192), names));
	close(fd);
}

static void op_getdents_slot(struct op *op)
{
	int slot = pick_slot(op);
	char *names[MAX_NAMES];
	struct stat st;

	say_at(slot);
	if (fstat(slot, &st) < 0 || !S_ISDIR(st.st_mode)) {
		say(" no directory\n");
		return;
	}
	lseek(slot, 0, SEEK_SET);
	say_names(names, read_names(slot, 2048, names));
}

/* A position that was told is found again. */
static void op_seekdir(struct op *op)
{
	DIR *d = opendir(pick(op, 2) ? "." : "d1");
	struct dirent *e;
	char name[256] = "";
	long pos = 0;

	if (!d) {
		done(-1);
		return;
	}
	for (unsigned i = 0; i < 3 && (e = readdir(d)); i++)
		pos = telldir(d);
	e = readdir(d);
	if (e)
		snprintf(name, sizeof(name), "%s", e->d_name);
	while (readdir(d))
		;
	seekdir(d, pos);
	e = readdir(d);
	say(" %s", strcmp(e ? e->d_name : "", name) == 0 ? "same" : "other");
	rewinddir(d);
	e = readdir(d);
	say(" %d\n", e != NULL);
	closedir(d);
}

static void op_statfs(struct op *op)
{
	struct path p;
	struct statfs s;
	int r;

	pick_plain(op, &p);
	say_path(&p);
	r = statfs(p.ptr, &s);
	say_result(r);
	if (r == 0)
		say(" %lx %ld", (long)s.f_type, (long)s.f_namelen);
	say("\n");
}

static void op_flock(struct op *op)
{
	int slot = pick_private_slot(op), other;
	char name[64];

	if (slot < 0) {
		say(" none\n");
		return;
	}
	say_at(slot);
	say_result(flock(slot, (int)PICK(op, LOCK_EX, LOCK_SH, LOCK_UN) | LOCK_NB));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", slot);
	other = open(name, O_WRONLY | O_NONBLOCK);
	say_result(other < 0 ? other : 0);
	done(flock(other, LOCK_EX | LOCK_NB));
	close(other);
}

static void op_fcntl_lock(struct op *op)
{
	struct flock l = {.l_type = (short)PICK(op, F_WRLCK, F_RDLCK, F_UNLCK),
			  .l_whence = SEEK_SET,
			  .l_start = PICK(op, 0, 10),
			  .l_len = PICK(op, 0, 5)};
	int slot = pick_private_slot(op),
	    cmd = (int)PICK(op, F_SETLK, F_GETLK, F_OFD_SETLK, F_OFD_GETLK);

	if (slot < 0) {
		say(" none\n");
		return;
	}
	say_at(slot);
	say(" %d %d", cmd, l.l_type);
	say_result(fcntl(slot, cmd, &l));
	say(" %d\n", cmd == F_GETLK || cmd == F_OFD_GETLK ? l.l_type : 0);
}

/* A listening socket by path, somebody who connects, SO_PEERCRED. */
static void op_socket(struct op *op)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct path p;
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	pick_new(op, &p);
	say_path(&p);
	if (strlen(p.text) < sizeof(a.sun_path))
		memcpy(a.sun_path, p.text, strlen(p.text));
	say_result(bind(s, (struct sockaddr *)&a, sizeof(a)));
	listen(s, 1);
	say_result(connect(c, (struct sockaddr *)&a, sizeof(a)));
	getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	say(" %d\n", (int)cred.uid);
	close(s);
	close(c);
}

static void op_connect(struct op *op)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct path p;

	pick_path(op, &p);
	if (strlen(p.text) < sizeof(a.sun_path))
		memcpy(a.sun_path, p.text, strlen(p.text));
	say_path(&p);
	if (path_is_stale(&p)) /* its permissions */
		say(" ~");
	done(connect(c, (struct sockaddr *)&a, sizeof(a)));
	close(c);
}

static void op_fifo(struct op *op)
{
	struct path p;
	int r, w;
	char c = 'x';

	pick_new(op, &p);
	if (pick(op, 2))
		path_set(&p, "p0");
	else
		mkfifo(p.ptr, 0660);
	say_path(&p);
	w = open(p.ptr, O_WRONLY | O_NONBLOCK);
	say_result(w < 0 ? w : 0);
	if (w >= 0) /* something else than a FIFO */
		close(w);
	r = open(p.ptr, O_RDONLY | O_NONBLOCK);
	say_result(r < 0 ? r : 0);
	w = open(p.ptr, O_WRONLY | O_NONBLOCK);
	say_result(w < 0 ? w : 0);
	say_result(w < 0 ? 0 : write(w, &c, 1));
	done(r < 0 ? 0 : read(r, &c, 1));
	close(r);
	close(w);
}

static void *fifo_writer(void *name)
{
	int fd = open(name, O_WRONLY);
	char c = 'y';

	if (fd >= 0) {
		if (write(fd, &c, 1) != 1)
			c = 0;
		close(fd);
	}
	return NULL;
}

/* Both ends block until the other comes. */
static void op_fifo_pair(struct op *op)
{
	struct stat st;
	pthread_t thread;
	char c = 0;
	int fd;

	/* with few descriptors it is a race who gets the last one, and the other end waits for ever */
	if (dup2(0, 90) < 0 || close(90) < 0 || stat("p0", &st) < 0 || !S_ISFIFO(st.st_mode) ||
	    faccessat(AT_FDCWD, "p0", R_OK | W_OK, AT_EACCESS) < 0) {
		say(" no FIFO\n");
		return;
	}
	if (pthread_create(&thread, NULL, fifo_writer, (void *)"p0") != 0)
		return;
	if (pick(op, 2))
		usleep(2000);
	fd = open("p0", O_RDONLY);
	say_result(fd < 0 ? fd : 0);
	say_result(fd < 0 ? 0 : read(fd, &c, 1));
	pthread_join(thread, NULL);
	close(fd);
	say(" %d\n", c);
}

static void say_status(int status)
{
	if (WIFSIGNALED(status))
		say(" killed by %d\n", WTERMSIG(status));
	else
		say(" exit %d\n", WEXITSTATUS(status));
}

static void say_end(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	say_status(status);
}

/* Runs in the child, which has no use for what follows. */
static void exec_child(const char *path, int fd)
{
	static char *const argv[] = {(char *)"prog", NULL}, *const env[] = {NULL};
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0);
	signal(SIGSEGV, SIG_DFL);
	if (path)
		execve(path, argv, env);
	else
		execveat(fd, "", argv, env, AT_EMPTY_PATH);
	say_result(-1);
	_exit(100);
}

static void op_exec(struct op *op)
{
	struct path p;
	pid_t pid;

	pick_plain(op, &p);
	if (pick(op, 2))
		path_set(&p, pick(op, 2) ? "fx" : "sh");
	say_path(&p);
	pid = fork();
	if (pid == 0)
		exec_child(p.ptr, -1);
	say_end(pid);
}

static void op_execveat(struct op *op)
{
	struct path p;
	int fd;
	pid_t pid;

	pick_plain(op, &p);
	if (pick(op, 2))
		path_set(&p, "fx");
	say_path(&p);
	fd = open(p.ptr, O_PATH);
	pid = fork();
	if (pid == 0)
		exec_child(NULL, fd);
	say_end(pid);
	close(fd);
}

/* Opened for writing, truncated and replaced while it runs. */
static void op_busy_program(struct op *op)
{
	int pipes[2], begun[2], fd, error, status = 0;
	char byte;
	long r;
	pid_t pid;

	/* a shared one may be written to while it runs: see docs/design/cow.md */
	fd = open("fx", O_RDWR);
	say_result(fd < 0 ? fd : 0);
	if (fd < 0) {
		say("\n");
		return;
	}
	close(fd);
	fd = -1;
	if (pipe2(pipes, O_CLOEXEC) < 0 || pipe2(begun, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		static char *const argv[] = {(char *)"fx", NULL}, *const env[] = {NULL};

		dup2(pipes[0], 0);
		execve("fx", argv, env);
		_exit(100);
	}
	close(pipes[0]);
	close(begun[1]);
	/* the exec closes the other end */
	if (read(begun[0], &byte, 1) != 0)
		say(" ?");
	close(begun[0]);
	switch (pick(op, 3)) {
	case 0:
		r = fd = open("fx", O_RDWR);
		break;
	case 1:
		r = truncate("fx", 0);
		break;
	default:
		r = chmod("fx", 0700);
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	close(pipes[1]);
	waitpid(pid, &status, 0);
	/* A spoiled program has died before our call or after it. */
	if (WIFEXITED(status)) {
		errno = error;
		say_result(r < 0 ? r : 0);
	}
	say_status(status);
}

/* A descriptor that came over a socket, then a change through it. */
static void op_message(struct op *op)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, c = 'm';
	struct iovec v = {&c, 1};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int pair[2], slot = pick_slot(op), fd = -1;

	say_at(slot);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &slot, sizeof(int));
	say_result(sendmsg(pair[0], &m, 0));
	if (recvmsg(pair[1], &m, MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	close(pair[0]);
	close(pair[1]);
	done(fchmod(fd, 0640));
	if (fd >= 0)
		close(fd);
}

static void op_umask(struct op *op)
{
	mode_t mode = (mode_t)PICK(op, 0, 022, 077, 0777, 002);

	say(" %o", mode);
	done((long)umask(mode));
}

/* Files of the kernel's own, through served calls. */
static void op_proc_write(struct op *op)
{
	static const char *const names[] = {"/proc/self/comm",
					    "/proc/self/oom_score_adj",
					    "/proc/thread-self/comm",
					    "/proc/self/status",
					    "/dev/null",
					    "/dev/full"};
	const char *name = names[pick(op, sizeof(names) / sizeof(names[0]))];
	int fd =
		open(name, (int)PICK(op, O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT));
	char buf[32];
	ssize_t n;

	say(" %s", name);
	say_result(fd < 0 ? fd : 0);
	say_result(write(fd, "77", 2));
	close(fd);
	fd = open(name, O_RDONLY);
	n = strstr(name, "comm") ? read(fd, buf, sizeof(buf)) : 0;
	close(fd);
	say_result(n);
	say("\n");
}

static void op_memfd(struct op *op)
{
	int fd = memfd_create("m", 0);
	char name[64];

	say_result(write(fd, "123456", 6));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	switch (pick(op, 4)) {
	case 0:
		done(fchmod(fd, 0600));
		break;
	case 1:
		done(truncate(name, 3));
		break;
	case 2:
		done(chmod(name, 0700));
		break;
	default:
		close(open(name, O_WRONLY | O_TRUNC));
		done(lseek(fd, 0, SEEK_END));
	}
	close(fd);
}

static void op_pipe(struct op *op)
{
	int fds[2];
	char name[64];

	if (pipe(fds) < 0)
		return;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[1]);
	switch (pick(op, 4)) {
	case 0:
		done(fchmod(fds[0], 0600));
		break;
	case 1: {
		int w = open(name, O_WRONLY);

		say_result(w < 0 ? w : 0);
		done(write(w, "z", 1));
		close(w);
		break;
	}
	case 2:
		done(fchown(fds[0], 0, 0));
		break;
	default:
		done(ftruncate(fds[1], 0));
	}
	close(fds[0]);
	close(fds[1]);
}

/* As compilers, editors and package managers replace a file. */
static void op_replace(struct op *op)
{
	static const char *const names[] = {"f1", "f2", "fx", "d1/a", "xa", "h1", "f4"};
	const char *name = names[pick(op, sizeof(names) / sizeof(names[0]))];
	char new[64], old[64];
	int fd;

	snprintf(new, sizeof(new), "%s.new", name);
	snprintf(old, sizeof(old), "%s.old", name);
	say(" %s", name);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL, 0600);
	say_result(fd < 0 ? fd : 0);
	say_result(write(fd, name, strlen(name)));
	say_result(fchown(fd, 0, 0));
	say_result(fchmod(fd, 04711));
	close(fd);
	say_result(link(name, old));
	say_result(rename(new, name));
	done(pick(op, 2) ? unlink(old) : 0);
}

const struct op_kind ops_misc[] = {
	{"getdents", op_getdents},
	{"getdents-slot", op_getdents_slot},
	{"seekdir", op_seekdir},
	{"statfs", op_statfs},
	{"flock", op_flock},
	{"fcntl-lock", op_fcntl_lock},
	{"socket", op_socket},
	{"connect", op_connect},
	{"fifo", op_fifo},
	{"fifo-pair", op_fifo_pair},
	{"exec", op_exec},
	{"execveat", op_execveat},
	{"busy-program", op_busy_program},
	{"message", op_message},
	{"umask", op_umask},
	{"proc-write", op_proc_write},
	{"memfd", op_memfd},
	{"pipe", op_pipe},
	{"replace", op_replace},
	{NULL, NULL},
};

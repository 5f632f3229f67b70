/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An agent for profiles with SCMP_ACT_NOTIFY: notify-agent SOCKET DIRECTORY. Each connection's document becomes DIRECTORY/doc.N (N = 1, 2, ...). mkdir and
 * mkdirat are answered with EDOM, everything else goes on; DIRECTORY/calls gets the number of each call. Runs until it is killed.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/seccomp_sys.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void serve(int listener, const char *dir)
{
	struct seccomp_notif n;
	char path[4096];
	FILE *calls;

	snprintf(path, sizeof(path), "%s/calls", dir);
	calls = fopen(path, "a");
	if (!calls)
		die(path);
	setlinebuf(calls);
	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};

		if (poll(&p, 1, -1) < 0 || (p.revents & POLLHUP))
			exit(0);
		if (host_notif_recv(listener, &n) < 0)
			continue;
		fprintf(calls, "%d\n", n.data.nr);
#ifdef SYS_mkdir
		if (n.data.nr == SYS_mkdir)
			n.data.nr = SYS_mkdirat;
#endif
		if (n.data.nr == SYS_mkdirat)
			host_notif_send(listener, n.id, 0, -EDOM, 0);
		else
			host_notif_send(listener, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	}
}

/* The descriptor must come with the first bytes; the text ends with the connection. */
static int receive(int conn, const char *dir, int number)
{
	char text[65536], path[4096], space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = space,
			     .msg_controllen = sizeof(space)};
	ssize_t n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC), more;
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	FILE *doc;
	int fd;

	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	while (n < (ssize_t)sizeof(text) &&
	       (more = read(conn, text + n, sizeof(text) - (size_t)n)) > 0)
		n += more;
	snprintf(path, sizeof(path), "%s/doc.%d", dir, number);
	doc = fopen(path, "w");
	if (!doc)
		die(path);
	fwrite(text, 1, (size_t)n, doc);
	fclose(doc);
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	memcpy(addr.sun_path, argv[1], strlen(argv[1]));
	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(sock, 8) < 0)
		die(argv[1]);
	signal(SIGCHLD, SIG_IGN);
	for (int number = 1;; number++) {
		int conn = accept(sock, NULL, NULL), fd;

		if (conn < 0)
			die("accept");
		fd = receive(conn, argv[2], number);
		close(conn);
		if (fd < 0)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, argv[2]);
		}
		close(fd);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs in create, start and run. What arrives at the socket was written by the container: only the line READY=1 means something. */
#include <config.h>

#include "container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "container/store.h"
#include "host/process.h"
#include "libocispec/oci_types.h"

#define INSIDE_DIR "/run/notify"

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && path[0] ? path : NULL;
}

static void add_mount(struct notify *n, struct oci_config *config)
{
	static char *options[] = {(char *)"bind",  (char *)"ro",     (char *)"nosuid",
				  (char *)"nodev", (char *)"noexec", NULL};

	n->mounts = xcalloc(config->n_mounts + 1, sizeof(*n->mounts));
	if (config->n_mounts)
		memcpy(n->mounts, config->mounts, config->n_mounts * sizeof(*n->mounts));
	n->mounts[config->n_mounts] = (struct oci_mount){
		.destination = INSIDE_DIR, .source = n->source, .type = "bind", .options = options};
	config->mounts = n->mounts;
	config->n_mounts++;
}

void notify_configure(struct notify *n, const char *root, const char *id, struct oci_config *config)
{
	if (!host_socket() || !config->process)
		return;
	n->source = xasprintf("%s/%s/" STORE_NOTIFY_DIR, root, id);
	add_mount(n, config);
	n->env = strv_dup(config->process->env);
	strv_add(&n->env, "NOTIFY_SOCKET=" INSIDE_DIR "/" STORE_NOTIFY_SOCKET);
	config->process->env = n->env;
}

int notify_make(struct notify *n, struct container *c, struct err **err)
{
	if (n->source && mkdirat(c->dir_fd, STORE_NOTIFY_DIR, 0755) < 0)
		return err_set(err, errno, "make %s", n->source);
	return 0;
}

/* Every user of the container may send to it. */
static int bind_socket(int dir_fd, int *ret_fd)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" STORE_NOTIFY_SOCKET,
		 dir_fd);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(dir_fd, STORE_NOTIFY_SOCKET, 0666, 0) < 0)
		return -errno;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int notify_bind(struct notify *n, struct container *c, struct err **err)
{
	cleanup_fd int dir = -EBADF;
	int r;

	if (!host_socket())
		return 0;
	dir = openat(c->dir_fd, STORE_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	r = dir < 0 ? -errno : bind_socket(dir, &n->socket_fd);
	return r < 0 ? err_set(err, r, "make the notify socket in %s", c->dirname) : 0;
}

static bool says_ready(int fd)
{
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	cleanup_strv char **lines = NULL;

	if (n <= 0)
		return false;
	text[n] = '\0';
	lines = strv_split(text, '\n');
	for (size_t i = 0; lines[i]; i++)
		if (strcmp(lines[i], "READY=1") == 0)
			return true;
	return false;
}

static int tell_host(const struct container *c, struct err **err)
{
	cleanup_free char *text = xasprintf("READY=1\nMAINPID=%d\n", (int)c->status->pid);
	cleanup_fd int fd = -EBADF;
	int r = fd_connect_unix_type(host_socket(), SOCK_DGRAM, &fd);

	if (r == 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		r = -errno;
	return r < 0 ? err_set(err, r, "send READY=1 to NOTIFY_SOCKET %s", host_socket()) : 0;
}

int notify_wait(struct notify *n, struct container *c, struct err **err)
{
	cleanup_fd int pidfd = -EBADF;
	struct pollfd fds[2];

	if (n->socket_fd < 0)
		return 0;
	/* Gone already: a message may be there nevertheless. */
	(void)host_process_open(c->status->pid, c->status->start_time, &pidfd);
	fds[0] = (struct pollfd){.fd = n->socket_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = pidfd, .events = POLLIN};
	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), pidfd < 0 ? 0 : -1) < 0 && errno != EINTR)
			return err_set(err, errno, "wait for READY=1");
		if ((fds[0].revents & POLLIN) && says_ready(n->socket_fd))
			return tell_host(c, err);
		if (!(fds[0].revents & POLLIN) && (pidfd < 0 || fds[1].revents)) {
			log_warning("the container %s has ended without saying READY=1", c->id);
			return 0;
		}
	}
}

int notify_wait_aside(struct notify *n, struct container *c, struct err **err)
{
	cleanup_err struct err *why = NULL;
	pid_t pid;

	if (n->socket_fd < 0)
		return 0;
	pid = fork();
	if (pid < 0)
		return err_set(err, errno, "start the process that waits for READY=1");
	if (pid > 0)
		return 0;
	if (notify_wait(n, c, &why) < 0)
		log_warning("%s", err_msg(why));
	_exit(0);
}

void notify_done(struct notify *n)
{
	close_fd(&n->socket_fd);
	free(n->mounts);
	free(n->source);
	strv_free(n->env);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sd_notify(3) from inside: with NOTIFY_SOCKET in the environment of create the container gets a socket of ours at /run/notify/notify.sock; with it in the
 * environment of start, start waits for READY=1 there and tells the real socket, together with the container's pid as the host knows it.
 */
#ifndef SANDLOCK_CONTAINER_NOTIFY_H
#define SANDLOCK_CONTAINER_NOTIFY_H

#include <stdbool.h>

struct container;
struct err;
struct oci_config;
struct oci_mount;

struct notify {
	struct oci_mount *mounts; /* config's, and one more */
	char **env;
	char *source; /* <state root>/<id>/notify */
	int socket_fd;
};

#define NOTIFY_INIT                                                                                \
	{                                                                                          \
		.socket_fd = -EBADF                                                                \
	}

/* create: adds the mount and the variable to config, which borrows from n from then on. Without NOTIFY_SOCKET nothing happens. */
void notify_configure(struct notify *n, const char *root, const char *id,
		      struct oci_config *config);
/* create: the directory that is mounted, if notify_configure() did something. */
int notify_make(struct notify *n, struct container *c, struct err **err);
/* start, before the workload runs. Nothing to do without NOTIFY_SOCKET, or when create had none. */
int notify_bind(struct notify *n, struct container *c, struct err **err);
/* start, after it: blocks until READY=1 or the end of the container. Does not need the lock. */
int notify_wait(struct notify *n, struct container *c, struct err **err);
/* The same in a child process, which ends by itself (foreground run has other things to wait for). */
int notify_wait_aside(struct notify *n, struct container *c, struct err **err);
void notify_done(struct notify *n);

#endif

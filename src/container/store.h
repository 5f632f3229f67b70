/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state root and the directory of one container in it:
 *	config.json	copy of what the container was made from
 *	status		see status.h
 *	exec.fifo	there until `start`
 *	notify/		socket for sd_notify (notify.h)
 *	supervisor.sock	control socket, with copy-on-write
 * The container's directory (flock) is the lock: held by whoever changes the container. Commands only read under it or take
 * one consistent status file. The root may hold directories of other programs: they are never touched.
 */
#ifndef SANDLOCK_CONTAINER_STORE_H
#define SANDLOCK_CONTAINER_STORE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "container/status.h"

struct err;
struct oci_config;

#define STORE_NOTIFY_DIR    "notify"
#define STORE_NOTIFY_SOCKET "notify.sock"

struct container {
	char *root; /* state root */
	char *id;
	char *dirname; /* <root>/<id> */
	int dir_fd;
	struct status *status; /* NULL: create has not come that far */
};

/* --root, or the default for this user (/run/sandlock-oci, $XDG_RUNTIME_DIR/sandlock-oci). The caller frees. */
int store_root(const char *option, char **ret, struct err **err);

/* Makes the directory and locks it. -EEXIST: the id is in use. */
int store_create(const char *root, const char *id, struct container **ret, struct err **err);

#define STORE_LOCK (1u << 0) /* wait for the lock */
/* -ENOENT: "container `X` does not exist". A directory without status is opened as a half-made container. */
int store_open(const char *root, const char *id, unsigned flags, struct container **ret,
	       struct err **err);
void store_unlock(struct container *c);
void store_close(struct container *c); /* NULL is fine */

/* Removes the directory. Refuses (-ENOTEMPTY) one that holds files we do not know. */
int store_remove(struct container *c, struct err **err);

/* Ids of everything in the root that looks like a container, sorted; NULL-terminated. A missing root is an empty list. */
int store_list(const char *root, char ***ret, struct err **err);

int store_save_config(struct container *c, const char *text, size_t len, struct err **err);
/* The copy, parsed. Free with oci_config_free. */
int store_load_config(struct container *c, struct oci_config **ret, struct err **err);
/* What a file holds, parsed; used for the bundle's config.json too. text: see oci_config_parse, NULL-terminated copy for the caller. */
int store_parse_config(int at_fd, const char *path, const char *shown, char **ret_text,
		       size_t *ret_len, struct oci_config **ret, struct err **err);

static inline void store_cleanup_fn(struct container **c)
{
	store_close(*c);
}
#define cleanup_container ATTR_CLEANUP(store_cleanup_fn)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an object of the container to its name in the live root, in the supervisor's own mount:
 * copy-up renames there, since a rename between two mounts of one file system is EXDEV.
 */
#ifndef SANDLOCK_HANDLERS_LIVE_NAME_H
#define SANDLOCK_HANDLERS_LIVE_NAME_H

#include <limits.h>
#include <sys/types.h>

struct object;
struct request;
struct service;

enum live_kind {
	LIVE_NAMED, /* parent and name are set */
	LIVE_MOVED, /* copied up before; the descriptor still refers to the old inode; moved_fd
		       (O_PATH, in the container's mounts) is the private file that took its name */
	LIVE_GONE,  /* has no name any more */
};

struct live_name {
	enum live_kind kind;
	int parent;
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* relative to the live root, of LIVE_NAMED */
	int moved_fd;
};

/* -EROFS: the inode belongs to a lower but is not reached through the live root (a bind mount of
 * the image itself). */
int live_name_find(struct request *rq, const struct object *obj, struct live_name *ret);
void live_name_done(struct live_name *ln);

/* Finds svc->root_in_fs from our own mounts, once, before serving begins. */
int live_name_set_root(struct service *svc);

#endif

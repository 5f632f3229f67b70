/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's layer in the ids of the image, for podman to compare and to commit. */
#ifndef SANDLOCK_MOUNT_PLAIN_H
#define SANDLOCK_MOUNT_PLAIN_H

struct err;
struct mount_request;
struct root;

/*
 * own: <id>/sandlock with a complete live root; ids: what the request asks for (ids.h). 0: the live root is what is wanted. 1: *ret is a copy
 * of it as it is now, in the ids on disk.
 */
int plain_get(const struct mount_request *rq, const char *own, const char *ids, struct root *ret,
	      struct err **err);

#endif

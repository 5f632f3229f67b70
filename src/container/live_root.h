/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognising a root that sandlock-mount has made (src/mount/mount.h): its files are hard links to image layers. */
#ifndef SANDLOCK_CONTAINER_LIVE_ROOT_H
#define SANDLOCK_CONTAINER_LIVE_ROOT_H

struct err;

/*
 * Is the directory `path` the root of a store? Also if it is seen through a bind mount (buildah makes one). *ret_store: the store,
 * allocated, or NULL. A directory that cannot be looked at is none. -EINVAL: it is a directory inside such a root, or a root whose store cannot be
 * found from here; a container in it would write to image layers.
 */
int live_root_find(const char *path, char **ret_store, struct err **err);

#endif

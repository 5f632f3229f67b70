/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of a layer's files as a container with another id mapping is to see them. */
#ifndef SANDLOCK_MOUNT_IDS_H
#define SANDLOCK_MOUNT_IDS_H

#include <stdbool.h>

#include "mount/mount.h"

bool ids_are_mapped(const struct mount_request *rq);
/* An equal text means an equal mapping; "" without one. mount_request_parse reads it. Allocated. */
char *ids_text(const struct mount_request *rq);
/* What root's files on disk are shown as. */
void ids_root(const struct mount_request *rq, uid_t *ret_uid, gid_t *ret_gid);
/* As cow_owners_scan, in the ids that are shown. backwards: the trees have those already and get the ids on disk. */
int ids_owners(const struct mount_request *rq, char *const *trees, bool backwards,
	       struct cow_owners **ret, struct cow_fault *fault);

#endif

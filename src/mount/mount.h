/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount program for containers/storage (storage.conf: mount_program): instead of a union mount, a live root is bound on the target. See
 * docs/design/podman.md. Runs in sandlock-mount, with podman's or buildah's credentials, in their user and mount namespace.
 *
 * Beside the target (<id>/merged) it keeps <id>/sandlock/:
 *	live/		copy-on-write store (cow/cow.h) of a writable layer; create finds it from root.path
 *	live.ids	the id mapping it was made with, if any
 *	view*		stores whose roots are only shown read-only: image layers
 *	plain-*		a writable layer without its id mapping, for a comparison
 *	used, spare/	of an image's uppermost layer: it had a container; spare roots (pool.h)
 */
#ifndef SANDLOCK_MOUNT_MOUNT_H
#define SANDLOCK_MOUNT_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cow/cow.h"

struct err;

struct mount_id_range {
	uint32_t disk; /* as the image has it */
	uint32_t shown;
	uint32_t count;
};

struct mount_id_map {
	struct mount_id_range *ranges; /* NULL: ids are what they are */
	size_t n;
	bool squash; /* every id is shown as squash_id */
	uint32_t squash_id;
};

struct mount_request {
	char **lowers; /* absolute, uppermost first */
	char *upper;   /* absolute; NULL: read-only */
	bool readonly;
	struct mount_id_map uids, gids;
	uint64_t attrs; /* MOUNT_ATTR_* */
	bool share_given;
	enum cow_share share;
	uint32_t spare;	    /* how many spare roots to keep for an image */
	const char *target; /* absolute, borrowed */
};

/*
 * Adds one -o text to the request: what fuse-overlayfs(1) and mount(8) call these options. -EINVAL, -ENOTSUP with a text that names the option.
 */
int mount_request_parse(const char *text, struct mount_request *ret, struct err **err);
/* link, reflink, copy or auto. */
int mount_request_share(const char *word, struct mount_request *ret, struct err **err);
/* What is missing or does not fit together? To be called once all options are in. */
int mount_request_check(const struct mount_request *rq, struct err **err);
void mount_request_done(struct mount_request *rq);

/* Makes or finds the root that the request means and binds it on the target, over what is there. Repeating it is harmless. */
int mount_program_run(const struct mount_request *rq, struct err **err);

#endif

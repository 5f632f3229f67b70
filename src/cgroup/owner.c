/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving a group to the container's user, so that a systemd or a nested runtime inside can make groups of its own. cgroup v2 only: there the limits of a group
 * are files of its parent's owner, and the kernel says which of the others may change hands. Runs in create.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"

#define DELEGATE_DIR "/sys/kernel/cgroup"

/* Of kernels before 4.15, which have no list. */
static const char usual[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads";

static void give(const char *path, const struct cgroup_owner *owner)
{
	/* A file of a controller that is not there is no failure. */
	if (lchown(path, owner->uid, owner->gid) < 0 && errno != ENOENT)
		log_debug("cgroup: %s stays with its owner: %s", path, strerror(errno));
}

void cgroup_give(const struct cgroup *cg, const struct cgroup_owner *owner)
{
	cleanup_strv char **names = NULL;
	char text[1024];

	if (!owner->set || !cg->ours || cg->ops != &cgroup_v2_ops)
		return;
	names = strv_split(cgroup_read(DELEGATE_DIR, "delegate", text, sizeof(text)) == 0 ? text
											  : usual,
			   '\n');
	give(cg->dirs[0].path, owner);
	for (size_t i = 0; names[i]; i++) {
		cleanup_free char *path = xasprintf("%s/%s", cg->dirs[0].path, names[i]);

		give(path, owner);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live root of a container with an id mapping has the mapped owners, for hard links cannot show two. podman's comparison asks for the
 * layer without the mapping. Runs in sandlock-mount, under the lock of the target's directory.
 */
#include <config.h>

#include "mount/plain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "mount/ids.h"
#include "mount/root.h"
#include "mount/store.h"

#define IDS_MAX 65536
#define PREFIX	"plain-"

/* The mapping of the live root; "" if it has none. */
static int read_ids(const char *own, struct buf *ret, struct err **err)
{
	cleanup_free char *path = xasprintf("%s/live.ids", own);
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT)
		return buf_add_str(ret, "");
	r = fd < 0 ? -errno : fd_read_to_buf(fd, IDS_MAX, ret);
	return r < 0 ? err_set(err, r, "read %s", path) : buf_add_str(ret, "");
}

/* Copies of before. One that is still mounted somewhere stays mounted, without content: nobody compares twice at a time. */
static void remove_old(const char *own)
{
	cleanup_dir DIR *dir = opendir(own);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", own, d->d_name);

		if (str_starts(d->d_name, PREFIX))
			cow_remove(path, NULL);
	}
}

static int make(const char *own, const char *ids, const char *store, struct err **err)
{
	cleanup_free char *live = xasprintf("%s/live/root", own);
	char *const trees[] = {live, NULL};
	struct mount_request made = {0};
	struct cow_owners *owners = NULL;
	struct cow_fault fault = {0};
	int r = mount_request_parse(ids, &made, err);

	if (r == 0) {
		r = ids_owners(&made, trees, true, &owners, &fault);
		if (r < 0)
			err_set(err, r, "read owners: %s '%s'", fault.op ? fault.op : "open",
				fault.path);
	}
	if (r == 0)
		r = store_make(&(struct cow_params){.dir = store,
						    .owner_id = "",
						    .lowers = trees,
						    .share = COW_SHARE_AUTO,
						    .whiteout_files = true,
						    .owners = owners},
			       err);
	cow_owners_free(owners);
	mount_request_done(&made);
	return r;
}

int plain_get(const struct mount_request *rq, const char *own, const char *ids, struct root *ret,
	      struct err **err)
{
	cleanup_free char *store = xasprintf("%s/" PREFIX "%d", own, (int)getpid());
	cleanup_buf struct buf live_ids = {0};
	int r = read_ids(own, &live_ids, err);

	if (r < 0)
		return r;
	if (strcmp(live_ids.data, ids) == 0)
		return 0;
	if (ids_are_mapped(rq))
		return err_text(err, EINVAL, "the layer %s was made with another id mapping", own);
	remove_old(own);
	r = make(own, live_ids.data, store, err);
	if (r == 0)
		r = store_show(store, true, ret, err);
	return r < 0 ? r : 1;
}

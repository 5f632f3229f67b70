/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and finding stores; see store.h. Runs in sandlock-mount. */
#include <config.h>

#include "mount/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "mount/root.h"

/* The index is written last. */
bool store_is_complete(const char *store)
{
	cleanup_free char *path = xasprintf("%s/index", store);
	struct stat st;

	return lstat(path, &st) == 0;
}

static int fill(struct cow *cow, const char *store, struct err **err)
{
	struct cow_fault fault = {0};
	struct cow_stats stats;
	int r = cow_populate(cow, &stats, &fault);

	if (r < 0)
		return err_set(err, r, "make the live root %s: %s '%s'", store,
			       fault.op ? fault.op : "populate", fault.path);
	return 0;
}

int store_make(const struct cow_params *params, struct err **err)
{
	const char *store = params->dir;
	struct cow_fault fault = {0};
	struct cow *cow = NULL;
	int r = cow_remove(store, &fault);

	if (r < 0)
		return err_set(err, r, "remove what is left of %s: %s '%s'", store,
			       fault.op ? fault.op : "open", fault.path);
	r = cow_create(params, &cow);
	if (r < 0)
		return err_set(err, r, "make the store %s", store);
	r = fill(cow, store, err);
	cow_close(cow);
	if (r < 0)
		cow_remove(store, NULL);
	return r;
}

int store_show(const char *store, bool readonly, struct root *ret, struct err **err)
{
	cleanup_free char *path = xasprintf("%s/root", store);
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "open %s", path);
	*ret = (struct root){.fd = fd, .readonly = readonly};
	return 0;
}

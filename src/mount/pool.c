/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See pool.h. Runs in sandlock-mount, under the lock of the container's directory; the pool has locks of its own. */
#include <config.h>

#include "mount/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cow/cow.h"
#include "cow/spare.h"
#include "host/background.h"

void pool_init(struct pool *pool, const char *lower, unsigned want)
{
	const char *slash = strrchr(lower, '/');

	*pool = (struct pool){.dir = xstrndup(lower, (size_t)(slash - lower)), .want = want};
}

void pool_done(struct pool *pool)
{
	free(pool->dir);
}

static char *spare_dir(const struct pool *pool)
{
	return xasprintf("%s/sandlock/spare", pool->dir);
}

bool pool_take(const struct pool *pool, const struct cow_params *params)
{
	cleanup_free char *dir = pool->want ? spare_dir(pool) : NULL;
	struct cow_pool spares = {.dir = dir, .ids = ""};
	struct cow *cow = NULL;

	if (!dir || cow_spare_take(&spares, params, &cow) < 0)
		return false;
	cow_close(cow);
	return true;
}

/* Was there a container of this layer before? Says that there is one now. */
static bool was_used(const struct pool *pool)
{
	cleanup_free char *own = xasprintf("%s/sandlock", pool->dir);
	cleanup_free char *mark = xasprintf("%s/used", own);
	cleanup_fd int fd = -EBADF;

	if (mkdir(own, 0700) < 0 && errno != EEXIST)
		return false;
	fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 && errno == EEXIST;
}

struct refill {
	struct cow_pool spares;
	const struct cow_params *params;
};

static void refill_main(void *arg)
{
	const struct refill *refill = arg;

	cow_spare_fill(&refill->spares, refill->params, false, NULL);
}

void pool_refill(const struct pool *pool, const struct cow_params *params)
{
	cleanup_free char *dir = NULL;
	struct refill refill = {.params = params};

	if (!pool->want || !was_used(pool))
		return;
	dir = spare_dir(pool);
	refill.spares = (struct cow_pool){.dir = dir, .ids = ""};
	if (cow_spare_want(&refill.spares, params, pool->want, NULL) == 0)
		host_background("sandlock-spare", refill_main, &refill);
}

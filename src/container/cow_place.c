/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See cow_place.h. Runs in create. Trusted: the directories above the store are of whoever calls us. What lies in the store's place may be somebody
 * else's: it is only given away while it is an empty directory of ours, through its descriptor.
 */
#include <config.h>

#include "container/cow_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "plan/plan.h"

static bool outside(const struct plan_id_range *map, size_t n, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (map[i].inside == 0) {
			*ret = map[i].outside;
			return true;
		}
	}
	return false;
}

/* The container's root as we see it; false: it is ourselves, or nobody. */
static bool is_somebody_else(const struct plan *plan, uint32_t *uid, uint32_t *gid)
{
	const struct plan_ids *ids = &plan->ids;

	if (ids->how == PLAN_MAP_NONE || geteuid() != 0)
		return false;
	return outside(ids->uids, ids->n_uids, uid) && outside(ids->gids, ids->n_gids, gid) &&
	       *uid != 0;
}

/* ACLs are left aside: a directory that only an ACL opens is reported by whoever fails to enter it. */
static bool may_search(const struct stat *st, uint32_t uid, uint32_t gid)
{
	if (st->st_uid == uid)
		return st->st_mode & S_IXUSR;
	return st->st_mode & (st->st_gid == gid ? S_IXGRP : S_IXOTH);
}

static int check_way(const char *path, const char *what, const char *annotation, uint32_t uid,
		     uint32_t gid, struct err **err)
{
	cleanup_free char *part = xstrdup(path);

	for (char *p = part; (p = strchr(p + 1, '/')); *p = '/') {
		struct stat st;

		*p = '\0';
		if (stat(part, &st) == 0 && !may_search(&st, uid, gid))
			return err_text(
				err, EACCES,
				"the container's root (uid %u here) cannot get to the %s '%s', for "
				"it may not search '%s': choose another place with the annotation "
				"%s",
				uid, what, path, part, annotation);
	}
	return 0;
}

static int make_place(const struct plan *plan, const char *dir, const char *what,
		      const char *annotation, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	uint32_t uid, gid;
	struct stat st;
	int r;

	if (!is_somebody_else(plan, &uid, &gid))
		return 0;
	r = check_way(dir, what, annotation, uid, gid, err);
	if (r < 0)
		return r;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, errno, "make the %s '%s'", what, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, errno, "open the %s '%s'", what, dir);
	/* Mode and content are looked at by who uses it; a directory of a third one is refused there, too. */
	if (st.st_uid == geteuid() && fchown(fd, uid, gid) < 0)
		return err_set(err, errno, "give '%s' to the container's root", dir);
	return 0;
}

int cow_place_prepare(const struct plan *plan, struct err **err)
{
	return make_place(plan, plan->cow.dir, "copy-on-write store", "run.sandlock.cow.dir", err);
}

static void undo_place(const struct plan *plan, const char *dir)
{
	uint32_t uid, gid;

	if (is_somebody_else(plan, &uid, &gid))
		rmdir(dir);
}

void cow_place_undo(const struct plan *plan)
{
	undo_place(plan, plan->cow.dir);
}

int cow_place_prepare_pool(const struct plan *plan, struct err **err)
{
	return make_place(plan, plan->cow.spare, "pool of spare roots", "run.sandlock.cow.spare",
			  err);
}

void cow_place_undo_pool(const struct plan *plan)
{
	undo_place(plan, plan->cow.spare);
}

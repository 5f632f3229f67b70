/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Id mappings of a request; see ids.h. Runs in sandlock-mount. An id that no range has stays as it is, so the kernel decides whether it can be given. */
#include <config.h>

#include "mount/ids.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

bool ids_are_mapped(const struct mount_request *rq)
{
	return rq->uids.n || rq->uids.squash || rq->gids.n || rq->gids.squash;
}

static void add_map(struct buf *out, const char *map_key, const char *squash_key,
		    const struct mount_id_map *map)
{
	if (map->squash)
		buf_printf(out, ",%s=%u", squash_key, map->squash_id);
	for (size_t i = 0; i < map->n; i++)
		buf_printf(out, ",%s=%u:%u:%u", map_key, map->ranges[i].disk, map->ranges[i].shown,
			   map->ranges[i].count);
}

/* In the words of mount_request_parse, which reads it again. */
char *ids_text(const struct mount_request *rq)
{
	struct buf out = {0};

	if (!ids_are_mapped(rq))
		return xstrdup("");
	buf_add_str(&out, "rw");
	add_map(&out, "uidmapping", "squash_to_uid", &rq->uids);
	add_map(&out, "gidmapping", "squash_to_gid", &rq->gids);
	return buf_steal(&out);
}

static uint32_t translate(const struct mount_id_map *map, uint32_t id, bool backwards)
{
	if (map->squash)
		return backwards ? 0 : map->squash_id;
	for (size_t i = 0; i < map->n; i++) {
		const struct mount_id_range *r = &map->ranges[i];
		uint32_t from = backwards ? r->shown : r->disk, to = backwards ? r->disk : r->shown;

		if (id >= from && id - from < r->count)
			return to + (id - from);
	}
	return id;
}

void ids_root(const struct mount_request *rq, uid_t *ret_uid, gid_t *ret_gid)
{
	*ret_uid = translate(&rq->uids, 0, false);
	*ret_gid = translate(&rq->gids, 0, false);
}

struct translation {
	const struct mount_request *rq;
	bool backwards;
};

static void translate_owner(uid_t *uid, gid_t *gid, void *arg)
{
	const struct translation *t = arg;

	*uid = translate(&t->rq->uids, *uid, t->backwards);
	*gid = translate(&t->rq->gids, *gid, t->backwards);
}

int ids_owners(const struct mount_request *rq, char *const *trees, bool backwards,
	       struct cow_owners **ret, struct cow_fault *fault)
{
	struct translation t = {.rq = rq, .backwards = backwards};
	int r = cow_owners_scan(trees, ret, fault);

	if (r == 0)
		cow_owners_translate(*ret, translate_owner, &t);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prepare: spare roots for an image, or for the containers of a bundle. Runs in the command; makes the roots with the credentials that own a
 * container's files. The plan is that of a container, so that what is made here is what create looks for.
 */
#include <config.h>

#include "container/prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "container/container.h"
#include "container/cow_place.h"
#include "container/create.h"
#include "container/userns_call.h"
#include "cow/cow.h"
#include "cow/spare.h"
#include "libocispec/encode.h"
#include "libocispec/oci_config.h"

static void add_map(struct buf *out, const char *name, const struct plan_id_range *v, size_t n)
{
	buf_printf(out, " %s", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, " %u:%u:%u", v[i].inside, v[i].outside, v[i].count);
}

char *spare_ids(const struct plan_ids *ids)
{
	struct buf out = {0};

	buf_printf(&out, "%u", (unsigned)geteuid());
	if (ids->join_path)
		buf_printf(&out, " join %s", ids->join_path);
	if (ids->how != PLAN_MAP_NONE) {
		add_map(&out, "uids", ids->uids, ids->n_uids);
		add_map(&out, "gids", ids->gids, ids->n_gids);
	}
	return buf_steal(&out);
}

/* The least of a config.json that has the image as its root. */
static char *image_config(const char *image, const char *pool, const char *share, size_t *ret_len)
{
	struct buf out = {0};
	struct encoder e = {.out = &out};

	encode_begin_object(&e);
	encode_member_string(&e, "ociVersion", "1.0.2");
	encode_member_object(&e, "root");
	encode_member_string(&e, "path", image);
	encode_end_object(&e);
	encode_member_object(&e, "process");
	encode_member_string(&e, "cwd", "/");
	encode_member_array(&e, "args");
	encode_string(&e, "true");
	encode_end_array(&e);
	encode_end_object(&e);
	encode_member_object(&e, "linux");
	encode_member_array(&e, "namespaces");
	encode_begin_object(&e);
	encode_member_string(&e, "type", "mount");
	encode_end_object(&e);
	encode_end_array(&e);
	encode_end_object(&e);
	encode_member_object(&e, "annotations");
	if (share)
		encode_member_string(&e, "run.sandlock.cow.share", share);
	if (pool)
		encode_member_string(&e, "run.sandlock.cow.spare", pool);
	encode_end_object(&e);
	encode_end_object(&e);
	*ret_len = out.len;
	return buf_steal(&out);
}

struct work {
	const struct prepare_params *p;
	struct cow_pool pool;
	struct cow_params cow;
};

static int fill(void *arg, struct err **err)
{
	const struct work *w = arg;
	struct cow_fault fault = {0};
	int r = cow_spare_want(&w->pool, &w->cow, w->p->spare, &fault);

	if (r == 0 && w->p->spare)
		r = cow_spare_fill(&w->pool, &w->cow, true, &fault);
	if (r == -EAGAIN)
		return err_text(err, r,
				"the image changes while it is read: no spare root is made");
	if (r < 0)
		return err_set(err, r, "make spare roots in %s (%s '%s')", w->pool.dir,
			       fault.op ? fault.op : "open", fault.path);
	return 0;
}

static int fill_for(const struct creation *cr, const struct prepare_params *p, struct err **err)
{
	const struct plan_cow *cow = &cr->plan->cow;
	cleanup_free char *ids = spare_ids(&cr->plan->ids);
	struct cow_owners *owners = NULL;
	struct cow_fault fault = {0};
	struct work w = {
		.p = p,
		.pool = {.dir = cow->spare, .ids = ids},
		.cow = {.lowers = cow->lowers, .share = creation_share(cow->share)},
	};
	int r;

	if (!cow->spare)
		return err_text(err, EINVAL, "there is no place for spare roots: %s",
				"the annotation run.sandlock.cow.spare is off, or would have to "
				"name a directory outside of the image");
	/* Before the user namespace is entered, in which these owners would not be seen. */
	if (cow->shift_ids) {
		r = cow_owners_scan(cow->lowers, &owners, &fault);
		if (r < 0)
			return err_set(err, r, "read the owners of the image ('%s')", fault.path);
	}
	w.cow.owners = owners;
	r = p->spare ? cow_place_prepare_pool(cr->plan, err) : 0;
	if (r == 0)
		r = userns_call(&cr->plan->ids, fill, &w, err);
	/* which whoever is asked to remove it may be unable to do; what still holds spares stays */
	if (r < 0 || !p->spare)
		cow_place_undo_pool(cr->plan);
	cow_owners_free(owners);
	return r;
}

static int absolute(const char *path, char **ret, struct err **err)
{
	cleanup_free char *cwd = NULL;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_set(err, errno, "find the working directory");
	}
	*ret = cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
	return 0;
}

int container_prepare(const struct prepare_params *p, struct err **err)
{
	struct create_params params = {
		.id = "spare", .bundle = p->bundle ? p->bundle : "/", .cow = "on"};
	struct creation cr = CREATION_INIT(&params);
	cleanup_free char *image = NULL, *pool = NULL;
	int r = 0;

	cr.console_return = true; /* a terminal is no business of ours */
	if (p->image)
		r = absolute(p->image, &image, err);
	if (r == 0 && p->pool)
		r = absolute(p->pool, &pool, err);
	if (r == 0 && image)
		cr.config_text = image_config(image, pool, p->share, &cr.config_len);
	if (r == 0)
		r = creation_plan(&cr, err);
	if (r == 0)
		r = fill_for(&cr, p, err);
	creation_done(&cr);
	return r;
}

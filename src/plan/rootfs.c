/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root, its propagation, and whether copy-on-write is used for it. Part of building the plan: asks plan_env about directories only. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "libocispec/oci_types.h"

#define OVERFLOW_ID 65534 /* how an id that our user namespace does not know shows up */

static unsigned long propagation_flags(enum oci_propagation p)
{
	switch (p) {
	case OCI_PROPAGATION_UNSET:
	case OCI_PROPAGATION_RPRIVATE:
		return MS_PRIVATE | MS_REC;
	case OCI_PROPAGATION_PRIVATE:
		return MS_PRIVATE;
	case OCI_PROPAGATION_SHARED:
		return MS_SHARED;
	case OCI_PROPAGATION_RSHARED:
		return MS_SHARED | MS_REC;
	case OCI_PROPAGATION_SLAVE:
		return MS_SLAVE;
	case OCI_PROPAGATION_RSLAVE:
		return MS_SLAVE | MS_REC;
	case OCI_PROPAGATION_UNBINDABLE:
		return MS_UNBINDABLE;
	case OCI_PROPAGATION_RUNBINDABLE:
		return MS_UNBINDABLE | MS_REC;
	}
	return MS_PRIVATE | MS_REC;
}

int plan_rootfs(struct plan_ctx *ctx, struct err **err)
{
	struct plan_rootfs *root = &ctx->plan->rootfs;

	if (!ctx->config->root)
		return err_text(err, EINVAL, "root must be specified");
	root->config_path = plan_clean_path(
		ctx->plan, plan_absolute(ctx->plan, ctx->opts->bundle, ctx->config->root->path));
	root->path = root->config_path;
	root->readonly = ctx->config->root->readonly;
	root->propagation = propagation_flags(ctx->lin->rootfs_propagation);
	root->setup_propagation = root->propagation;
	if (root->propagation & MS_UNBINDABLE)
		root->setup_propagation = MS_PRIVATE | (root->propagation & MS_REC);
	root->propagation_given = ctx->lin->rootfs_propagation != OCI_PROPAGATION_UNSET;
	root->no_pivot = ctx->opts->no_pivot;
	return 0;
}

/* May the container's uid 0 create files in the directory? */
static bool root_may_write(const struct plan *plan, const struct host_dir *dir)
{
	const struct plan_ids *ids = &plan->ids;
	uint32_t root_uid, inside;

	if (dir->read_only)
		return false;
	if (ids->how == PLAN_MAP_NONE)
		return dir->writable;
	/* Its capabilities count only for inodes whose owner and group are mapped. */
	if (plan_id_outside(ids->uids, ids->n_uids, dir->uid, &inside) &&
	    plan_id_outside(ids->gids, ids->n_gids, dir->gid, &inside))
		return true;
	if (plan_id_inside(ids->uids, ids->n_uids, 0, &root_uid) && dir->uid == root_uid)
		return dir->mode & 0200;
	if (plan_id_inside(ids->gids, ids->n_gids, 0, &root_uid) && dir->gid == root_uid)
		return dir->mode & 0020;
	return dir->mode & 0002;
}

struct choice {
	const char *value;
	const char *source; /* for the reason and error texts */
};

static struct choice cow_mode(const struct plan_ctx *ctx)
{
	const char *annotation = plan_annotation(ctx->plan, "run.sandlock.cow");

	if (ctx->opts->cow)
		return (struct choice){ctx->opts->cow, "--cow"};
	if (annotation)
		return (struct choice){annotation, "annotation run.sandlock.cow"};
	if (ctx->opts->cow_env && ctx->opts->cow_env[0])
		return (struct choice){ctx->opts->cow_env, "SANDLOCK_COW"};
	if (ctx->opts->conf_cow)
		return (struct choice){ctx->opts->conf_cow, "configuration file"};
	return (struct choice){"auto", "default"};
}

/*
 * A live root of sandlock-mount shares files with image layers, so it is never used without the guard. Whoever names a store or more lowers
 * wants another live root on top of it.
 */
static bool is_live_root(const struct plan_ctx *ctx)
{
	return ctx->opts->live_store && !ctx->opts->cow_dir &&
	       !plan_annotation(ctx->plan, "run.sandlock.cow.dir") &&
	       !plan_annotation(ctx->plan, "run.sandlock.cow.lower");
}

static int decide_live_root(struct plan_ctx *ctx, const struct choice *mode, struct err **err)
{
	struct plan_cow *cow = &ctx->plan->cow;

	if (strcmp(mode->value, "off") == 0)
		return err_text(err, EINVAL,
				"%s: copy-on-write cannot be off: the rootfs `%s` shares files "
				"with image layers",
				mode->source, ctx->plan->rootfs.config_path);
	cow->on = true;
	cow->existing = true;
	cow->reason = "root.path is a live root of sandlock-mount";
	return 0;
}

static int decide(struct plan_ctx *ctx, const struct host_dir *dir, struct err **err)
{
	struct plan_cow *cow = &ctx->plan->cow;
	struct choice mode = cow_mode(ctx);

	if (is_live_root(ctx))
		return decide_live_root(ctx, &mode, err);
	if (strcmp(mode.value, "on") == 0 || strcmp(mode.value, "off") == 0) {
		cow->on = mode.value[1] == 'n';
		cow->reason = plan_printf(ctx->plan, "%s by %s", mode.value, mode.source);
		return 0;
	}
	if (strcmp(mode.value, "auto") != 0)
		return err_text(err, EINVAL, "%s: `%s` is not one of on, off, auto", mode.source,
				mode.value);
	cow->on = true;
	if (plan_annotation(ctx->plan, "run.sandlock.cow.lower")) {
		cow->reason = "auto: the bundle names lower layers";
	} else if (!ctx->plan->rootfs.readonly && !root_may_write(ctx->plan, dir)) {
		cow->reason = "auto: the container's root may not write to root.path";
	} else {
		cow->on = false;
		cow->reason = ctx->plan->rootfs.readonly
				      ? "auto: root.readonly, used in place"
				      : "auto: root.path is writable, used in place";
	}
	return 0;
}

/* One of a list of words; words that start with '!' are known but refused. what: for the error text. */
static int word_of(const char *value, const char *what, const char *const *words, unsigned *ret,
		   struct err **err)
{
	for (unsigned i = 0; words[i]; i++) {
		bool refused = words[i][0] == '!';

		if (strcmp(words[i] + refused, value) != 0)
			continue;
		if (refused)
			return err_text(err, ENOTSUP, "%s: `%s` is not supported yet", what, value);
		*ret = i;
		return 0;
	}
	return err_text(err, EINVAL, "%s: unknown value `%s`", what, value);
}

static int word_annotation(const struct plan_ctx *ctx, const char *key, const char *const *words,
			   unsigned *ret, struct err **err)
{
	const char *value = plan_annotation(ctx->plan, key);

	*ret = 0;
	return value ? word_of(value, plan_printf(ctx->plan, "annotation %s", key), words, ret, err)
		     : 0;
}

static const char *const populate_words[] = {"auto", "eager", "lazy", NULL};

const char *plan_populate_name(enum plan_populate populate)
{
	return populate_words[populate];
}

/* Where the annotation says nothing the configuration file may. */
static int populate_word(struct plan_ctx *ctx, unsigned *ret, struct err **err)
{
	static const char key[] = "run.sandlock.cow.populate";
	const char *conf = ctx->opts->conf_cow_populate;

	if (conf && !plan_annotation(ctx->plan, key))
		return word_of(conf, "the configuration file: cow.populate", populate_words, ret,
			       err);
	return word_annotation(ctx, key, populate_words, ret, err);
}

static const char *const share_words[] = {"auto", "link", "reflink", "copy", NULL};

const char *plan_share_name(enum plan_share share)
{
	return share_words[share];
}

static int cow_words(struct plan_ctx *ctx, unsigned *ret_ids, bool *ret_commits, struct err **err)
{
	static const char *const keep_words[] = {"discard", "keep", "commit", NULL};
	static const char *const guard_words[] = {"default", "!strict", NULL};
	static const char *const ids_words[] = {"auto", "mapped", "shifted", NULL};
	struct plan_cow *cow = &ctx->plan->cow;
	unsigned share, keep, populate, ignored;
	int r;

	if ((r = word_annotation(ctx, "run.sandlock.cow.share", share_words, &share, err)) < 0 ||
	    (r = word_annotation(ctx, "run.sandlock.cow.keep", keep_words, &keep, err)) < 0 ||
	    (r = populate_word(ctx, &populate, err)) < 0 ||
	    (r = word_annotation(ctx, "run.sandlock.cow.guard", guard_words, &ignored, err)) < 0 ||
	    (r = word_annotation(ctx, "run.sandlock.cow.ids", ids_words, ret_ids, err)) < 0)
		return r;
	cow->share = (enum plan_share)share;
	if (ctx->opts->cow_keep)
		r = word_of(ctx->opts->cow_keep, "option --cow-keep", keep_words, &keep, err);
	cow->keep = keep == 1;
	cow->populate = (enum plan_populate)populate;
	cow->lazy = ctx->opts->again && ctx->opts->cow_lazy;
	*ret_commits = keep == 2;
	return r;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0' || n == 1);
}

/* Where the changes go at the end. That it is there and a directory is checked now, not after an hour of work. */
static int cow_commit(struct plan_ctx *ctx, struct err **err)
{
	struct plan_cow *cow = &ctx->plan->cow;
	const char *to = plan_annotation(ctx->plan, "run.sandlock.cow.commit-to");
	struct host_dir dir;
	int r;

	if (ctx->opts->commit_to)
		to = ctx->opts->commit_to;
	else if (to)
		to = plan_absolute(ctx->plan, ctx->opts->bundle, to);
	if (!to)
		return err_text(
			err, EINVAL,
			"to commit the changes at the end say where: --commit-to or annotation "
			"run.sandlock.cow.commit-to");
	cow->commit_to = plan_clean_path(ctx->plan, to);
	if (is_below(cow->commit_to, cow->dir))
		return err_text(
			err, EINVAL,
			"the directory to commit to, `%s`, lies inside the copy-on-write directory",
			cow->commit_to);
	r = ctx->opts->again ? 0 : ctx->env->dir_facts(cow->commit_to, &dir);
	return r < 0 ? err_set(err, r, "the directory to commit to, `%s`", cow->commit_to) : 0;
}

static int cow_ids(struct plan_ctx *ctx, unsigned word, const struct host_dir *dir,
		   struct err **err)
{
	const struct plan_ids *ids = &ctx->plan->ids;
	uint32_t inside;

	if (word == 2 && ids->how == PLAN_MAP_NONE)
		return err_text(
			err, EINVAL,
			"annotation run.sandlock.cow.ids: `shifted` needs a new user namespace");
	/* An owner that even we cannot see cannot be shifted either. */
	if (ctx->plan->cow.existing) /* made with the right ones */
		return 0;
	ctx->plan->cow.shift_ids =
		word == 2 || (word == 0 && ids->how != PLAN_MAP_NONE && dir->uid != OVERFLOW_ID &&
			      !plan_id_outside(ids->uids, ids->n_uids, dir->uid, &inside));
	return 0;
}

/* Spare roots lie beside the uppermost lower, so on its file system, unless the annotation says where. */
static int cow_spare(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct plan_cow *cow = &plan->cow;
	const char *value = plan_annotation(plan, "run.sandlock.cow.spare"), *slash, *pool;

	if (value && strcmp(value, "off") == 0)
		return 0;
	if (value)
		pool = plan_absolute(plan, ctx->opts->bundle, value);
	else if ((slash = strrchr(cow->lowers[0], '/')) && slash[1])
		pool = plan_printf(plan, "%.*s/.sandlock-spare-%s", (int)(slash - cow->lowers[0]),
				   cow->lowers[0], slash + 1);
	else
		return 0; /* the lower is "/" */
	pool = plan_clean_path(plan, pool);
	for (size_t i = 0; cow->lowers[i]; i++) {
		if (!is_below(pool, cow->lowers[i]))
			continue;
		return !value ? 0
			      : err_text(err, EINVAL,
					 "annotation run.sandlock.cow.spare: `%s` lies inside the "
					 "lower directory `%s`",
					 pool, cow->lowers[i]);
	}
	cow->spare = pool;
	return 0;
}

static int cow_places(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct plan_cow *cow = &plan->cow;
	const char *lower = plan_annotation(plan, "run.sandlock.cow.lower");
	const char *dir = plan_annotation(plan, "run.sandlock.cow.dir");

	if (cow->existing) {
		cow->dir = ctx->opts->live_store;
		cow->keep = true;
		return 0;
	}
	strv_add(&cow->lowers, plan->rootfs.config_path);
	if (lower) {
		char **more = strv_split(lower, ':');

		for (size_t i = 0; more && more[i]; i++)
			strv_add(&cow->lowers,
				 plan_clean_path(plan,
						 plan_absolute(plan, ctx->opts->bundle, more[i])));
		strv_free(more);
	}
	if (ctx->opts->cow_dir)
		dir = ctx->opts->cow_dir;
	else if (dir)
		dir = plan_absolute(plan, ctx->opts->bundle, dir);
	else if (ctx->opts->conf_cow_dir)
		dir = plan_printf(plan, "%s/%s", ctx->opts->conf_cow_dir, plan->id);
	else
		dir = plan_printf(plan, "%s/.sandlock-cow-%s", plan->bundle, plan->id);
	cow->dir = plan_clean_path(plan, dir);
	for (size_t i = 0; cow->lowers[i]; i++) {
		if (is_below(cow->dir, cow->lowers[i]))
			return err_text(err, EINVAL,
					"the copy-on-write directory `%s` lies inside the lower "
					"directory `%s`",
					cow->dir, cow->lowers[i]);
	}
	plan->rootfs.path = plan_printf(plan, "%s/root", cow->dir);
	return cow_spare(ctx, err);
}

int plan_cow(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct host_dir dir = {0};
	bool commits;
	unsigned ids;
	int r = ctx->env->dir_facts(plan->rootfs.config_path, &dir);

	if (r < 0 && ctx->opts->again)
		r = 0;
	if (r == -ENOENT || r == -ENOTDIR)
		return err_text(err, r, "the rootfs path `%s` %s", plan->rootfs.config_path,
				r == -ENOENT ? "does not exist" : "is not a directory");
	if (r < 0)
		return err_set(err, r, "the rootfs path `%s`", plan->rootfs.config_path);
	r = decide(ctx, &dir, err);
	if (r < 0)
		return r;
	/* Checked even when off: a typing mistake must not wait for the day it is on. */
	r = cow_words(ctx, &ids, &commits, err);
	if (r == 0 && commits && !plan->cow.on)
		return err_text(err, EINVAL,
				"the changes are to be committed at the end, but there is no "
				"copy-on-write (%s)",
				plan->cow.reason);
	if (r < 0 || !plan->cow.on)
		return r;
	r = cow_ids(ctx, ids, &dir, err);
	if (r < 0)
		return r;
	plan->notify = true;
	r = cow_places(ctx, err);
	return r == 0 && commits ? cow_commit(ctx, err) : r;
}

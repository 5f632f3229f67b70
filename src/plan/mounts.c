/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts[]: the table of mount options and its decoding. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"
#include "plan/mountopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "host/mount.h"
#include "libocispec/oci_types.h"

enum opt_kind {
	OPT_NONE,      /* no effect: the kernel's default */
	OPT_ATTR,      /* flag of the mount */
	OPT_REC,       /* flag of the mount and everything below */
	OPT_SB,	       /* flag of the file system */
	OPT_PROPAGATE, /* MS_SHARED and its kin */
	OPT_BIND,
	OPT_RBIND,
	OPT_COPY_UP,
	OPT_COPY_SYMLINK,
	OPT_SRC_NOFOLLOW,
	OPT_DEST_NOFOLLOW,
	OPT_REMOUNT,
	OPT_IDMAP,
	OPT_RIDMAP,
};

struct mount_option {
	const char *name;
	enum opt_kind kind;
	uint64_t set;
	uint64_t clr;
};

#define ATIME MOUNT_ATTR__ATIME

/* clang-format off */
static const struct mount_option options[] = {
	{ "async",	    OPT_SB,   0, MS_SYNCHRONOUS },
	{ "atime",	    OPT_ATTR, MOUNT_ATTR_RELATIME, ATIME },
	{ "bind",	    OPT_BIND },
	{ "copy-symlink",   OPT_COPY_SYMLINK },
	{ "defaults",	    OPT_NONE },
	{ "dest-nofollow",  OPT_DEST_NOFOLLOW },
	{ "dev",	    OPT_ATTR, 0, MOUNT_ATTR_NODEV },
	{ "diratime",	    OPT_ATTR, 0, MOUNT_ATTR_NODIRATIME },
	{ "dirsync",	    OPT_SB,   MS_DIRSYNC, 0 },
	{ "exec",	    OPT_ATTR, 0, MOUNT_ATTR_NOEXEC },
	{ "idmap",	    OPT_IDMAP },
	{ "iversion",	    OPT_SB,   MS_I_VERSION, 0 },
	{ "lazytime",	    OPT_SB,   MS_LAZYTIME, 0 },
	{ "loud",	    OPT_SB,   0, MS_SILENT },
	{ "mand",	    OPT_SB,   MS_MANDLOCK, 0 },
	{ "noatime",	    OPT_ATTR, MOUNT_ATTR_NOATIME, ATIME },
	{ "nodev",	    OPT_ATTR, MOUNT_ATTR_NODEV, 0 },
	{ "nodiratime",	    OPT_ATTR, MOUNT_ATTR_NODIRATIME, 0 },
	{ "noexec",	    OPT_ATTR, MOUNT_ATTR_NOEXEC, 0 },
	{ "noiversion",	    OPT_SB,   0, MS_I_VERSION },
	{ "nolazytime",	    OPT_SB,   0, MS_LAZYTIME },
	{ "nomand",	    OPT_SB,   0, MS_MANDLOCK },
	{ "norelatime",	    OPT_ATTR, MOUNT_ATTR_RELATIME, ATIME },
	{ "nostrictatime",  OPT_ATTR, MOUNT_ATTR_RELATIME, ATIME },
	{ "nosuid",	    OPT_ATTR, MOUNT_ATTR_NOSUID, 0 },
	{ "nosymfollow",    OPT_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "private",	    OPT_PROPAGATE, MS_PRIVATE },
	{ "ratime",	    OPT_REC,  MOUNT_ATTR_RELATIME, ATIME },
	{ "rbind",	    OPT_RBIND },
	{ "rdev",	    OPT_REC,  0, MOUNT_ATTR_NODEV },
	{ "rdiratime",	    OPT_REC,  0, MOUNT_ATTR_NODIRATIME },
	{ "relatime",	    OPT_ATTR, MOUNT_ATTR_RELATIME, ATIME },
	{ "remount",	    OPT_REMOUNT },
	{ "rexec",	    OPT_REC,  0, MOUNT_ATTR_NOEXEC },
	{ "ridmap",	    OPT_RIDMAP },
	{ "rnoatime",	    OPT_REC,  MOUNT_ATTR_NOATIME, ATIME },
	{ "rnodev",	    OPT_REC,  MOUNT_ATTR_NODEV, 0 },
	{ "rnodiratime",    OPT_REC,  MOUNT_ATTR_NODIRATIME, 0 },
	{ "rnoexec",	    OPT_REC,  MOUNT_ATTR_NOEXEC, 0 },
	{ "rnorelatime",    OPT_REC,  MOUNT_ATTR_RELATIME, ATIME },
	{ "rnostrictatime", OPT_REC,  MOUNT_ATTR_RELATIME, ATIME },
	{ "rnosuid",	    OPT_REC,  MOUNT_ATTR_NOSUID, 0 },
	{ "rnosymfollow",   OPT_REC,  MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "ro",		    OPT_ATTR, MOUNT_ATTR_RDONLY, 0 },
	{ "rprivate",	    OPT_PROPAGATE, MS_PRIVATE | MS_REC },
	{ "rrelatime",	    OPT_REC,  MOUNT_ATTR_RELATIME, ATIME },
	{ "rro",	    OPT_REC,  MOUNT_ATTR_RDONLY, 0 },
	{ "rrw",	    OPT_REC,  0, MOUNT_ATTR_RDONLY },
	{ "rshared",	    OPT_PROPAGATE, MS_SHARED | MS_REC },
	{ "rslave",	    OPT_PROPAGATE, MS_SLAVE | MS_REC },
	{ "rstrictatime",   OPT_REC,  MOUNT_ATTR_STRICTATIME, ATIME },
	{ "rsuid",	    OPT_REC,  0, MOUNT_ATTR_NOSUID },
	{ "rsymfollow",	    OPT_REC,  0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable",    OPT_PROPAGATE, MS_UNBINDABLE | MS_REC },
	{ "rw",		    OPT_ATTR, 0, MOUNT_ATTR_RDONLY },
	{ "shared",	    OPT_PROPAGATE, MS_SHARED },
	{ "silent",	    OPT_SB,   MS_SILENT, 0 },
	{ "slave",	    OPT_PROPAGATE, MS_SLAVE },
	{ "src-nofollow",   OPT_SRC_NOFOLLOW },
	{ "strictatime",    OPT_ATTR, MOUNT_ATTR_STRICTATIME, ATIME },
	{ "suid",	    OPT_ATTR, 0, MOUNT_ATTR_NOSUID },
	{ "symfollow",	    OPT_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync",	    OPT_SB,   MS_SYNCHRONOUS, 0 },
	{ "tmpcopyup",	    OPT_COPY_UP },
	{ "unbindable",	    OPT_PROPAGATE, MS_UNBINDABLE },
};
/* clang-format on */

const char *plan_mount_option_name(size_t i)
{
	return i < ARRAY_SIZE(options) ? options[i].name : NULL;
}

static int compare_option(const void *name, const void *option)
{
	return strcmp(name, ((const struct mount_option *)option)->name);
}

static void change(uint64_t *set, uint64_t *clr, const struct mount_option *o)
{
	*set = (*set & ~o->clr) | o->set;
	*clr = (*clr & ~o->set) | o->clr;
}

/* False: an option that is not ours (file system data). */
static bool apply_option(struct plan_mount *m, const char *name)
{
	const struct mount_option *o =
		bsearch(name, options, ARRAY_SIZE(options), sizeof(options[0]), compare_option);
	uint64_t sb = m->sb_flags, ignored = 0;

	if (str_starts(name, "idmap=") || str_starts(name, "ridmap=")) {
		m->idmap_asked = true;
		m->idmap_rec |= name[0] == 'r';
		m->idmap_text = strchr(name, '=') + 1;
		return true;
	}
	if (!o)
		return false;
	switch (o->kind) {
	case OPT_NONE:
		break;
	case OPT_ATTR:
		change(&m->attr_set, &m->attr_clr, o);
		break;
	case OPT_REC:
		change(&m->rec_set, &m->rec_clr, o);
		break;
	case OPT_SB:
		change(&sb, &ignored, o);
		m->sb_flags = (unsigned long)sb;
		break;
	case OPT_PROPAGATE:
		m->propagation = (unsigned long)o->set;
		break;
	case OPT_RBIND:
	case OPT_BIND:
		m->rec |= o->kind == OPT_RBIND;
		if (m->kind != PLAN_MOUNT_REMOUNT)
			m->kind = PLAN_MOUNT_BIND;
		break;
	case OPT_COPY_UP:
		m->copy_up = true;
		break;
	case OPT_COPY_SYMLINK:
		m->copy_symlink = true;
		break;
	case OPT_SRC_NOFOLLOW:
		m->src_nofollow = true;
		break;
	case OPT_DEST_NOFOLLOW:
		m->dest_nofollow = true;
		break;
	case OPT_REMOUNT:
		m->kind = PLAN_MOUNT_REMOUNT;
		break;
	case OPT_IDMAP:
	case OPT_RIDMAP:
		m->idmap_asked = true;
		m->idmap_rec |= o->kind == OPT_RIDMAP;
		break;
	}
	return true;
}

static bool gid_is_mapped(const struct plan *plan, const char *value)
{
	uint32_t gid, outside;

	return plan->ids.how == PLAN_MAP_NONE || num_parse_u32(value, &gid) < 0 ||
	       plan_id_inside(plan->ids.gids, plan->ids.n_gids, gid, &outside);
}

static void decode_options(struct plan_ctx *ctx, const struct oci_mount *from, struct plan_mount *m)
{
	struct buf data = {0};

	for (size_t i = 0; from->options && from->options[i]; i++) {
		const char *o = from->options[i];

		if (apply_option(m, o) || o[0] == '\0')
			continue;
		/* Every generator writes gid=5 for devpts, also where no such group is mapped. */
		if (from->type && strcmp(from->type, "devpts") == 0 && str_starts(o, "gid=") &&
		    !gid_is_mapped(ctx->plan, o + 4)) {
			plan_warn(ctx->plan,
				  "mount `%s`: option `%s` is left out: not a mapped group",
				  from->destination, o);
			continue;
		}
		buf_printf(&data, "%s%s", data.len ? "," : "", o);
	}
	m->data = plan_own(ctx->plan, buf_steal(&data));
}

static int decode_kind(struct plan_ctx *ctx, const struct oci_mount *from, struct plan_mount *m,
		       struct err **err)
{
	const char *type = from->type;

	if (m->kind == PLAN_MOUNT_REMOUNT)
		return 0;
	if (type && (strcmp(type, "bind") == 0 || strcmp(type, "rbind") == 0)) {
		m->kind = PLAN_MOUNT_BIND;
		m->rec |= type[0] == 'r';
	}
	if (m->kind == PLAN_MOUNT_BIND) {
		if (!from->source)
			return err_text(err, EINVAL, "a bind mount needs a source");
		m->source = plan_absolute(ctx->plan, ctx->opts->bundle, from->source);
		if (m->data[0])
			plan_warn(ctx->plan, "mount `%s`: `%s` has no effect on a bind mount",
				  m->dest, m->data);
		return 0;
	}
	if (!type)
		return err_text(err, EINVAL, "neither a type nor the option bind");
	m->fstype = type;
	m->source = from->source;
	if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0)
		m->kind = PLAN_MOUNT_CGROUP;
	if (m->copy_up && strcmp(type, "tmpfs") != 0)
		return err_text(err, EINVAL, "option tmpcopyup needs a tmpfs");
	return 0;
}

static int add_label(struct plan_ctx *ctx, struct plan_mount *m, struct err **err)
{
	static const char *const types[] = {"context", "fscontext", "defcontext", "rootcontext",
					    NULL};
	const char *label = ctx->lin->mount_label;
	const char *type = plan_annotation(ctx->plan, "run.oci.mount_context_type");

	if (type && !strv_has(types, type))
		return err_text(err, EINVAL,
				"annotation run.oci.mount_context_type: `%s` is not one of "
				"context, fscontext, defcontext, rootcontext",
				type);
	if (!label || m->kind != PLAN_MOUNT_FS || strcmp(m->fstype, "proc") == 0 ||
	    strcmp(m->fstype, "sysfs") == 0)
		return 0;
	m->data = plan_printf(ctx->plan, "%s%s%s=\"%s\"", m->data, m->data[0] ? "," : "",
			      type ? type : "context", label);
	return 0;
}

static int decode_mount(struct plan_ctx *ctx, const struct oci_mount *from, struct plan_mount *m,
			struct err **err)
{
	int r;

	m->dest = plan_clean_path(ctx->plan, from->destination);
	if (from->destination[0] != '/')
		plan_warn(ctx->plan, "mount destination `%s` is not absolute: taken as `%s`",
			  from->destination, m->dest);
	if (strcmp(m->dest, "/") == 0)
		return err_text(err, ENOTSUP, "mounting over the root is not supported");
	decode_options(ctx, from, m);
	r = decode_kind(ctx, from, m, err);
	if (r < 0)
		return r;
	r = add_label(ctx, m, err);
	if (r < 0)
		return r;
	return plan_idmap(ctx, from, m, err);
}

int plan_mounts(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	size_t n = ctx->config->n_mounts;

	plan->mounts = xcalloc(n + 1, sizeof(*plan->mounts));
	plan->n_mounts = n;
	for (size_t i = 0; i < n; i++) {
		int r = decode_mount(ctx, &ctx->config->mounts[i], &plan->mounts[i], err);

		if (r < 0)
			return err_wrap(err, "mounts[%zu] (`%s`)", i,
					ctx->config->mounts[i].destination);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Landlock domains of a process: the runtime's own (annotations run.sandlock.landlock*) and process.landlock. Part of building the plan: no
 * side effects. docs/design/landlock.md has the reasons.
 */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "host/landlock_sys.h"
#include "host/mount.h"
#include "landlock/layer.h"
#include "landlock/rights.h"
#include "libocispec/oci_types.h"

#define NEWEST LANDLOCK_ABI_MAX

enum mode {
	MODE_AUTO,
	MODE_OFF,
	MODE_STRICT,
};

static int get_mode(const struct plan_ctx *ctx, enum mode *ret, struct err **err)
{
	static const char *const words[] = {"auto", "off", "strict"};
	const char *value = plan_annotation(ctx->plan, "run.sandlock.landlock");

	*ret = MODE_AUTO;
	for (unsigned i = 0; value && i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], value) != 0)
			continue;
		*ret = (enum mode)i;
		return 0;
	}
	return value ? err_text(err, EINVAL,
				"annotation run.sandlock.landlock: `%s` is not one of auto, off, "
				"strict",
				value)
		     : 0;
}

static struct landlock_layer *add_layer(struct plan *plan, const char *name)
{
	struct landlock_layer *layer;

	plan->landlock = xreallocarray(plan->landlock, plan->n_landlock + 1, sizeof(*layer));
	layer = &plan->landlock[plan->n_landlock++];
	*layer = (struct landlock_layer){.name = name};
	return layer;
}

/* Adds the layer's fate to the plan: reduced to what the kernel knows, or gone with a warning. */
static int settle(struct plan_ctx *ctx, struct err **err)
{
	struct plan *plan = ctx->plan;
	struct landlock_layer *layer = &plan->landlock[plan->n_landlock - 1];
	bool wanted = !landlock_is_empty(layer);
	uint64_t bits = 0;
	int kind = 0, abi = ctx->env->caps->landlock_abi;

	if (landlock_fit(layer, abi, &kind, &bits) < 0) {
		const char *name = landlock_right_name((enum landlock_kind)kind,
						       (unsigned)__builtin_ctzll(bits));

		return err_text(err, ENOTSUP,
				"%s: the right `%s` is unknown to this kernel (Landlock ABI %d)",
				layer->name, name, abi);
	}
	if (landlock_is_empty(layer)) {
		if (wanted)
			plan_warn(plan, "%s is not applied: the kernel has Landlock ABI %d",
				  layer->name, abi);
		landlock_layer_done(layer);
		plan->n_landlock--;
	}
	return 0;
}

/* rights of what config.json mounts */

static uint64_t all_rights(void)
{
	return landlock_rights(LANDLOCK_KIND_FS, NEWEST);
}

/*
 * A read-only tree takes writes to its FIFOs and devices all the same (the kernel's rule is about regular files and directories), and programs rely
 * on it. Only `strict` does without.
 */
static uint64_t read_only_rights(enum mode mode)
{
	uint64_t read = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_IOCTL_DEV;

	return mode == MODE_STRICT ? read : read | LANDLOCK_ACCESS_FS_WRITE_FILE;
}

/*
 * Mounts that have others below which config.json does not describe: those of cgroup v1, the host's sysfs where a new one is not possible, and
 * recursive binds (and what is remounted), where the options without r are about the topmost mount only.
 */
static bool has_mounts_below(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_CGROUP || m->kind == PLAN_MOUNT_REMOUNT ||
	       (m->kind == PLAN_MOUNT_BIND && m->rec) ||
	       (m->kind == PLAN_MOUNT_FS && strcmp(m->fstype, "sysfs") == 0);
}

static uint64_t mount_rights(const struct plan_mount *m, enum mode mode)
{
	uint64_t attrs = has_mounts_below(m) ? m->rec_set : m->attr_set | m->rec_set;
	uint64_t rights = attrs & MOUNT_ATTR_RDONLY ? read_only_rights(mode) : all_rights();

	if (attrs & MOUNT_ATTR_NOEXEC)
		rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	return rights;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Rights add up along the path, so a rule that an earlier one contains is superfluous. */
static void allow(struct landlock_layer *layer, const char *path, uint64_t access)
{
	for (size_t i = 0; i < layer->n_paths; i++) {
		struct landlock_path *p = &layer->paths[i];

		if (is_below(path, p->path) && (access & ~p->access) == 0)
			return;
	}
	landlock_add_path(layer, path, access);
}

/* May something be mounted in the root that config.json's mounts do not tell of? */
static bool has_unknown_mounts(const struct plan_ctx *ctx)
{
	const struct oci_hook_list *hooks = ctx->config->hooks;

	return hooks[OCI_HOOK_PRESTART].n || hooks[OCI_HOOK_CREATE_RUNTIME].n ||
	       hooks[OCI_HOOK_CREATE_CONTAINER].n || ctx->plan->rootfs.propagation_given;
}

static void allow_mounts(struct landlock_layer *layer, const struct plan *plan, enum mode mode)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct plan_mount *m = &plan->mounts[i];
		bool covered = false;

		/* What is mounted over cannot be reached any more. */
		for (size_t j = i + 1; j < plan->n_mounts && !covered; j++)
			covered = is_below(m->dest, plan->mounts[j].dest);
		if (!covered)
			allow(layer, m->dest, mount_rights(m, mode));
	}
	for (size_t i = 0; i < plan->n_devices; i++)
		allow(layer, plan->devices[i].path,
		      LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			      LANDLOCK_ACCESS_FS_IOCTL_DEV);
}

/* exec's plan has no mounts and devices; the policy is the one of the container all the same. */
static int with_mounts(struct plan_ctx *ctx, struct landlock_layer *layer, enum mode mode,
		       struct err **err)
{
	struct plan *plan = ctx->plan;
	bool borrowed = plan->mounts == NULL;
	int r = 0;

	if (borrowed && (r = plan_mounts(ctx, err)) >= 0)
		r = plan_devices(ctx, err);
	if (r >= 0)
		allow_mounts(layer, plan, mode);
	if (borrowed) {
		plan_free_mounts(plan);
		plan->bind_devices = false;
	}
	return r;
}

static int allow_files(struct plan_ctx *ctx, struct landlock_layer *layer, enum mode mode,
		       struct err **err)
{
	const struct plan *plan = ctx->plan;

	layer->fs = all_rights();
	/* Where other mounts can turn up in the root, and everywhere in a writable one, the mounts' own flags are the limit. */
	if (!plan->rootfs.readonly || has_unknown_mounts(ctx)) {
		landlock_add_path(layer, "/", all_rights());
		return 0;
	}
	landlock_add_path(layer, "/", read_only_rights(mode));
	return with_mounts(ctx, layer, mode, err);
}

/* "80,443,8000-8010", "none" */
static int add_ports(struct landlock_layer *layer, const char *key, const char *value,
		     uint64_t access, struct err **err)
{
	cleanup_strv char **words = strv_split(value, ',');

	for (size_t i = 0; words && words[i] && strcmp(value, "none") != 0; i++) {
		char *dash = strchr(words[i], '-');
		uint32_t first, last;

		if (dash)
			*dash = '\0';
		if (num_parse_u32(words[i], &first) < 0 ||
		    num_parse_u32(dash ? dash + 1 : words[i], &last) < 0 || first > last ||
		    last > UINT16_MAX)
			return err_text(err, EINVAL,
					"annotation %s: `%s` is not `none` or a list of ports and "
					"ranges such as 80,8000-8010",
					key, value);
		for (uint32_t port = first; port <= last; port++)
			landlock_add_port(layer, (uint16_t)port, access);
	}
	layer->net |= access;
	return 0;
}

static int allow_ports(struct plan_ctx *ctx, struct landlock_layer *layer, struct err **err)
{
	static const struct {
		const char *key;
		uint64_t access;
	} rows[] = {
		{"run.sandlock.landlock.tcp.bind", LANDLOCK_ACCESS_NET_BIND_TCP},
		{"run.sandlock.landlock.tcp.connect", LANDLOCK_ACCESS_NET_CONNECT_TCP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = plan_annotation(ctx->plan, rows[i].key);
		int r = value ? add_ports(layer, rows[i].key, value, rows[i].access, err) : 0;

		if (r < 0)
			return r;
		/* Asked for by name: doing without is not an option. */
		if (value && ctx->env->caps->landlock_abi < 4)
			return err_text(
				err, ENOTSUP,
				"annotation %s: this kernel cannot restrict ports (Landlock "
				"ABI %d, 4 is needed)",
				rows[i].key, ctx->env->caps->landlock_abi);
	}
	return 0;
}

/*
 * A process that may get CAP_SYS_ADMIN is meant to mount, which a domain forbids. exec's domain stands beside that of the container, so one that was given
 * CAP_SYS_PTRACE could use it on nothing: who gives it wants to look into the container's processes.
 */
static bool needs_no_domain(const struct plan_ctx *ctx)
{
	const struct plan_caps *c = &ctx->plan->process.caps;
	bool is_exec = ctx->process != ctx->config->process;

	if ((c->bounding | c->permitted | c->inheritable) & UINT64_C(1) << CAP_SYS_ADMIN)
		return true;
	return is_exec && (c->permitted & UINT64_C(1) << CAP_SYS_PTRACE);
}

/* Files: not below ABI 2, where every rename between directories would fail. */
static int own_layer(struct plan_ctx *ctx, enum mode mode, struct err **err)
{
	struct plan *plan = ctx->plan;
	int abi = ctx->env->caps->landlock_abi, r = 0;
	struct landlock_layer *layer = add_layer(plan, "annotation run.sandlock.landlock");

	if (mode == MODE_STRICT && abi < 1)
		return err_text(err, ENOTSUP,
				"annotation run.sandlock.landlock: this kernel has no Landlock");
	if (mode == MODE_STRICT || (mode == MODE_AUTO && abi >= 2 && !needs_no_domain(ctx))) {
		r = allow_files(ctx, layer, mode, err);
		/* add_layer's place is good no longer than the array, but nothing was added to it meanwhile. */
		if (r < 0)
			return r;
		if (plan->ns[PLAN_NS_NET].how == PLAN_NS_INHERIT)
			layer->scoped |= LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
		if (plan->ns[PLAN_NS_PID].how == PLAN_NS_INHERIT)
			layer->scoped |= LANDLOCK_SCOPE_SIGNAL;
	}
	r = allow_ports(ctx, layer, err);
	if (r < 0)
		return r;
	if (mode == MODE_OFF && layer->net)
		return err_text(err, EINVAL,
				"annotation run.sandlock.landlock: `off` contradicts "
				"run.sandlock.landlock.tcp.*");
	if (mode == MODE_STRICT && layer->scoped && abi < 6)
		return err_text(
			err, ENOTSUP,
			"annotation run.sandlock.landlock: `strict` with a namespace of the "
			"host needs Landlock ABI 6, this kernel has %d",
			abi);
	return settle(ctx, err);
}

/* process.landlock */

static int parse_rights(enum landlock_kind kind, char *const *names, const char *where,
			uint64_t *ret, struct err **err)
{
	uint64_t all = 0, one;

	for (size_t i = 0; names && names[i]; i++) {
		if (landlock_parse_right(kind, names[i], &one) < 0)
			return err_text(err, EINVAL, "process.landlock.%s: unknown right `%s`",
					where, names[i]);
		all |= one;
	}
	*ret = all;
	return 0;
}

static int rule_rights(enum landlock_kind kind, char *const *names, const char *list, size_t i,
		       uint64_t handled, uint64_t *ret, struct err **err)
{
	char where[64];
	int r;

	snprintf(where, sizeof(where), "rules.%s[%zu].allowedAccess", list, i);
	r = parse_rights(kind, names, where, ret, err);
	if (r >= 0 && (*ret & ~handled))
		return err_text(
			err, EINVAL,
			"process.landlock.%s: `%s` is not among the handled rights of "
			"ruleset",
			where,
			landlock_right_name(kind, (unsigned)__builtin_ctzll(*ret & ~handled)));
	return r;
}

static int config_rules(struct plan_ctx *ctx, const struct oci_landlock *from,
			struct landlock_layer *layer, struct err **err)
{
	uint64_t access;
	int r;

	for (size_t i = 0; i < from->n_path_beneath; i++) {
		const struct oci_landlock_path_rule *rule = &from->path_beneath[i];

		r = rule_rights(LANDLOCK_KIND_FS, rule->allowed_access, "pathBeneath", i, layer->fs,
				&access, err);
		if (r < 0)
			return r;
		for (size_t j = 0; rule->paths[j]; j++)
			landlock_add_path(
				layer,
				plan_clean_path(ctx->plan,
						plan_absolute(ctx->plan, ctx->process->cwd,
							      rule->paths[j])),
				access);
	}
	for (size_t i = 0; i < from->n_net_port; i++) {
		const struct oci_landlock_port_rule *rule = &from->net_port[i];

		r = rule_rights(LANDLOCK_KIND_NET, rule->allowed_access, "netPort", i, layer->net,
				&access, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < rule->n_ports; j++)
			landlock_add_port(layer, rule->ports[j], access);
	}
	return 0;
}

static int config_layer(struct plan_ctx *ctx, const struct oci_landlock *from, struct err **err)
{
	struct landlock_layer *layer = add_layer(ctx->plan, "process.landlock");
	int r;

	layer->exact = from->disable_best_effort;
	if ((r = parse_rights(LANDLOCK_KIND_FS, from->handled_access_fs, "ruleset.handledAccessFS",
			      &layer->fs, err)) < 0 ||
	    (r = parse_rights(LANDLOCK_KIND_NET, from->handled_access_net,
			      "ruleset.handledAccessNet", &layer->net, err)) < 0 ||
	    (r = parse_rights(LANDLOCK_KIND_SCOPE, from->scoped, "ruleset.scoped", &layer->scoped,
			      err)) < 0 ||
	    (r = config_rules(ctx, from, layer, err)) < 0)
		return r;
	if (landlock_is_empty(layer))
		return err_text(err, EINVAL, "process.landlock.ruleset handles no right at all");
	/*
	 * A domain forbids renames between directories even if it handles no rights of files, as soon as another one does (before 6.14): so this
	 * one allows them.
	 */
	if (layer->fs == 0 && ctx->plan->n_landlock > 1) {
		layer->fs = LANDLOCK_ACCESS_FS_REFER;
		landlock_add_path(layer, "/", LANDLOCK_ACCESS_FS_REFER);
	}
	return settle(ctx, err);
}

int plan_landlock(struct plan_ctx *ctx, struct err **err)
{
	enum mode mode;
	int r = get_mode(ctx, &mode, err);

	if (r < 0 || !ctx->process)
		return r;
	r = own_layer(ctx, mode, err);
	if (r >= 0 && ctx->process->landlock)
		r = config_layer(ctx, ctx->process->landlock, err);
	return r;
}

static void dump_rights(struct buf *out, enum landlock_kind kind, uint64_t rights)
{
	if (kind == LANDLOCK_KIND_FS && rights == landlock_rights(kind, NEWEST)) {
		buf_add_str(out, " all");
		return;
	}
	for (unsigned i = 0; i < 64; i++) {
		if (rights & UINT64_C(1) << i)
			buf_printf(out, " %s", landlock_right_name(kind, i));
	}
}

void plan_dump_landlock(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->n_landlock; i++) {
		const struct landlock_layer *layer = &plan->landlock[i];

		buf_printf(out, "landlock: %s%s:", layer->name, layer->exact ? " (exact)" : "");
		dump_rights(out, LANDLOCK_KIND_FS, layer->fs);
		dump_rights(out, LANDLOCK_KIND_NET, layer->net);
		dump_rights(out, LANDLOCK_KIND_SCOPE, layer->scoped);
		buf_add_char(out, '\n');
		for (size_t j = 0; j < layer->n_paths; j++) {
			buf_printf(out, "landlock.path: %s:", layer->paths[j].path);
			dump_rights(out, LANDLOCK_KIND_FS, layer->paths[j].access);
			buf_add_char(out, '\n');
		}
		for (size_t j = 0; j < layer->n_ports; j++) {
			buf_printf(out, "landlock.port: %u:", layer->ports[j].port);
			dump_rights(out, LANDLOCK_KIND_NET, layer->ports[j].access);
			buf_add_char(out, '\n');
		}
	}
}

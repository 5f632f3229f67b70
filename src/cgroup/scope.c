/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's groups when systemd makes them: a transient scope, below which (v2) a group of ours holds the processes, since the scope itself may
 * hold none once controllers are turned on for groups below. The scope needs a process, so the groups come to be when the container's process joins.
 * Runs in the commands.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cgroup/systemd.h"
#include "host/cgroup_lines.h"
#include "libocispec/oci_types.h"

#define SUBGROUP "run.oci.systemd.subgroup"

bool cgroup_systemd_built(void)
{
#ifdef HAVE_SYSTEMD
	return true;
#else
	return false;
#endif
}

int cgroup_plan_scope(const struct cgroup_params *p, struct cgroup *cg, struct err **err)
{
	struct cgroup_scope *scope = xcalloc(1, sizeof(*scope));

	cg->scope = scope;
	scope->user = p->rootless;
	scope->pending = true;
	scope->params = *p;
	scope->id = xstrdup(p->id);
	scope->params.id = scope->id;
	return unit_names(p->path, p->id, p->rootless, &scope->unit, &scope->slice, err);
}

void cgroup_scope_free(struct cgroup_scope *scope)
{
	if (!scope)
		return;
	free(scope->unit);
	free(scope->slice);
	free(scope->id);
	free(scope);
}

const char *cgroup_scope(const struct cgroup *cg, bool *ret_user)
{
	if (!cg->scope)
		return NULL;
	*ret_user = cg->scope->user;
	return cg->scope->unit;
}

void cgroup_set_scope(struct cgroup *cg, const char *unit, bool user)
{
	cgroup_scope_free(cg->scope);
	cg->scope = xcalloc(1, sizeof(*cg->scope));
	cg->scope->unit = xstrdup(unit);
	cg->scope->user = user;
}

/* Name of the group below the scope, "" for none. */
static int subgroup(const struct cgroup_params *p, bool v2, const char **ret, struct err **err)
{
	*ret = v2 ? "container" : "";
	for (size_t i = 0; i < p->n_annotations; i++) {
		if (strcmp(p->annotations[i].key, SUBGROUP) != 0)
			continue;
		*ret = p->annotations[i].value;
		if (strchr(*ret, '/') || strcmp(*ret, "..") == 0 || strcmp(*ret, ".") == 0)
			return err_text(err, EINVAL,
					"annotation " SUBGROUP " must be one name, not `%s`", *ret);
	}
	return 0;
}

static int start_unit(struct cgroup *cg, pid_t pid, bool v2, struct err **err)
{
	const struct cgroup_params *p = &cg->scope->params;
	cleanup_unit_properties struct unit_properties props = {0};
	cleanup_free char *description = xasprintf("sandlock-oci container %s", p->id);
	struct unit_request req = {
		.unit = cg->scope->unit,
		.slice = cg->scope->slice,
		.description = description,
		.user = cg->scope->user,
		.pid = pid,
		.v2 = v2,
		.properties = &props,
	};
	int r = unit_properties_of_resources(p->resources, v2, &props, err);

	if (r == 0)
		r = unit_properties_of_annotations(p->annotations, p->n_annotations, &props, err);
	return r < 0 ? r : unit_start(&req, err);
}

/* The process leaves the scope's own group, or no controller could be turned on in it. */
static int enter_subgroup(const char *dir, pid_t pid, struct err **err)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(err, errno, "cgroup: make %s", dir);
	return cgroup_write_i64(dir, "cgroup.procs", pid, err);
}

static int fill_groups(struct cgroup *cg, pid_t pid, bool v2, const char *sub, struct err **err)
{
	const struct cgroup_params *p = &cg->scope->params;
	cleanup_free char *scope_path = NULL, *path = NULL;
	int r;

	/* where systemd has put the process */
	if (host_cgroup_path(pid, v2 ? "" : "name=systemd", &scope_path) < 0)
		return err_text(err, EPROTO, "the process is in no cgroup that systemd manages");
	path = sub[0] ? xasprintf("%s/%s", scope_path, sub) : xstrdup(scope_path);
	r = cgroup_fill(cg, path, err);
	if (r == 0 && sub[0])
		r = enter_subgroup(cg->dirs[0].path, pid, err);
	if (r == 0)
		r = cgroup_make_all(cg, p, err);
	/* Whatever systemd has made before: the scope is ours. */
	cg->ours = true;
	if (r == 0)
		cgroup_give(cg, &p->owner);
	return r;
}

int cgroup_start_scope(struct cgroup *cg, pid_t pid, struct err **err)
{
	const struct cgroup_ops *ops = cgroup_detect();
	bool v2 = ops == &cgroup_v2_ops;
	const char *sub;
	int r;

	if (!ops)
		return err_text(err, ENODEV, "cgroups are not mounted at " CGROUP_MOUNT);
	cg->scope->pending = false;
	r = subgroup(&cg->scope->params, v2, &sub, err);
	if (r == 0)
		r = start_unit(cg, pid, v2, err);
	/* When this fails the caller kills the process, and the scope goes with it. */
	return r < 0 ? r : fill_groups(cg, pid, v2, sub, err);
}

int cgroup_update_scope(struct cgroup *cg, const struct oci_resources *res, struct err **err)
{
	cleanup_unit_properties struct unit_properties props = {0};
	int r = unit_properties_of_resources(res, cg->ops == &cgroup_v2_ops, &props, err);

	return r < 0 || props.n == 0 ? r : unit_set(cg->scope->unit, cg->scope->user, &props, err);
}

int cgroup_stop_scope(struct cgroup *cg, struct err **err)
{
	return unit_stop(cg->scope->unit, cg->scope->user, err);
}

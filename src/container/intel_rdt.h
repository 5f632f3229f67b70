/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.intelRdt: a control group of resctrl (Documentation/filesystems/resctrl.rst) for cache and memory bandwidth, and perhaps a monitoring group in it. Runs
 * in create, exec, update and delete.
 */
#ifndef SANDLOCK_CONTAINER_INTEL_RDT_H
#define SANDLOCK_CONTAINER_INTEL_RDT_H

#include <sys/types.h>

struct err;
struct plan_rdt;
struct status;

/*
 * Makes or finds the groups of rdt (id: the container's), writes the schemata and moves pid there. What was made or joined is noted in status before anything can
 * fail after it, for intel_rdt_remove. rdt->root may be any directory of that form.
 */
int intel_rdt_join(const struct plan_rdt *rdt, const char *id, pid_t pid, struct status *status,
		   struct err **err);
/* A further process into the container's groups; nothing to do without. */
int intel_rdt_add(const struct status *status, pid_t pid, struct err **err);

/* Lines for the schemata, NULL: as they are. */
struct rdt_update {
	const char *l3_cache_schema;
	const char *mem_bw_schema;
};

/*
 * New schemata for the group of a container in use. Without a group one is made below root (where resctrl is mounted, or "") for the given pids, and noted in
 * status, as runc does. *ret_before: for intel_rdt_set_back, when something else of the same update fails; NULL if the group is new. Free it.
 */
int intel_rdt_update(const struct rdt_update *update, const char *root, const char *id,
		     const pid_t *pids, size_t n_pids, struct status *status, char **ret_before,
		     struct err **err);
void intel_rdt_set_back(const struct status *status, const char *before);

/* Removes the groups that intel_rdt_join has made. */
int intel_rdt_remove(const struct status *status, struct err **err);

#endif

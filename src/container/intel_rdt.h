/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.intelRdt: a control group of resctrl (Documentation/filesystems/resctrl.rst) for cache and memory bandwidth, and perhaps a monitoring group in it. Runs
 * in create, exec and delete.
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
/* Removes the groups that intel_rdt_join has made. */
int intel_rdt_remove(const struct status *status, struct err **err);

#endif

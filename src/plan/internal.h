/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared inside src/plan: one function per area of the configuration, all called by plan_build in this order. */
#ifndef SANDLOCK_PLAN_INTERNAL_H
#define SANDLOCK_PLAN_INTERNAL_H

#include "base/compiler.h"
#include "plan/plan.h"

struct oci_id_mapping;
struct oci_linux;
struct oci_mount;

struct plan_ctx {
	const struct oci_config *config;
	const struct oci_linux *lin;	   /* never NULL */
	const struct oci_process *process; /* config's, or exec's own */
	const struct plan_options *opts;
	const struct plan_env *env;
	struct plan *plan; /* being built */
};

int plan_namespaces(struct plan_ctx *ctx, struct err **err);
int plan_ids(struct plan_ctx *ctx, struct err **err);
/* Scheduler, I/O priority, affinity; personality and memory policy. */
int plan_schedule(struct plan_ctx *ctx, struct err **err);
int plan_process(struct plan_ctx *ctx, struct err **err);
int plan_cow(struct plan_ctx *ctx, struct err **err);
int plan_rootfs(struct plan_ctx *ctx, struct err **err);
int plan_mounts(struct plan_ctx *ctx, struct err **err);
int plan_devices(struct plan_ctx *ctx, struct err **err);
int plan_cgroup_owner(struct plan_ctx *ctx, struct err **err);
int plan_rdt(struct plan_ctx *ctx, struct err **err);
int plan_net_devices(struct plan_ctx *ctx, struct err **err);
int plan_sysctl(struct plan_ctx *ctx, struct err **err);
int plan_landlock(struct plan_ctx *ctx, struct err **err); /* after process, mounts, rootfs */
int plan_seccomp(struct plan_ctx *ctx, struct err **err);

/* Ids of one mount, when it asks for any; frees them. */
int plan_idmap(struct plan_ctx *ctx, const struct oci_mount *from, struct plan_mount *m,
	       struct err **err);
void plan_idmap_free(const struct plan *plan, struct plan_mount *m);
struct plan_id_range *plan_convert_map(const struct oci_id_mapping *from, size_t n);
/* mounts and devices */
void plan_free_mounts(struct plan *plan);
/* landlock.c, for dump.c */
void plan_dump_landlock(const struct plan *plan, struct buf *out);

/* Strings that live as long as the plan. */
const char *plan_own(struct plan *plan, char *s);
const char *plan_printf(struct plan *plan, const char *fmt, ...) ATTR_PRINTF(2, 3);
void plan_warn(struct plan *plan, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* path as an absolute, clean path: no "//", "." and ".." (which stays at "/"), no trailing slash. */
const char *plan_clean_path(struct plan *plan, const char *path);
/* path itself if absolute, else below base. Not cleaned. */
const char *plan_absolute(struct plan *plan, const char *base, const char *path);
/* Is the id that the host calls `outside` (or the container calls `inside`) in the map? No map: always. */
bool plan_id_outside(const struct plan_id_range *map, size_t n, uint32_t outside,
		     uint32_t *ret_inside);
bool plan_id_inside(const struct plan_id_range *map, size_t n, uint32_t inside,
		    uint32_t *ret_outside);

#endif

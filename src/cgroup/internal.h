/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared inside src/cgroup. */
#ifndef SANDLOCK_CGROUP_INTERNAL_H
#define SANDLOCK_CGROUP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "libocispec/oci_types.h"

#define CGROUP_MOUNT "/sys/fs/cgroup"

/* One directory of the container: v1 has one in each hierarchy, v2 exactly one. */
struct cgroup_dir {
	char *controllers; /* "cpu,cpuacct", "name=systemd"; v2: "" */
	char *root;	   /* mount point of the hierarchy */
	char *path;	   /* root + path of the container */
	bool made;	   /* by this process */
};

struct cgroup_stats;

struct cgroup_ops {
	int (*find)(struct cgroup *cg, struct err **err); /* fills dirs */
	/* Called for each level from the top when a directory is made (parent, child). May be NULL.
	 */
	int (*prepare)(const struct cgroup_dir *dir, const char *parent, const char *child,
		       struct err **err);
	int (*apply)(struct cgroup *cg, const struct oci_resources *res, bool rootless,
		     struct err **err);
	/* The rules of a container that has none: as far as we are allowed to. */
	void (*default_devices)(struct cgroup *cg);
	int (*freeze)(struct cgroup *cg, bool frozen, struct err **err);
	bool (*is_frozen)(struct cgroup *cg);
	void (*stats)(const struct cgroup *cg, struct cgroup_stats *s);
	int (*kill_all)(struct cgroup *cg); /* -ENOENT: not on this kernel. May be NULL. */
};

/* scope.c: the unit when systemd is the manager. */
struct cgroup_scope {
	char *unit;
	char *slice; /* until it is started */
	bool user;
	bool pending;		     /* until the container's process joins */
	struct cgroup_params params; /* what that needs; borrows resources and annotations */
	char *id;
};

struct cgroup {
	const struct cgroup_ops *ops; /* NULL = disabled, or not started yet (scope) */
	struct cgroup_scope *scope;
	char *path;
	bool ours;
	struct cgroup_dir *dirs;
	size_t n_dirs;
};

extern const struct cgroup_ops cgroup_v1_ops;
extern const struct cgroup_ops cgroup_v2_ops;

/* -ENOTSUP: "cannot WHAT: the container has no cgroup". */
int cgroup_none(struct err **err, const char *what);

const struct cgroup_ops *cgroup_detect(void); /* NULL: nothing is mounted */
/* Path, operations and directories of an object that has none yet. */
int cgroup_fill(struct cgroup *cg, const char *path, struct err **err);
int cgroup_make_all(struct cgroup *cg, const struct cgroup_params *p, struct err **err);

/* v1.c: where the hierarchy with these controllers is mounted; free it. */
char *cgroup_v1_root(const char *controllers);

/* owner.c: of a group that is ours; what may not be given away is left. */
void cgroup_give(const struct cgroup *cg, const struct cgroup_owner *owner);

int cgroup_plan_scope(const struct cgroup_params *p, struct cgroup *cg, struct err **err);
int cgroup_start_scope(struct cgroup *cg, pid_t pid, struct err **err);
int cgroup_update_scope(struct cgroup *cg, const struct oci_resources *res, struct err **err);
int cgroup_stop_scope(struct cgroup *cg, struct err **err);
void cgroup_scope_free(struct cgroup_scope *scope);

void cgroup_add_dir(struct cgroup *cg, const char *controllers, char *root);

/* files.c; all write and read the whole text of one file below dir. */
int cgroup_write_raw(const char *dir, const char *file, const char *text);
int cgroup_write(const char *dir, const char *file, const char *text, struct err **err);
int cgroup_write_i64(const char *dir, const char *file, int64_t value, struct err **err);
int cgroup_write_u64(const char *dir, const char *file, uint64_t value, struct err **err);
/* "max" for -1. */
int cgroup_write_max(const char *dir, const char *file, int64_t value, struct err **err);
bool cgroup_has_file(const char *dir, const char *file);
int cgroup_read(const char *dir, const char *file, char *ret,
		size_t size); /* first size - 1 bytes, no final newline */

/* convert.c: values of the v1 world in v2's units. */
uint64_t cgroup_weight_of_shares(uint64_t shares);
uint64_t cgroup_io_weight(uint64_t weight);
/* OCI's swap counts memory too. -EINVAL: swap without a limit, or below it. */
int cgroup_swap_max(bool have_limit, int64_t limit, int64_t swap, int64_t *ret);

/* A line of rdma.max (the same file in v1 and v2); the caller frees. */
char *cgroup_rdma_text(const struct oci_rdma *rdma);

/* devices.c */
extern const struct oci_device_rule cgroup_default_devices[];
extern const size_t cgroup_n_default_devices;
int cgroup_devices_v1(const char *dir, const struct oci_resources *res, struct err **err);
int cgroup_devices_v2(const char *dir, const struct oci_resources *res, bool rootless,
		      struct err **err);

/* device_prog.c: the rules as a BPF_PROG_TYPE_CGROUP_DEVICE program, defaults first, then the given
 * rules from last to first. */
struct bpf_insn;
int cgroup_device_prog(const struct oci_resources *res, struct bpf_insn **ret, size_t *ret_n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups of a container: the managers `disabled` and `cgroupfs` (v1 and v2; a hybrid host
 * is a v1 host). Used by container/ in the commands, in the host's namespaces. Paths and limits
 * come from config.json, which the caller of the runtime wrote; nothing here reads what a container
 * can write, except lists of pids that the kernel makes.
 */
#ifndef SANDLOCK_CGROUP_CGROUP_H
#define SANDLOCK_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cgroup;
struct err;
struct oci_device_rule;
struct oci_pair;
struct oci_resources;

enum cgroup_manager {
	CGROUP_MANAGER_CGROUPFS,
	CGROUP_MANAGER_DISABLED,
	CGROUP_MANAGER_SYSTEMD,
};

/* Was the program built with libsystemd's headers? */
bool cgroup_systemd_built(void);

/* Ids as the runtime sees them. */
struct cgroup_owner {
	bool set;
	uid_t uid;
	gid_t gid;
};

struct cgroup_params {
	enum cgroup_manager manager;
	const char *
		path; /* linux.cgroupsPath, for systemd slice:prefix:name; NULL: "/<id>", for systemd sandlock-<id>.scope */
	const char *id;
	const struct oci_resources *resources; /* may be NULL */
	/*
	 * The caller is not the host's root: when neither a path nor a limit was asked for, a group
	 * that cannot be made is done without (as crun and runc do), and device rules that cannot
	 * be loaded are left out.
	 */
	bool rootless;
	struct cgroup_owner
		owner; /* v2: who may make groups below the container's; else, and without privilege, it stays the runtime's */
	const struct oci_pair *annotations; /* run.oci.systemd.subgroup, org.systemd.property.* */
	size_t n_annotations;
};

/*
 * Makes the groups below every hierarchy and writes the limits. On failure nothing made here is
 * left. *ret is an object for `disabled` as well (every operation on it is a no-op or an error that
 * says so). With systemd the groups come to be in cgroup_join(): params must live until then, and cgroup_path() is NULL.
 */
int cgroup_create(const struct cgroup_params *params, struct cgroup **ret, struct err **err);

/* The groups of an existing container; path as cgroup_path() gave it, NULL = disabled. */
int cgroup_open(const char *path, struct cgroup **ret, struct err **err);
void cgroup_free(struct cgroup *cg); /* releases memory only; NULL is fine */

/* Below the cgroup mount, with a leading slash; NULL = disabled. Borrowed. */
const char *cgroup_path(const struct cgroup *cg);
/* Were the groups made by cgroup_create, so that the container's end has to remove them? */
bool cgroup_is_ours(const struct cgroup *cg);

/* The scope unit, when systemd is the manager, else NULL. Borrowed. user: of the user's own systemd. */
const char *cgroup_scope(const struct cgroup *cg, bool *ret_user);
/* What cgroup_scope() gave for the container of cgroup_open(): cgroup_destroy() stops it, cgroup_update() tells it. */
void cgroup_set_scope(struct cgroup *cg, const char *unit, bool user);

/*
 * Begins the wait that the kernel lets the first one have who moves a process to another group, in a child of ours: cgroup_join() some
 * milliseconds later then takes so much less. 0: it cannot be begun, and nothing is lost. cgroup_warm_up_end() waits for the child.
 */
pid_t cgroup_warm_up(void);
void cgroup_warm_up_end(pid_t *pid);

int cgroup_join(struct cgroup *cg, pid_t pid, struct err **err);
/*
 * For exec. below: --cgroup entries, "[CONTROLLER,...:]PATH" below the container's group (it must exist), or NULL. init: the container's process, as seen
 * from here: where it is when the container's own group takes no processes any more.
 */
int cgroup_join_exec(struct cgroup *cg, char *const *below, pid_t init, pid_t pid,
		     struct err **err);
int cgroup_freeze(struct cgroup *cg, bool frozen, struct err **err);
bool cgroup_is_frozen(struct cgroup *cg);

/*
 * Writes the given limits of a group in use; what is absent stays. When one is refused the others are set back, as far as the kernel
 * allows (not those per device). checkBeforeUpdate is honoured.
 */
int cgroup_update(struct cgroup *cg, const struct oci_resources *resources, bool rootless,
		  struct err **err);

/* Pids of the group and the groups below it, as this process sees them; free(*ret). */
int cgroup_pids(struct cgroup *cg, pid_t **ret, size_t *ret_n, struct err **err);
/* To every process, also one that forks meanwhile (the group is frozen for the time, v2:
 * cgroup.kill for SIGKILL). */
int cgroup_signal(struct cgroup *cg, int sig, struct err **err);

/* Kills what is left in the groups, waits for its end (a few seconds at most) and removes them. */
int cgroup_destroy(struct cgroup *cg, struct err **err);

/* Devices that every container may use, whatever the rules of config.json say; *ret_n entries, constant. */
const struct oci_device_rule *cgroup_default_device_rules(size_t *ret_n);
/* Does anybody ask for devices to be denied? Else what no rule allows is denied only as far as we may load rules. */
bool cgroup_has_deny_rule(const struct oci_resources *resources);
/* Is there a device that may not be used? Without rules: yes. */
bool cgroup_restricts_devices(const struct oci_resources *resources);

static inline void cgroup_cleanup_fn(struct cgroup **cg)
{
	cgroup_free(*cg);
}
#define cleanup_cgroup ATTR_CLEANUP(cgroup_cleanup_fn)

#endif

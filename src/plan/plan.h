/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct plan: everything that later stages read, decided once. OCI structs + probed host + options
 * in, one immutable plan out; building it touches nothing (what it must know about the system comes
 * in through struct plan_env).
 *
 * Lifetime: a plan borrows strings and lists from the config and the process it was built from and
 * from its options; they must outlive it. `const struct plan` everywhere after plan_build.
 *
 * exec and delete: the state directory keeps a copy of config.json and the decisions that the host
 * may answer differently later (cow on/off and its directory, the id maps in use); the plan is
 * built again from them by plan_build (delete) or plan_build_exec (exec).
 */
#ifndef SANDLOCK_PLAN_PLAN_H
#define SANDLOCK_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/idset.h"
#include "host/probe.h"
#include "host/sched.h"

struct buf;
struct err;
struct landlock_layer;
struct oci_config;
struct oci_process;
struct oci_resources;
struct oci_seccomp;
struct sock_filter;

/* namespaces */

enum plan_ns_type { /* same order as enum oci_ns_type (checked when the plan is compiled) */
		    PLAN_NS_USER,
		    PLAN_NS_MOUNT,
		    PLAN_NS_PID,
		    PLAN_NS_NET,
		    PLAN_NS_IPC,
		    PLAN_NS_UTS,
		    PLAN_NS_CGROUP,
		    PLAN_NS_TIME,
		    PLAN_NS_COUNT
};

enum plan_ns_how {
	PLAN_NS_INHERIT,
	PLAN_NS_NEW,
	PLAN_NS_JOIN,
};

struct plan_ns {
	enum plan_ns_how how;
	const char *path; /* JOIN */
};

struct plan_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

/* ids of the container's user namespace */

struct plan_id_range {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

enum plan_map_how {
	PLAN_MAP_NONE,	 /* no new user namespace */
	PLAN_MAP_DIRECT, /* we may write any map */
	PLAN_MAP_SELF,	 /* one id, our own: setgroups is denied first */
	PLAN_MAP_HELPER, /* newuidmap and newgidmap write it */
};

struct plan_ids {
	enum plan_map_how how;
	bool automatic;	       /* not asked for by config.json: we are not root */
	const char *join_path; /* user namespace that is joined instead, or NULL */
	struct plan_id_range *uids;
	size_t n_uids;
	struct plan_id_range *gids;
	size_t n_gids;
	const char *newuidmap; /* HELPER: absolute paths */
	const char *newgidmap;
};

/* root and mounts */

struct plan_rootfs {
	const char *path;	 /* absolute host path; with cow: the live root */
	const char *config_path; /* root.path made absolute, for `state` and messages */
	bool readonly;
	unsigned long propagation;	 /* MS_*; never 0 */
	unsigned long setup_propagation; /* of "/" before set-up: as above, but what is unbindable
					    could not become the root: private until the end */
	bool propagation_given; /* rootfsPropagation was in config.json: apply it to the new root at
				   the end too */
	bool no_pivot;
};

enum plan_mount_kind {
	PLAN_MOUNT_FS,	    /* a new file system of type fstype */
	PLAN_MOUNT_BIND,    /* source is an absolute host path */
	PLAN_MOUNT_REMOUNT, /* new flags for what an earlier entry, or the image, has mounted there */
	PLAN_MOUNT_CGROUP, /* type cgroup: what that means depends on the host's hierarchies */
};

struct plan_mount {
	enum plan_mount_kind kind;
	const char *dest;   /* absolute, no "//", "." or ".." components, no trailing slash */
	const char *source; /* may be NULL for FS */
	const char *fstype; /* FS; CGROUP: as written */
	bool rec;	    /* rbind */
	uint64_t attr_set;  /* MOUNT_ATTR_* of this mount */
	uint64_t attr_clr;
	uint64_t rec_set; /* the same for the whole tree (rro, rnosuid, ...) */
	uint64_t rec_clr;
	unsigned long sb_flags;	   /* MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME,
				      MS_I_VERSION, MS_SILENT */
	unsigned long propagation; /* MS_SHARED ... | MS_REC, or 0 */
	const char *data;	   /* options for the file system, comma-joined; "" if none */
	bool copy_up;	   /* tmpcopyup: the new tmpfs starts with what the directory held */
	bool copy_symlink; /* crun's: a source that is a symlink is copied as one */
	bool src_nofollow;
	bool dest_nofollow;
	bool idmap_asked;	/* option idmap or ridmap */
	bool idmap_rec;		/* ridmap */
	const char *idmap_text; /* crun's "uids=...;gids=..." */
	struct plan_ids *idmap; /* NULL: owners are shown as they are. Else BIND; the plan's own ids
				   or ids of this mount */
};

struct plan_device {
	char type; /* 'c', 'b', 'p' */
	const char *path;
	uint32_t major;
	uint32_t minor;
	uint32_t mode; /* permission bits */
	uint32_t uid;  /* in the container */
	uint32_t gid;
	bool is_default; /* one of the devices every container gets; an existing node is left as it
			    is */
};

struct plan_rdt {
	bool set;
	const char *root;    /* where resctrl is mounted */
	const char *clos_id; /* NULL: the container's id; "/": the root group */
	char **schemata;     /* lines in the order in which they are written; NULL: none */
	bool monitoring;
};

struct plan_net_device {
	const char *host_name;
	const char *name; /* in the container; may end in %d */
};

/* process: everything that execve's caller must be */

struct plan_caps { /* bit n = capability n; only known to this kernel */
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

struct plan_rlimit {
	int resource;
	const char *name;
	uint64_t soft;
	uint64_t hard;
};

struct plan_process {
	char *const *args;
	char *const *env;
	const char *cwd;
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;
	size_t n_groups;
	bool keep_groups; /* run.oci.keep_original_groups */
	bool has_umask;
	mode_t umask;
	bool no_new_privs;
	struct plan_caps caps;
	struct plan_rlimit *rlimits;
	size_t n_rlimits;
	bool has_oom_score_adj;
	int oom_score_adj;
	bool terminal;
	uint16_t console_height; /* 0: not given */
	uint16_t console_width;
	const char *apparmor; /* NULL or a profile; only when the host has AppArmor */
	const char *selinux;
	bool has_scheduler;
	struct host_sched scheduler;
	int io_class; /* IOPRIO_CLASS_*, 0: not given */
	int io_priority;
	/* exec only: CPUs before and after the move into the container's cgroup. */
	struct idset cpus_initial;
	struct idset cpus_final;
};

struct plan_memory_policy {
	bool set;
	int mode; /* MPOL_* */
	uint32_t flags;
	struct idset nodes;
};

/* hooks */

enum plan_hook_kind { /* same order as enum oci_hook_kind */
		      PLAN_HOOK_PRESTART,
		      PLAN_HOOK_CREATE_RUNTIME,
		      PLAN_HOOK_CREATE_CONTAINER,
		      PLAN_HOOK_START_CONTAINER,
		      PLAN_HOOK_POSTSTART,
		      PLAN_HOOK_POSTSTOP,
		      PLAN_HOOK_COUNT
};

struct plan_hook {
	const char *path;
	char *const *args; /* NULL: {path} */
	char *const *env;  /* NULL: not given */
	int timeout;	   /* seconds, 0 = none */
};

struct plan_hook_list {
	struct plan_hook *v;
	size_t n;
};

/* Who gets the container's cgroup, in the ids of the runtime's user namespace. */
struct plan_owner {
	bool set;
	uint32_t uid;
	uint32_t gid;
};

struct plan_pair {
	const char *key;
	const char *value;
};

/* copy-on-write */

enum plan_share { /* same order as enum cow_share */
		  PLAN_SHARE_AUTO,
		  PLAN_SHARE_LINK,
		  PLAN_SHARE_REFLINK,
		  PLAN_SHARE_COPY,
};

enum plan_populate { PLAN_POPULATE_AUTO, PLAN_POPULATE_EAGER, PLAN_POPULATE_LAZY };

struct plan_cow {
	bool on;
	const char *reason; /* why on or off, for logs and features */
	char **lowers;	    /* absolute, uppermost first, NULL-terminated; NULL when off */
	const char *dir;    /* store, absolute; the live root is <dir>/root */
	enum plan_share share;
	const char *spare;     /* pool of spare roots, absolute, or NULL; it need not exist */
	bool keep;	       /* delete leaves the store */
	const char *commit_to; /* delete applies the changes to this directory first, or NULL */
	bool shift_ids;	       /* owners in the lower are container ids */
	bool existing; /* the store was made by sandlock-mount, and root.path shows its root; keep is set, lowers is not */
	enum plan_populate populate;
	bool lazy; /* not of the plan: exec: the live root is still being filled; create: the supervisor has said so (#1 MAPPED) */
};

struct plan {
	const char *id;
	const char *bundle;
	struct plan_ns ns[PLAN_NS_COUNT];
	struct plan_time_offset monotonic, boottime;
	struct plan_ids ids;

	struct plan_rootfs rootfs;
	struct plan_mount *mounts;
	size_t n_mounts;
	struct plan_device *devices; /* default ones first; only when there is a mount namespace */
	size_t n_devices;
	bool dev_is_bound; /* a directory of somebody else: nothing is made there that was not asked for */
	bool bind_devices; /* mknod is not possible (user namespace): bind the host's nodes */
	struct plan_rdt rdt;
	struct plan_net_device *net_devices;
	size_t n_net_devices;
	char *const *masked_paths;
	char *const *readonly_paths;

	const char *hostname;
	const char *domainname;
	struct plan_pair *sysctl; /* key with dots as written; path form is made by init */
	size_t n_sysctl;
	bool new_keyring;
	bool has_personality;
	uint32_t personality; /* PER_LINUX or PER_LINUX32 */
	struct plan_memory_policy memory_policy;

	bool has_process;
	struct plan_process process;

	struct plan_hook_list hooks[PLAN_HOOK_COUNT];

	const char *cgroups_path; /* as in config.json, or NULL */
	const struct oci_resources *resources;
	struct plan_owner cgroup_owner;

	const struct oci_seccomp *seccomp;   /* NULL: none. Compiled by spawn (seccomp/profile.h) */
	struct oci_seccomp *default_seccomp; /* the plan's own, when seccomp is it */
	const char
		*seccomp_agent; /* listenerPath when the profile has SCMP_ACT_NOTIFY, else NULL */
	const char *seccomp_metadata; /* listenerMetadata or NULL */
	bool seccomp_strict;	      /* a system call that libseccomp does not know is an error */
	struct sock_filter *seccomp_raw; /* instead of seccomp: the program itself, or NULL */
	unsigned short seccomp_raw_len;	 /* instructions */
	struct landlock_layer *landlock; /* enforced by init in this order (landlock/layer.h) */
	size_t n_landlock;
	struct plan_cow cow;
	bool notify; /* init must load the notify filter and hand its listener over (cow.on) */

	struct plan_pair *annotations;
	size_t n_annotations;
	char **owned;	 /* strings made by plan_build, for plan_free */
	char **warnings; /* NULL-terminated; for the caller to log (plan itself does not) */
};

/* What create, run and exec were told. All borrowed. */
struct plan_options {
	const char *id;
	const char *bundle; /* absolute */
	bool no_pivot;
	bool no_new_keyring;
	bool again; /* the container exists already (exec, delete): root.path may be gone by now */
	const char *cow; /* --cow: "on", "off", "auto"; NULL: not given (annotation, then env, then
			    file decide) */
	const char *cow_dir;	  /* --cow-dir, absolute, or NULL (annotation, then file decide) */
	const char *cow_keep;	  /* --cow-keep, or NULL (annotation) */
	const char *commit_to;	  /* --commit-to, absolute, or NULL (annotation) */
	const char *cow_env;	  /* SANDLOCK_COW, or NULL */
	const char *conf_cow;	  /* cow= of the configuration file, or NULL */
	const char *live_store;	  /* the store whose live root root.path shows, or NULL */
	const char *conf_cow_dir; /* cow.dir= of the configuration file: <it>/<id>, or NULL */
	const char *conf_cow_populate; /* cow.populate= of the configuration file, or NULL */
	bool cow_lazy;		       /* exec: the live root is still being filled */
};

/* The system as the plan may see it; tests give a fixed one. */
struct plan_env {
	const struct host_caps *caps; /* host_probe() */
	/* Facts about a directory: host_dir_facts() of host/probe.h. */
	int (*dir_facts)(const char *path, struct host_dir *ret);
};

/*
 * Decides everything for create, run and delete. 0, or -errno with a text that names the property.
 * *ret: free with plan_free. config stays the caller's and must outlive the plan, as must opts'
 * strings.
 */
int plan_build(const struct oci_config *config, const struct plan_options *opts,
	       const struct plan_env *env, struct plan **ret, struct err **err);
/*
 * For exec into a running container: config is the copy in the state directory, process replaces
 * config's (it is complete already: the caller has merged options). Namespaces say which ones
 * spawn_exec joins; mounts, devices, hooks and sysctl are left empty. opts->cow must say what
 * create decided ("on" or "off").
 */
int plan_build_exec(const struct oci_config *config, const struct oci_process *process,
		    const struct plan_options *opts, const struct plan_env *env, struct plan **ret,
		    struct err **err);
void plan_free(struct plan *plan);

/* Deterministic text form: --dump-plan and golden tests. */
void plan_dump(const struct plan *plan, struct buf *out);

/* Names as in config.json: "network", "createRuntime", "reflink". */
const char *plan_ns_name(enum plan_ns_type type);
const char *plan_hook_name(enum plan_hook_kind kind);
const char *plan_populate_name(enum plan_populate populate);
const char *plan_share_name(enum plan_share share);
/* Value of an annotation, or NULL. */
const char *plan_annotation(const struct plan *plan, const char *key);

#endif

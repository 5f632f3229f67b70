/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OCI runtime specification 1.3 (Linux) as plain C structs: what config.json, process.json,
 * LinuxResources, the mounts array and a seccomp profile say, nothing decided yet. Filled in by
 * oci_config.h; never changed afterwards.
 *
 * Conventions
 * - Everything that a document points to lives and dies with the document; never free a part.
 * - Absent string, list or object: NULL. Optional numbers: struct oci_opt_*, so that 0 and "absent"
 *   differ. JSON null means absent, and so does "" where Go callers cannot tell the two apart
 *   (hostname, labels, namespace path, mount type and source, ...).
 * - A list of strings is a NULL-terminated `char **`; an empty JSON array is a list without entries,
 *   not NULL. A list of objects is a pointer and n_<name>. A string map is a list of struct oci_pair
 *   in the order of the file.
 * - Values that the kernel knows by number are that number already (rlimit resource, scheduler
 *   policy, ioprio class, seccomp filter flags, personality domain, memory policy).
 * - The rules beside the properties were checked; a property without a remark has only the right type.
 */
#ifndef SANDLOCK_LIBOCISPEC_OCI_TYPES_H
#define SANDLOCK_LIBOCISPEC_OCI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_opt_bool {
	bool set;
	bool v;
};

struct oci_opt_int {
	bool set;
	int v;
};

struct oci_opt_u16 {
	bool set;
	uint16_t v;
};

struct oci_opt_u32 {
	bool set;
	uint32_t v;
};

struct oci_opt_i64 {
	bool set;
	int64_t v;
};

struct oci_opt_u64 {
	bool set;
	uint64_t v;
};

struct oci_pair {
	const char *key;
	const char *value;
};

struct oci_root {
	const char *path; /* required, not empty; absolute or relative to the bundle */
	bool readonly;
};

struct oci_id_mapping { /* all required; size >= 1 and neither range ends beyond 2^32 - 1 */
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_mount {
	const char *destination; /* required, not empty; a relative one counts from / */
	const char *source;
	const char *type;
	char **options;
	/* Both or none. */
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
};

struct oci_mounts { /* a document that is only a mounts array */
	struct oci_mount *v;
	size_t n;
};

/* process */

struct oci_console_size { /* only kept when terminal is true */
	uint16_t height;
	uint16_t width;
};

struct oci_user {		   /* ids are never 4294967295, the kernel's "no id" */
	uint32_t uid;		   /* required */
	uint32_t gid;		   /* required */
	struct oci_opt_u32 umask;  /* at most 0777 */
	uint32_t *additional_gids; /* NULL = absent */
	size_t n_additional_gids;
};

/* Names as given ("CAP_CHOWN"); an unknown name is the runtime's warning, not a parse error. */
struct oci_capabilities {
	char **bounding;
	char **effective;
	char **inheritable;
	char **permitted;
	char **ambient;
};

struct oci_rlimit {	  /* all required; no type twice; soft <= hard */
	int resource;	  /* RLIMIT_* of <sys/resource.h> */
	const char *type; /* its name, for messages */
	uint64_t soft;	  /* UINT64_MAX = RLIM_INFINITY */
	uint64_t hard;
};

struct oci_scheduler {	  /* for sched_setattr(2); numbers that are absent are 0 */
	uint32_t policy;  /* SCHED_*; required */
	int32_t nice;	  /* -20..19; only SCHED_OTHER and SCHED_BATCH */
	int32_t priority; /* only SCHED_FIFO and SCHED_RR */
	uint64_t flags;	  /* SCHED_FLAG_* */
	uint64_t runtime; /* these three: only SCHED_DEADLINE */
	uint64_t deadline;
	uint64_t period;
};

struct oci_io_priority {
	int io_class; /* IOPRIO_CLASS_* (1 RT, 2 BE, 3 IDLE); required */
	int priority; /* 0..7; required */
};

struct oci_exec_cpu_affinity { /* lists such as "0-3,7": digits, commas, minus and blanks only */
	const char *initial;
	const char *final;
};

/*
 * process.landlock as drafted in runtime-spec #1111 and #1241. Access names and masks are not
 * checked here: they depend on the kernel's ABI. An access list holds names ("execute") or, as
 * review of the draft asked for, numbers as decimal text.
 */
struct oci_landlock_path_rule {
	char **allowed_access;
	char **paths; /* at least one */
};

struct oci_landlock_port_rule {
	char **allowed_access;
	uint16_t *ports; /* at least one */
	size_t n_ports;
};

struct oci_landlock {
	char **handled_access_fs;		     /* ruleset.handledAccessFS */
	char **handled_access_net;		     /* ruleset.handledAccessNet */
	char **scoped;				     /* ruleset.scoped */
	struct oci_landlock_path_rule *path_beneath; /* rules.pathBeneath */
	size_t n_path_beneath;
	struct oci_landlock_port_rule *net_port; /* rules.netPort */
	size_t n_net_port;
	bool disable_best_effort;
};

struct oci_process {
	bool terminal;
	struct oci_console_size *console_size;
	struct oci_user *user; /* NULL = 0:0 */
	char **args;	       /* required, at least one entry */
	char **env;
	const char *cwd; /* required, absolute */
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	const char *apparmor_profile;
	const char *selinux_label;
	struct oci_opt_int oom_score_adj; /* -1000..1000 */
	struct oci_scheduler *scheduler;
	struct oci_io_priority *io_priority;
	struct oci_exec_cpu_affinity *exec_cpu_affinity;
	struct oci_landlock *landlock;
};

/* hooks */

struct oci_hook {
	const char *path; /* required, absolute */
	char **args;	  /* argv, including argv[0] */
	char **env;
	struct oci_opt_int timeout; /* seconds, > 0 */
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_COUNT
};

struct oci_hook_list {
	struct oci_hook *v;
	size_t n;
};

/* linux */

enum oci_ns_type {
	OCI_NS_USER,
	OCI_NS_MOUNT,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_COUNT
};

struct oci_namespace {	       /* no type twice */
	enum oci_ns_type type; /* required */
	const char *path;      /* absolute; NULL = make a new one */
};

struct oci_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs; /* below 10^9 */
};

struct oci_time_offsets { /* only with a new time namespace */
	struct oci_time_offset monotonic;
	struct oci_time_offset boottime;
};

struct oci_device {
	char type;		  /* 'c', 'b', 'u' (as 'c') or 'p'; required */
	const char *path;	  /* required, absolute */
	struct oci_opt_i64 major; /* required unless 'p'; >= 0 */
	struct oci_opt_i64 minor;
	struct oci_opt_u32
		file_mode; /* permission bits, perhaps with the bits of the type (podman) */
	struct oci_opt_u32 uid;
	struct oci_opt_u32 gid;
};

struct oci_net_device {
	const char *host_name; /* 1 to 15 bytes, no '/' and no blank */
	const char *name;      /* same rule; NULL = keep the name */
};

struct oci_device_rule {
	bool allow;		  /* required */
	char type;		  /* 'a', 'c' or 'b'; 'a' when absent */
	struct oci_opt_i64 major; /* absent or -1 = all */
	struct oci_opt_i64 minor;
	const char *access; /* letters of "rwm"; NULL = all */
};

struct oci_memory { /* limits: -1 = unlimited, nothing below */
	struct oci_opt_i64 limit;
	struct oci_opt_i64 reservation;
	struct oci_opt_i64 swap; /* memory + swap */
	struct oci_opt_i64 kernel;
	struct oci_opt_i64 kernel_tcp;
	struct oci_opt_u64 swappiness;
	struct oci_opt_bool disable_oom_killer;
	struct oci_opt_bool use_hierarchy;
	struct oci_opt_bool check_before_update;
};

struct oci_cpu {
	struct oci_opt_u64 shares;
	struct oci_opt_i64 quota;
	struct oci_opt_u64 burst; /* not above a positive quota */
	struct oci_opt_u64 period;
	struct oci_opt_i64 realtime_runtime;
	struct oci_opt_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct oci_opt_i64 idle; /* 0 or 1 */
};

struct oci_weight_device { /* one of the two weights is there */
	int64_t major;
	int64_t minor;
	struct oci_opt_u16 weight;
	struct oci_opt_u16 leaf_weight;
};

struct oci_throttle_device { /* all required */
	int64_t major;
	int64_t minor;
	uint64_t rate;
};

struct oci_throttle_list {
	struct oci_throttle_device *v;
	size_t n;
};

struct oci_block_io {
	struct oci_opt_u16 weight; /* at most 1000; Docker writes 0 for "not set" */
	struct oci_opt_u16 leaf_weight;
	struct oci_weight_device *weight_device;
	size_t n_weight_device;
	struct oci_throttle_list read_bps;
	struct oci_throttle_list write_bps;
	struct oci_throttle_list read_iops;
	struct oci_throttle_list write_iops;
};

struct oci_hugepage_limit {    /* all required */
	const char *page_size; /* "2MB": a number without leading 0, one of K M G, and B */
	uint64_t limit;
};

struct oci_net_priority { /* all required */
	const char *name;
	uint32_t priority;
};

struct oci_network { /* cgroup v1 only */
	struct oci_opt_u32 class_id;
	struct oci_net_priority *priorities;
	size_t n_priorities;
};

struct oci_rdma { /* at least one of the two */
	const char *device;
	struct oci_opt_u32 hca_handles;
	struct oci_opt_u32 hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices; /* to be applied in order */
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network *network;
	struct oci_opt_i64 pids_limit; /* resources.pids.limit; 0 is a value, -1 = unlimited */
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_pair *unified; /* keys are file names: not empty, no '/' */
	size_t n_unified;
};

struct oci_intel_rdt {
	const char *clos_id; /* one path component, or "/" */
	char **schemata;
	const char *l3_cache_schema;
	const char *mem_bw_schema; /* begins with "MB:" */
	bool enable_monitoring;
};

enum oci_propagation {
	OCI_PROPAGATION_UNSET,
	OCI_PROPAGATION_SHARED,
	OCI_PROPAGATION_SLAVE,
	OCI_PROPAGATION_PRIVATE,
	OCI_PROPAGATION_UNBINDABLE,
	/* The recursive words; not in the specification, but podman writes them. */
	OCI_PROPAGATION_RSHARED,
	OCI_PROPAGATION_RSLAVE,
	OCI_PROPAGATION_RPRIVATE,
	OCI_PROPAGATION_RUNBINDABLE
};

enum oci_seccomp_action {
	OCI_SECCOMP_KILL_THREAD, /* SCMP_ACT_KILL and SCMP_ACT_KILL_THREAD */
	OCI_SECCOMP_KILL_PROCESS,
	OCI_SECCOMP_TRAP,
	OCI_SECCOMP_ERRNO,
	OCI_SECCOMP_TRACE,
	OCI_SECCOMP_ALLOW,
	OCI_SECCOMP_LOG,
	OCI_SECCOMP_NOTIFY
};

enum oci_seccomp_op {
	OCI_SECCOMP_NE,
	OCI_SECCOMP_LT,
	OCI_SECCOMP_LE,
	OCI_SECCOMP_EQ,
	OCI_SECCOMP_GE,
	OCI_SECCOMP_GT,
	OCI_SECCOMP_MASKED_EQ
};

struct oci_seccomp_arg { /* index, value and op required */
	uint32_t index;	 /* 0..5 */
	enum oci_seccomp_op op;
	uint64_t value;	    /* MASKED_EQ: the mask */
	uint64_t value_two; /* MASKED_EQ: the value after masking */
};

struct oci_seccomp_syscall {
	char **names; /* required, at least one; whether the system knows a name is not checked */
	enum oci_seccomp_action action; /* required */
	struct oci_opt_u32 errno_ret;	/* only with ERRNO and TRACE; at most 65535 */
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	enum oci_seccomp_action default_action; /* required */
	struct oci_opt_u32 default_errno_ret;	/* only with ERRNO and TRACE; at most 65535 */
	char **architectures;	  /* "SCMP_ARCH_X86_64": one of the names of the specification */
	struct oci_opt_u32 flags; /* SECCOMP_FILTER_FLAG_*; absent and [] differ */
	const char *listener_path;
	const char *listener_metadata; /* only with listener_path */
	struct oci_seccomp_syscall *syscalls;
	size_t n_syscalls;
};

struct oci_personality {
	uint32_t domain; /* PER_* of <sys/personality.h>; required */
};

struct oci_memory_policy { /* for set_mempolicy(2) */
	int mode;	   /* MPOL_*; required */
	const char *nodes; /* list such as "0-1,3"; absent for DEFAULT and LOCAL, optional for
			      PREFERRED, else there */
	uint32_t flags;	   /* MPOL_F_* */
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_time_offsets *time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	struct oci_net_device *net_devices; /* only with a network namespace */
	size_t n_net_devices;
	const char *cgroups_path;
	struct oci_resources *resources;
	struct oci_intel_rdt *intel_rdt;
	enum oci_propagation rootfs_propagation;
	char **masked_paths;   /* absolute */
	char **readonly_paths; /* absolute */
	const char *mount_label;
	struct oci_pair *sysctl;
	size_t n_sysctl;
	struct oci_seccomp *seccomp;
	struct oci_personality *personality;
	struct oci_memory_policy *memory_policy;
};

struct oci_config {
	const char *oci_version;     /* required; 1.y.z, perhaps with a suffix */
	struct oci_root *root;	     /* required */
	struct oci_process *process; /* may be NULL at create, not at start */
	const char *hostname;	     /* these two: only with a uts namespace in the list */
	const char *domainname;
	struct oci_mount *mounts; /* to be mounted in order */
	size_t n_mounts;
	struct oci_hook_list hooks[OCI_HOOK_COUNT];
	struct oci_pair *annotations; /* no empty key */
	size_t n_annotations;
	struct oci_linux *lin; /* config.json's "linux" (a macro in GNU C); NULL when absent */
};

/*
 * Names as in the JSON text: "network", "createRuntime", "SCMP_ACT_ERRNO", "SCMP_CMP_EQ", "rslave".
 * Never NULL for a valid value.
 */
const char *oci_ns_type_name(enum oci_ns_type type);
const char *oci_hook_kind_name(enum oci_hook_kind kind);
const char *oci_seccomp_action_name(enum oci_seccomp_action action);
const char *oci_seccomp_op_name(enum oci_seccomp_op op);
const char *oci_propagation_name(enum oci_propagation propagation);
const char *oci_sched_policy_name(uint32_t policy);
const char *oci_io_class_name(int io_class);
const char *oci_personality_name(uint32_t domain);
const char *oci_memory_mode_name(int mode);

/* The entry of that type, or NULL. lin may be NULL. */
const struct oci_namespace *oci_linux_find_namespace(const struct oci_linux *lin,
						     enum oci_ns_type type);
/* Does a rule, or the default, have SCMP_ACT_NOTIFY? */
bool oci_seccomp_uses_notify(const struct oci_seccomp *seccomp);
/* Value of an annotation, or NULL. */
const char *oci_config_annotation(const struct oci_config *config, const char *key);

#endif

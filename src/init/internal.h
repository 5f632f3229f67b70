/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared inside src/init: the context of the steps and their prototypes, grouped by file. */
#ifndef SANDLOCK_INIT_INTERNAL_H
#define SANDLOCK_INIT_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "init/init.h"
#include "plan/plan.h"

struct err;

struct init_ctx {
	const struct init_args *args;
	const struct plan *plan;
	int root_fd; /* the container's root: first the directory, then its mount */
	int *source_fds; /* one per mount: O_PATH of a bind's source, the tree of an idmapped one, else -EBADF */
	int label_fd;	   /* /proc/thread-self/attr/...: written just before execve */
	char *cgroup_text; /* /proc/self/cgroup before the cgroup namespace was left */
	mode_t umask;	   /* the caller's */
	char *exec_path;   /* result of the command look-up */
	char **env;
	bool lazy; /* the live root is still being populated */
	bool notify_loaded;
};

struct init_step {
	const char *name;
	int (*run)(struct init_ctx *ctx, struct err **err);
	bool create; /* runs for a container's init */
	bool exec;   /* runs for exec */
};

extern const struct init_step init_steps[];

/* init.c */
void init_warn(struct init_ctx *ctx, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* ns.c: in the caller's mount view */
int step_begin(struct init_ctx *ctx, struct err **err);
int step_memory_policy(struct init_ctx *ctx, struct err **err);
int step_open_sources(struct init_ctx *ctx, struct err **err);
int step_join_namespaces(struct init_ctx *ctx, struct err **err);
int step_become_root(struct init_ctx *ctx, struct err **err);
int step_session(struct init_ctx *ctx, struct err **err);
int step_new_namespaces(struct init_ctx *ctx, struct err **err);
int step_network(struct init_ctx *ctx, struct err **err);
int step_names(struct init_ctx *ctx, struct err **err);
int step_sysctl(struct init_ctx *ctx, struct err **err);

/* rootfs.c */
int step_propagation(struct init_ctx *ctx, struct err **err);
int step_rootfs(struct init_ctx *ctx, struct err **err);
int step_cwd_exists(struct init_ctx *ctx, struct err **err);
int step_root_readonly(struct init_ctx *ctx, struct err **err);
int step_change_root(struct init_ctx *ctx, struct err **err);
int step_enter_root(struct init_ctx *ctx, struct err **err);

/* target.c: mount points and files below a root */
/*
 * O_PATH of path below root_fd; what is missing is made (directories 0755, an empty file at the end unless dir). Symlinks are followed below
 * the root, dangling ones too: the object they name is made.
 */
int target_open(int root_fd, const char *path, bool dir, bool nofollow, int *ret_fd);
/* O_PATH of the directory that path lies in (made if missing); *ret_name points into path. */
int target_parent(int root_fd, const char *path, int *ret_fd, const char **ret_name);

/* mounts.c */
int step_mounts(struct init_ctx *ctx, struct err **err);
int step_mounts_readonly(struct init_ctx *ctx, struct err **err);
/* A new detached file system; data is a comma-joined list. On failure msg has what the file system said. */
int mount_new_fs(const char *fstype, const char *source, unsigned long sb_flags, const char *data,
		 uint64_t attrs, int *ret_fd, char *msg, size_t msg_size);
/* Sets what config.json asks of one mount, before or after it is attached. */
int mount_apply_attrs(int tree_fd, const struct plan_mount *m);
int mount_apply_propagation(int tree_fd, const struct plan_mount *m);
/* copyup.c */
int mount_copy_up(int from_fd, int to_fd);
/* cgroups.c */
int mount_cgroup(struct init_ctx *ctx, const struct plan_mount *m, struct err **err);

/* dev.c */
int step_devices(struct init_ctx *ctx, struct err **err);
int step_dev_links(struct init_ctx *ctx, struct err **err);

/* mask.c */
int step_mask(struct init_ctx *ctx, struct err **err);
int step_readonly_paths(struct init_ctx *ctx, struct err **err);

/* terminal.c */
int step_terminal(struct init_ctx *ctx, struct err **err);

/* hooks.c: barriers with create */
int step_runtime_hooks(struct init_ctx *ctx, struct err **err);
int step_container_hooks(struct init_ctx *ctx, struct err **err);

/* process.c */
int step_oom_score(struct init_ctx *ctx, struct err **err);
int step_open_label(struct init_ctx *ctx, struct err **err);
int step_rlimits(struct init_ctx *ctx, struct err **err);
int step_cwd(struct init_ctx *ctx, struct err **err);
int step_environment(struct init_ctx *ctx, struct err **err);
int step_credentials(struct init_ctx *ctx, struct err **err);
int step_cwd_again(struct init_ctx *ctx, struct err **err);

/* confine.c */
int step_landlock(struct init_ctx *ctx, struct err **err);
int step_notify_lazy(struct init_ctx *ctx, struct err **err);
int step_filters_early(struct init_ctx *ctx, struct err **err);
int step_no_new_privs(struct init_ctx *ctx, struct err **err);
int step_filters_late(struct init_ctx *ctx, struct err **err);

/* agent.c */
struct sock_fprog;
/* Loads a profile with SCMP_ACT_NOTIFY and returns when its agent has the listener. flags: SECCOMP_FILTER_FLAG_*. */
int agent_load_profile(struct init_ctx *ctx, const struct sock_fprog *prog, unsigned flags,
		       struct err **err);

/* exec.c */
int step_look_up_command(struct init_ctx *ctx, struct err **err);
int step_close_descriptors(struct init_ctx *ctx, struct err **err);
int step_ready(struct init_ctx *ctx, struct err **err);
int step_start_hooks(struct init_ctx *ctx, struct err **err);
int step_exec(struct init_ctx *ctx, struct err **err);
/* Finds name as execvp would in env's PATH; *ret is allocated. */
int init_find_command(const char *name, char *const *env, char **ret, struct err **err);

#endif

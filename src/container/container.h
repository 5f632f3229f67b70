/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations on containers, one per command. All run in the command's process; none prints or exits. They block until they
 * are done and take the container's lock while they change it.
 */
#ifndef SANDLOCK_CONTAINER_CONTAINER_H
#define SANDLOCK_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "container/intel_rdt.h"

struct buf;
struct err;
struct oci_resources;

struct create_params {
	const char *root; /* state root */
	const char *id;
	const char *bundle;
	const char *config; /* file instead of <bundle>/config.json, or NULL */
	const char *console_socket;
	const char *pidfd_socket; /* gets a pidfd of init, or NULL */
	const char *pid_file;
	unsigned preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	bool no_subreaper; /* run in the foreground */
	bool detach;	   /* run: return after start */
	bool keep;	   /* run: do not delete at the end */
	const char *cow;   /* --cow: "on", "off", "auto" or NULL */
	const char *cow_dir;
	const char *cow_keep;  /* --cow-keep: "discard", "keep", "commit" or NULL */
	const char *commit_to; /* --commit-to, or NULL */
	enum cgroup_manager cgroup_manager;
};

/* Leaves a parked container and the pid file, or nothing at all. */
int container_create(const struct create_params *p, struct err **err);
/* What create would do, as text; touches nothing. */
int container_dump_plan(const struct create_params *p, struct buf *out, struct err **err);
/* create + start; in the foreground also wait and delete. *ret_status: exit status of the workload, 0 when detached. */
int container_run(const struct create_params *p, int *ret_status, struct err **err);

int container_start(const char *root, const char *id, struct err **err);
/* all: every process of the container. */
int container_kill(const char *root, const char *id, int sig, bool all, struct err **err);

#define DELETE_FORCE   (1u << 0) /* kill first; an unknown id is no error */
#define DELETE_DISCARD (1u << 1) /* the changes are thrown away, whatever create was told */
int container_delete(const char *root, const char *id, unsigned flags, struct err **err);

int container_pause(const char *root, const char *id, bool pause, struct err **err);
struct update_params {
	const char *root;
	const char *id;
	const struct oci_resources *resources; /* NULL: those of before stay */
	struct rdt_update rdt;
};
/* New limits; what is absent stays. */
int container_update(const struct update_params *p, struct err **err);
/* As this process sees them; free(*ret). */
int container_pids(const char *root, const char *id, pid_t **ret, size_t *ret_n, struct err **err);

struct prepare_params {
	const char *image;  /* a directory: for containers that have it as root.path, */
	const char *bundle; /* or NULL: for containers such as this bundle's */
	const char *share;  /* as in the annotation, or NULL */
	const char *pool;   /* as in the annotation, or NULL */
	unsigned spare;	    /* 0: remove them */
};
/* Spare roots (cow/spare.h): returns when there are as many as asked for, that show what the image is now. */
int container_prepare(const struct prepare_params *p, struct err **err);

/* Lists what differs from the lower: prints through fn. */
typedef void (*container_diff_fn)(void *arg, char kind, const char *path);
int container_diff(const char *root, const char *id, container_diff_fn fn, void *arg,
		   struct err **err);

struct layer_params;
/* The changes as a layer (layer/layer.h). */
int container_export(const char *root, const char *id, const struct layer_params *layer,
		     struct err **err);
/* The changes applied to the directory `to`. force: also where somebody else has changed it. */
int container_commit(const char *root, const char *id, const char *to, bool force,
		     struct err **err);
/* The changes as an upper directory of overlayfs; made if there is none, else it must be empty. */
int container_commit_upper(const char *root, const char *id, const char *upper, struct err **err);

struct exec_params {
	const char *root;
	const char *id;
	const char
		*process; /* process.json, or NULL: the container's process with the values below */
	char *const *args;
	const char *cwd;
	char *const *env;  /* added */
	char *const *caps; /* added */
	const char *user;  /* UID[:GID] */
	bool has_tty;	   /* -t was given at all (with --process: overrides the file) */
	bool tty;
	bool no_new_privs;
	const char *process_label;
	const char *apparmor;
	const uint32_t *groups; /* added to the supplementary groups */
	size_t n_groups;
	char *const *cgroups; /* "[CONTROLLER,...:]PATH" below the container's, or NULL */
	bool ignore_paused;   /* also into a paused container: it runs when that is resumed */
	bool detach;
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	unsigned preserve_fds;
};

/* *ret_status: exit status of the process, 0 when detached. */
int container_exec(const struct exec_params *p, int *ret_status, struct err **err);

#endif

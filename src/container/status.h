/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container's state directory says about it: the file `status`, JSON, written to a temporary name and renamed. Only the user of
 * the runtime can write there (0700).
 *
 *	{"version": 1, "creating": bool, "ociVersion": "1.3.0", "pid": n, "process-start-time": n, "bundle": "/…",
 *	 "rootfs": "/…", "created": RFC 3339, "owner": "root", "cgroup-path": "/…", "cgroup-ours": bool,
 *	 "systemd-scope": "x.scope", "systemd-user": bool,
 *	 "private-pid-namespace": bool, "hooks": bool, "devices-updated": bool, "supervisor-pid": n, "supervisor-start-time": n,
 *	 "intel-rdt": {"group": "/…", "ours": bool, "monitor": "/…"},
 *	 "cow": {"dir": "/…", "keep": bool, "commit-to": "/…"}, "ids": {…}, "annotations": {…}}
 * Absent: cgroup-path (no cgroup), systemd-* (another manager), supervisor-*, cow, ids (no user namespace of its own).
 */
#ifndef SANDLOCK_CONTAINER_STATUS_H
#define SANDLOCK_CONTAINER_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "plan/plan.h"

#define STATUS_VERSION 1

struct err;

struct status {
	bool creating; /* `create` has not finished (or died) */
	char *oci_version;
	pid_t pid; /* 0: not started yet */
	uint64_t start_time;
	char *bundle;
	char *rootfs;  /* as configured, absolute */
	char *created; /* RFC 3339 with nanoseconds */
	char *owner;   /* user name, or the number */
	char *cgroup_path;
	bool cgroup_ours;
	char *systemd_scope; /* NULL: systemd is not the manager */
	bool systemd_user;   /* of the user's own systemd */
	bool private_pidns;
	bool has_hooks; /* poststart or poststop: config.json has to be read for start and delete */
	bool devices_updated; /* the device rules are not those of config.json any more */
	pid_t supervisor_pid;
	uint64_t supervisor_start_time;
	char *rdt_group;   /* NULL: no group of resctrl */
	bool rdt_ours;	   /* made by create */
	char *rdt_monitor; /* monitoring group, made by create; or NULL */
	char *cow_dir;	   /* NULL: no copy-on-write */
	bool cow_keep;
	char *cow_commit_to; /* NULL: the changes are not committed at the end */
	bool cow_lazy;	     /* was populated lazily */
	struct plan_ids ids; /* everything in it is owned here */
	struct plan_pair *annotations;
	size_t n_annotations;
};

/* -ENOENT: no status (err is not set). -EUCLEAN: not written by us, or by a newer version; err names dirname. */
int status_read(int dir_fd, const char *dirname, struct status **ret, struct err **err);
int status_write(int dir_fd, const struct status *status, struct err **err);
void status_free(struct status *status);
/* Takes copies of what later commands need from the plan. */
void status_set_plan(struct status *status, const struct plan *plan);

static inline void status_cleanup_fn(struct status **status)
{
	status_free(*status);
}
#define cleanup_status ATTR_CLEANUP(status_cleanup_fn)

#endif

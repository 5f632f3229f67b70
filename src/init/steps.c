/* SPDX-License-Identifier: GPL-2.0-or-later */
/* THE ordered table of what happens between clone and execve. Runs in init. The reasons for the order stand here, the steps elsewhere. */
#include <config.h>

#include <stddef.h>

#include "init/internal.h"

#define CREATE true, false
#define EXEC   false, true
#define BOTH   true, true

/* clang-format off */
const struct init_step init_steps[] = {
	/* Outside: the caller's mount view, its ids. A user namespace, if new, is mapped already (#1 MAPPED). */
	{ "begin",		step_begin,		BOTH },
	{ "oom score",		step_oom_score,		CREATE }, /* /proc/self belongs to the old ids: before they change */
	{ "label",		step_open_label,	BOTH },
	{ "memory policy",	step_memory_policy,	BOTH }, /* in the cgroup already: its memory nodes count */
	{ "sources",		step_open_sources,	CREATE }, /* with the caller's ids: the new root may not see their directories */
	{ "join",		step_join_namespaces,	CREATE },
	{ "root ids",		step_become_root,	BOTH },
	{ "session",		step_session,		BOTH },
	{ "namespaces",		step_new_namespaces,	CREATE },
	{ "network",		step_network,		CREATE },
	{ "names",		step_names,		CREATE },
	{ "sysctl",		step_sysctl,		CREATE }, /* the host's /proc/sys shows our namespaces and is not read-only yet */

	/* Mounts, all below root_fd while the old root is still there. */
	{ "propagation",	step_propagation,	CREATE },
	{ "rootfs",		step_rootfs,		CREATE },
	{ "mounts",		step_mounts,		CREATE },
	{ "devices",		step_devices,		CREATE },
	{ "dev links",		step_dev_links,		CREATE },
	{ "runtime hooks",	step_runtime_hooks,	CREATE }, /* #2, #3: they may add to the mounts */
	{ "container hooks",	step_container_hooks,	CREATE },
	{ "cwd exists",		step_cwd_exists,	CREATE }, /* before the root turns read-only */
	{ "enter root",		step_enter_root,	EXEC },
	{ "terminal",		step_terminal,		BOTH },
	{ "mounts readonly",	step_mounts_readonly,	CREATE }, /* those in which we made something; the terminal was the last */
	{ "mask",		step_mask,		CREATE }, /* after the hooks: nothing may uncover them */
	{ "readonly paths",	step_readonly_paths,	CREATE },
	{ "root readonly",	step_root_readonly,	CREATE },
	{ "pivot",		step_change_root,	CREATE },

	/* Inside. */
	{ "rlimits",		step_rlimits,		BOTH }, /* raising needs the capabilities we are about to lose */
	{ "notify, lazy",	step_notify_lazy,	BOTH }, /* whatever of the root we look at from here on may have to be populated first */
	{ "cwd",		step_cwd,		BOTH },
	{ "environment",	step_environment,	BOTH },
	{ "landlock",		step_landlock,		BOTH }, /* after the last mount change, which it forbids; with our capabilities, before the filters may refuse its calls */
	{ "filters, early",	step_filters_early,	BOTH }, /* without no_new_privs loading needs CAP_SYS_ADMIN */
	{ "credentials",	step_credentials,	BOTH },
	{ "no new privs",	step_no_new_privs,	BOTH },
	{ "cwd again",		step_cwd_again,		BOTH }, /* a directory that only the user may enter */
	{ "command",		step_look_up_command,	BOTH },
	{ "filters, late",	step_filters_late,	BOTH },
	{ "descriptors",	step_close_descriptors,	BOTH },
	{ "ready",		step_ready,		BOTH }, /* #6; parks */
	{ "start hooks",	step_start_hooks,	CREATE },
	{ "exec",		step_exec,		BOTH },
	{ NULL,			NULL,			false, false },
};
/* clang-format on */

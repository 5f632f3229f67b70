/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order of the set-up: the few orders that security or the specification depend on. */
#include <config.h>

#include "init/internal.h"
#include "tests/lib/tap.h"

static int position(int (*run)(struct init_ctx *, struct err **))
{
	for (int i = 0; init_steps[i].run; i++) {
		if (init_steps[i].run == run)
			return i;
	}
	return -1;
}

#define comes_before(a, b, why)                                                                    \
	ok(position(a) >= 0 && position(a) < position(b), #a " before " #b ": " why)

int main(void)
{
	comes_before(step_oom_score, step_mounts,
		     "the host's /proc, which no mount of the image redirects");
	comes_before(step_open_label, step_mounts, "the same (CVE-2025-52881)");
	comes_before(step_sysctl, step_mounts, "the same");
	comes_before(step_change_root, step_landlock, "a domain forbids mounts");
	comes_before(step_landlock, step_filters_early, "a profile may refuse Landlock's calls");
	comes_before(step_landlock, step_credentials, "restricting itself needs CAP_SYS_ADMIN");
	comes_before(step_open_sources, step_become_root,
		     "the caller's ids may search its directories");
	comes_before(step_memory_policy, step_mounts, "page tables and mounts count too");
	comes_before(step_mounts, step_runtime_hooks, "hooks see the mounts");
	comes_before(step_runtime_hooks, step_container_hooks, "runtime-spec");
	comes_before(step_container_hooks, step_change_root,
		     "createContainer hooks resolve host paths");
	comes_before(step_container_hooks, step_mask, "hooks may mount, masks must stay on top");
	comes_before(step_cwd_exists, step_root_readonly, "the working directory is made");
	comes_before(step_rlimits, step_credentials, "raising limits needs capabilities");
	comes_before(step_filters_early, step_credentials,
		     "loading a filter without no_new_privs needs CAP_SYS_ADMIN");
	comes_before(step_no_new_privs, step_filters_late, "and with it nothing else");
	comes_before(step_credentials, step_look_up_command, "the user must be able to execute it");
	comes_before(step_close_descriptors, step_ready,
		     "a parked container holds nothing of its caller");
	comes_before(step_ready, step_start_hooks, "runtime-spec");
	comes_before(step_start_hooks, step_exec, "runtime-spec");
	for (int i = 0; init_steps[i].run; i++)
		ok(init_steps[i].create || init_steps[i].exec, "%s is used", init_steps[i].name);
	ok(init_steps[position(step_filters_early)].exec &&
		   init_steps[position(step_credentials)].exec &&
		   init_steps[position(step_no_new_privs)].exec &&
		   init_steps[position(step_filters_late)].exec,
	   "an exec'd process is confined like the first one");
	return tap_done();
}

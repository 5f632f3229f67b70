/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capability names against libcap's, and sets against what the kernel says. */
#include <config.h>

#include <linux/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cred.h"
#include "tests/lib/tap.h"

static void test_sets(void)
{
	struct host_cap_sets sets, got = {0};
	pid_t pid;
	int status;

	if (host_caps_get(&sets) < 0 || !(sets.permitted & UINT64_C(1) << CAP_SETPCAP)) {
		tap_skip("sets", "needs CAP_SETPCAP");
		return;
	}
	pid = fork();
	if (pid == 0) {
		uint64_t keep = UINT64_C(1) << CAP_CHOWN, known, bounding;
		struct host_cap_sets want = {
			.effective = keep, .permitted = keep, .inheritable = keep};

		if (host_caps_drop_bounding(keep) < 0 || host_caps_set(&want) < 0 ||
		    host_caps_set_ambient(keep) < 0)
			_exit(1);
		host_caps_bounding(&known, &bounding);
		if (host_caps_get(&got) < 0 || got.effective != keep || got.permitted != keep ||
		    got.inheritable != keep || bounding != keep)
			_exit(2);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "bounding, effective, permitted, inheritable and ambient sets");
}

int main(void)
{
	is_int(host_cap_number("CAP_CHOWN"), CAP_CHOWN, "the first");
	is_int(host_cap_number("CAP_CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE, "the last");
	is_int(host_cap_number("sys_admin"), CAP_SYS_ADMIN, "without prefix, small letters");
	is_int(host_cap_number("CAP_NOSUCH"), -1, "unknown");
	is_int(host_cap_number("CAP_"), -1, "only the prefix");
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		is_int(host_cap_name(i) ? host_cap_number(host_cap_name(i)) : -1, i,
		       "capability %u there and back", i);
	ok(!host_cap_name(63), "no name for a number that is none");
	test_sets();
	return tap_done();
}

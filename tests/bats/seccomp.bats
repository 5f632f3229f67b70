#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The profile of config.json beside the filter of the write guard, and the order in which the two are loaded.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# profile RULES: allows everything but what the rules say.
profile() {
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: $r}' --argjson r "$1"
}

@test "the profile's stricter verdict wins over the write guard, a laxer one does not" {
	local chmod='"names":["chmod","fchmod","fchmodat","fchmodat2"]'
	snapshot_tree "$B/rootfs" >"$T/before"
	set_args "$B" /bin/sh -c 'chmod 0600 /etc/motd 2>&1; stat -c %a /etc/motd; echo changed >/etc/motd; cat /etc/motd'
	profile "[{$chmod,\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":71}]"
	run sandlock run --cow=on --bundle "$B" c
	assert_output_has "Protocol error" 644 changed
	profile "[{$chmod,\"action\":\"SCMP_ACT_KILL_PROCESS\"}]"
	run sandlock run --cow=on --bundle "$B" c
	assert_output_has "Bad system call" 644 changed
	# the guard's verdict is the stricter one
	profile "[{$chmod,\"action\":\"SCMP_ACT_LOG\"},{\"names\":[\"open\",\"openat\"],\"action\":\"SCMP_ACT_LOG\"}]"
	run sandlock run --cow=on --bundle "$B" c
	assert_output 600$'\n'changed
	assert_tree_unchanged "$T/before" "$B/rootfs"
}

@test "the write guard is loaded before the profile, which may refuse to load anything" {
	set_args "$B" /bin/sh -c 'echo changed >/etc/motd; cat /etc/motd'
	snapshot_tree "$B/rootfs" >"$T/before"
	profile '[{"names":["seccomp"],"action":"SCMP_ACT_ERRNO","errnoRet":71}]'
	for nnp in true false; do
		edit_config "$B" '.process.noNewPrivileges = $n' --argjson n $nnp
		run sandlock run --cow=on --bundle "$B" c
		assert_success
		assert_output changed
	done
	assert_tree_unchanged "$T/before" "$B/rootfs"
}

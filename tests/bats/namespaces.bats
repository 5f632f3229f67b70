#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Namespaces: new, joined, inherited; names, sysctl, ids, time.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# covers: config linux.namespaces
@test "new namespaces are new, absent ones inherited" {
	set_args "$B" /bin/sh -c 'for n in mnt pid ipc uts net; do readlink /proc/self/ns/$n; done'
	run sandlock run --bundle "$B" c
	assert_success
	[ "${lines[0]}" != "$(readlink /proc/self/ns/mnt)" ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/pid)" ]
	[ "${lines[2]}" != "$(readlink /proc/self/ns/ipc)" ]
	[ "${lines[3]}" != "$(readlink /proc/self/ns/uts)" ]
}

# covers: config hostname, config domainname
@test "hostname, domainname and the first pid" {
	edit_config "$B" '.hostname = "inside" | .domainname = "example"'
	set_args "$B" /bin/sh -c 'hostname; cat /proc/sys/kernel/domainname; echo $$'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'inside\nexample\n1'
}

# covers: config linux.sysctl
@test "loopback is up in a new network namespace; sysctl is applied there" {
	edit_config "$B" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}]) | .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "1234"}'
	set_args "$B" /bin/sh -c 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni; ip link show lo | grep -c LOWER_UP'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'1\n1234\n1'
}

# covers: config linux.sysctl
@test "a sysctl of the whole host is refused" {
	edit_config "$B" '.linux.sysctl = {"vm.swappiness": "10"}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "vm.swappiness" "not namespaced"
}

# covers: config linux.namespaces
@test "pid, network and ipc namespaces of another container are joined" {
	set_args "$B" /bin/sleep 60
	sandlock run --detach --bundle "$B" first </dev/null >/dev/null 2>&1
	pid=$(pid_of first)
	B2=$(make_bundle "$T/second")
	edit_config "$B2" '.linux.namespaces |= (map(select(.type != "pid" and .type != "ipc" and .type != "user")) +
		[{type: "pid", path: "/proc/\($p)/ns/pid"}, {type: "ipc", path: "/proc/\($p)/ns/ipc"}] +
		(if $user then [{type: "user", path: "/proc/\($p)/ns/user"}] else [] end)) | del(.linux.uidMappings, .linux.gidMappings)' \
		--arg p "$pid" --argjson user "$([ "$(id -u)" = 0 ] && echo false || echo true)"
	set_args "$B2" /bin/sh -c 'cat /proc/1/cmdline | tr "\0" " "; readlink /proc/self/ns/ipc'
	run sandlock run --bundle "$B2" second
	assert_success
	assert_output "/bin/sleep 60 $(as "${AS:-}" readlink "/proc/$pid/ns/ipc")"
}

# covers: config linux.namespaces
@test "a path that is another kind of namespace is refused" {
	edit_config "$B" '.linux.namespaces |= (map(select(.type != "ipc")) + [{type: "ipc", path: "/proc/self/ns/net"}])'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "ipc namespace"
	edit_config "$B" '.linux.namespaces |= (map(select(.type != "ipc")) + [{type: "ipc", path: "/etc/passwd"}])'
	run sandlock run --bundle "$B" c
	assert_failure 1
}

# covers: config linux.timeOffsets
@test "time namespace with offsets" {
	requires_kernel 6.1
	edit_config "$B" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 100000000}}'
	set_args "$B" /bin/sh -c 'cut -d. -f1 /proc/uptime'
	run sandlock run --bundle "$B" c
	assert_success
	[ "$output" -ge 100000000 ]
}

# covers: config linux.uidMappings, config linux.gidMappings
@test "root: a new user namespace whose ids cannot enter the bundle's directory" {
	requires_root
	map_root "$B"
	mkdir -m 0700 "$T/closed"
	mv "$B" "$T/closed/bundle"
	B=$T/closed/bundle
	set_args "$B" /bin/sh -c 'id -u; cat /proc/self/uid_map | tr -s " "; touch /made; echo x >/dev/null'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'0\n 0 300000 1000'
	[ "$(stat -c %u "$B/rootfs/made")" = 300000 ]
}

# covers: config linux.namespaces
@test "message queues of a new ipc namespace belong to the root of a new user namespace" {
	[ "$(id -u)" != 0 ] || map_root "$B"
	edit_config "$B" '.process.capabilities = {}'
	set_args "$B" /bin/sh -c 'stat -c "%u %g" /dev/mqueue && chmod 0700 /dev/mqueue && readlink /proc/self/ns/ipc'
	run sandlock run --bundle "$B" c
	assert_success
	[ "${lines[0]}" = "0 0" ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/ipc)" ]
}

@test "user without a user namespace in config.json: all subordinate ids are mapped" {
	requires_test_users
	AS=$TEST_USER
	requires_userns
	requires_subids
	B=$(make_bundle "$(user_dir b)")
	edit_config "$B" 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user")) |
		.process.capabilities = {bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]}'
	set_args "$B" /bin/sh -c 'id -u; touch /x; chown 5:6 /x; stat -c %u:%g /x'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'0\n5:6'
}

@test "user without subordinate ids: one id is mapped" {
	requires_test_users
	AS=$NOSUB_USER
	requires_userns
	B=$(make_bundle "$(user_dir b)")
	edit_config "$B" 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	set_args "$B" /bin/sh -c 'id -u; tr -s " " </proc/self/uid_map; cat /proc/self/setgroups'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'0\n'" 0 $(id -u "$NOSUB_USER") 1"$'\ndeny'
	edit_config "$B" '.process.user.uid = 7'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "process.user.uid 7 is not mapped"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Annotations that crun knows and callers use.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# covers: annotation run.oci.keep_original_groups
@test "run.oci.keep_original_groups: the caller's groups stay, additionalGids are not set" {
	requires_root
	set_args "$B" id -G
	edit_config "$B" '.process.user.additionalGids = [7] | .annotations = {"run.oci.keep_original_groups": "1"}'
	run setpriv --groups 4711,4712 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_success
	assert_output "0 4711 4712"
	edit_config "$B" '.annotations = {}'
	run setpriv --groups 4711,4712 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_output "0 7"
}

# covers: annotation run.oci.seccomp_fail_unknown_syscall
@test "run.oci.seccomp_fail_unknown_syscall: an unknown name is an error only then" {
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
	run sandlock run --bundle "$B" c
	assert_success
	edit_config "$B" '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has 'linux.seccomp.syscalls[0]: the system call `no_such_call` is unknown'
	[ "$(status_of c)" = gone ]
}

# BPF in base64: mkdir and mkdirat are EDOM, all else is allowed
filter() {
	local mkdir='\x53\0\0\0' mkdirat='\2\1\0\0'
	[ "$(uname -m)" = x86_64 ] || mkdir='\x22\0\0\0' mkdirat='\x22\0\0\0'
	printf %b '\x20\0\0\0\0\0\0\0' '\x15\0\1\0' "$mkdir" '\x15\0\0\1' "$mkdirat" '\x06\0\0\0\x21\0\x05\0' '\x06\0\0\0\0\0\xff\x7f' | base64 -w0
}

# covers: annotation run.oci.seccomp_bpf_data
@test "run.oci.seccomp_bpf_data: a filter instead of the profile, for exec too, with and without copy-on-write" {
	edit_config "$B" '.annotations = {"run.oci.seccomp_bpf_data": $f} | .linux.seccomp = {defaultAction: "SCMP_ACT_KILL"}' --arg f "$(filter)"
	set_args "$B" /bin/sleep 60
	for cow in off on; do
		sandlock run --cow=$cow --detach --bundle "$B" c </dev/null >/dev/null 2>&1
		run sandlock exec c /bin/mkdir /x
		assert_failure 1
		assert_output_has "out of domain"
		sandlock delete --force c
	done
	edit_config "$B" '.annotations."run.oci.seccomp_bpf_data" = "BgAAAA=="'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "run.oci.seccomp_bpf_data"
}

# covers: annotation run.oci.pidfd_receiver
@test "run.oci.pidfd_receiver gets a descriptor of the container's process" {
	requires_command python3
	edit_config "$B" '.annotations = {"run.oci.pidfd_receiver": $s}' --arg s "$T/pidfd.sock"
	run timeout 20 python3 -c '
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[5])
s.listen(1)
subprocess.check_call(sys.argv[1:4] + ["create", "--bundle", sys.argv[4], "c"],
	stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
fds = socket.recv_fds(s.accept()[0], 4096, 8)[1]
print(len(fds), [l for l in open("/proc/self/fdinfo/%d" % fds[0]) if l.startswith("Pid")][0].split()[1])
' "$SANDLOCK_OCI" --root "$(state_root)" "$B" "$T/pidfd.sock"
	assert_success
	assert_output "1 $(pid_of c)"
	sandlock delete --force c
	edit_config "$B" '.annotations = {"run.oci.pidfd_receiver": "/no/such/socket"}'
	run sandlock create --bundle "$B" c
	assert_failure 1
	assert_output_has /no/such/socket
	[ "$(status_of c)" = gone ]
}

# covers: annotation run.oci.handler
@test "run.oci.handler: an error, not a container without what was asked for" {
	edit_config "$B" '.annotations = {"run.oci.handler": "krun"}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "annotation run.oci.handler" '`krun`' "no handlers"
	[ "$(status_of c)" = gone ]
}

@test "unknown annotations do nothing; an empty key is an error" {
	edit_config "$B" '.annotations = {"run.oci.no-such": "1", "x": ""}'
	run sandlock run --bundle "$B" c
	assert_success
	edit_config "$B" '.annotations = {"": "1"}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has annotations
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# process of config.json: ids, capabilities, limits, environment, directory.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# covers: config process.capabilities
@test "capabilities are exactly those of config.json" {
	edit_config "$B" '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_KILL"],
		inheritable: ["CAP_CHOWN"], ambient: []}'
	set_args "$B" grep Cap /proc/self/status
	run sandlock run --bundle "$B" c
	assert_success
	# for uid 0 execve raises the permitted and effective sets to inheritable | bounding
	assert_output_has $'CapInh:\t0000000000000001' $'CapPrm:\t0000000000000021' $'CapBnd:\t0000000000000021' $'CapAmb:\t0000000000000000'
}

@test "no capabilities at all when config.json has none" {
	edit_config "$B" 'del(.process.capabilities)'
	set_args "$B" grep -E 'CapPrm|CapBnd' /proc/self/status
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'CapPrm:\t0000000000000000\nCapBnd:\t0000000000000000'
}

# covers: config process.capabilities, config process.user.uid, config process.user.gid, config process.user.additionalGids
@test "ambient capabilities reach another user" {
	requires_root
	edit_config "$B" '.process.user = {uid: 5, gid: 6, additionalGids: [7, 8]} | .process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}'
	set_args "$B" /bin/sh -c 'id -u; id -g; id -G; grep CapEff /proc/self/status'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'5\n6\n6 7 8\nCapEff:\t0000000000000020'
}

# covers: config process.capabilities
@test "an unknown capability is a warning" {
	edit_config "$B" '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	run sandlock --log-level warning run --bundle "$B" c
	assert_success
	assert_output_has CAP_NO_SUCH
}

# covers: config process.rlimits
@test "limits; one that cannot be raised is cut, with a warning" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 33, hard: 44}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	set_args "$B" /bin/sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'33\n44\n0'
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NPROC", soft: 9000000000000, hard: 9000000000000}]'
	set_args "$B" /bin/true
	run sandlock --log-level warning run --bundle "$B" c
	assert_success
	[ "$(id -u)" = 0 ] || assert_output_has "RLIMIT_NPROC cannot be raised to 9000000000000"
}

# covers: config process.user.umask
@test "umask only when given" {
	set_args "$B" /bin/sh -c umask
	umask 0027
	run sandlock run --bundle "$B" c
	assert_output 0027
	edit_config "$B" '.process.user.umask = 7'
	run sandlock run --bundle "$B" c
	assert_output 0007
}

# covers: config process.oomScoreAdj, config process.noNewPrivileges, config process.env
@test "oom score, no new privileges, HOME from passwd" {
	edit_config "$B" '.process.oomScoreAdj = 321 | .process.noNewPrivileges = true | .process.env = ["PATH=/bin"]'
	set_args "$B" /bin/sh -c 'cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status; echo $HOME'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'321\nNoNewPrivs:\t1\n/root'
}

@test "only the standard descriptors, and those that were asked for" {
	set_args "$B" /bin/sh -c 'ls /proc/self/fd | tr "\n" " "; cat <&4'
	echo kept >"$T/file"
	chmod 0644 "$T/file"
	with_descriptors() { sandlock run --preserve-fds "$1" --bundle "$B" c 3</dev/null 4<"$T/file" 5<&- 6<&- 7</dev/null; }
	run with_descriptors 2
	assert_success
	# 5 is ls's own
	assert_output "0 1 2 3 4 5 kept"
	run with_descriptors 4
	assert_failure 1
	assert_output_has "preserve"
}

# covers: config process.args
@test "commands that cannot be executed: podman's texts" {
	edit_config "$B" '.process.env = ["PATH=/bin:/sbin"]'
	set_args "$B" no-such-command
	run sandlock create --bundle "$B" c
	assert_failure 1
	assert_output_has 'executable file `no-such-command` not found in $PATH: no such file or directory'
	set_args "$B" /no/such
	run sandlock create --bundle "$B" c
	assert_output_has 'executable file `/no/such` not found: no such file or directory'
	set_args "$B" /etc
	run sandlock create --bundle "$B" c
	assert_output_has 'the path `/etc` is not a regular file: permission denied'
	set_args "$B" /etc/passwd
	run sandlock create --bundle "$B" c
	assert_output_has 'the path `/etc/passwd` exists but it is not executable: permission denied'
	run sandlock state c
	assert_failure
}

# covers: config linux.seccomp.syscalls.action, config linux.seccomp.syscalls.errnoRet
@test "a seccomp profile holds for the workload and for exec, with and without copy-on-write" {
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	set_args "$B" /bin/sleep 60
	for cow in off on; do
		for nnp in true false; do
			edit_config "$B" '.process.noNewPrivileges = $n' --argjson n "$nnp"
			sandlock run --cow="$cow" --detach --bundle "$B" c >/dev/null 2>&1 </dev/null
			run sandlock exec c /bin/mkdir /x
			assert_failure 1
			assert_output_has "not supported"
			sandlock delete --force c
		done
	done
}

@test "the built-in seccomp profile, for the workload and for exec" {
	edit_config "$B" '.annotations["run.sandlock.seccomp"] = "default" | .process.args = ["/bin/sleep", "1000"]'
	sandlock run --detach --bundle "$B" c
	run sandlock exec c grep Seccomp: /proc/1/status /proc/self/status
	assert_output_has "/proc/1/status:Seccomp:"$'\t'2 "/proc/self/status:Seccomp:"$'\t'2
	sandlock delete --force c
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	run sandlock run --bundle "$B" c
	assert_failure
	assert_output_has "run.sandlock.seccomp" "linux.seccomp already"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the container's processes are scheduled, do their I/O and get memory: process.scheduler, ioPriority, execCPUAffinity, linux.memoryPolicy,
# linux.personality.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

run_sleeper() {
	set_args "$B" /bin/sleep 60
	sandlock run --detach --bundle "$B" c </dev/null >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
}

# covers: config process.scheduler
@test "scheduler: policy and nice" {
	edit_config "$B" '.process.scheduler = {policy: "SCHED_BATCH", nice: 7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	run_sleeper
	run chrt -p "$(pid_of c)"
	assert_output_has "SCHED_BATCH|SCHED_RESET_ON_FORK"
	[ "$(cut -d' ' -f19 "/proc/$(pid_of c)/stat")" = 7 ]
	sandlock exec c /bin/sh -c 'cut -d" " -f19,41 /proc/self/stat' >"$T/exec"
	# an exec'd process has its own
	[ "$(cat "$T/exec")" = "0 0" ]
}

# covers: config process.scheduler
@test "scheduler: real-time, by root also for a user namespace; an ordinary user gets an error that says what" {
	chrt -f 5 true 2>/dev/null || [ "$(id -u)" != 0 ] || skip "host: root may not use SCHED_FIFO"
	edit_config "$B" '.process.scheduler = {policy: "SCHED_FIFO", priority: 3}'
	if [ "$(id -u)" != 0 ]; then
		run sandlock run --bundle "$B" c
		assert_failure 1
		assert_output_has "process.scheduler" "SCHED_FIFO" "Operation not permitted"
		return
	fi
	map_root "$B"
	# groups of cgroup v1 have no real-time bandwidth unless it is given to them
	[ ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || edit_config "$B" '.linux.resources.cpu.realtimeRuntime = 10000'
	run_sleeper
	run chrt -p "$(pid_of c)"
	assert_output_has SCHED_FIFO "priority: 3"
}

# covers: config process.scheduler
@test "scheduler: a combination that the kernel does not take is an error, nothing is left" {
	edit_config "$B" '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 100, deadline: 10, period: 10}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "process.scheduler: set the policy SCHED_DEADLINE"
	[ "$(status_of c)" = gone ]
}

# covers: config process.ioPriority
@test "ioPriority" {
	edit_config "$B" '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run_sleeper
	run ionice -p "$(pid_of c)"
	assert_output "best-effort: prio 6"
	sandlock delete --force c
	edit_config "$B" '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	run_sleeper
	run ionice -p "$(pid_of c)"
	assert_output idle
}

# covers: config process.execCPUAffinity
@test "execCPUAffinity: final, initial alone, and not for the first process" {
	[ "$(nproc --all)" -ge 2 ] || skip "host: one CPU"
	all=$(grep Cpus_allowed_list /proc/self/status | cut -f2)
	edit_config "$B" '.process.execCPUAffinity = {initial: "0", final: "1"}'
	run_sleeper
	[ "$(grep Cpus_allowed_list "/proc/$(pid_of c)/status" | cut -f2)" = "$all" ]
	run sandlock exec c grep Cpus_allowed_list /proc/self/status
	assert_output $'Cpus_allowed_list:\t1'
	sandlock delete --force c
	edit_config "$B" '.process.execCPUAffinity = {initial: "0"}'
	run_sleeper
	run sandlock exec c grep Cpus_allowed_list /proc/self/status
	assert_output $'Cpus_allowed_list:\t'"$all"
	run sandlock exec --process <(jq -n '{args: ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"], cwd: "/", execCPUAffinity: {final: "1"}}') c
	assert_output $'Cpus_allowed_list:\t1'
	run sandlock exec --process <(jq -n '{args: ["/bin/true"], cwd: "/", execCPUAffinity: {initial: "8000"}}') c
	assert_failure
	assert_output_has "process.execCPUAffinity.initial: none of these CPUs can be used"
}

# covers: config linux.memoryPolicy
@test "memoryPolicy, also for exec" {
	[ -e /proc/self/numa_maps ] || skip "host: no NUMA in this kernel"
	edit_config "$B" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	set_args "$B" /bin/sh -c 'grep -c "bind=static:0" /proc/self/numa_maps; sleep 60'
	sandlock run --detach --bundle "$B" c </dev/null >"$T/out" 2>&1
	wait_for 5 test -s "$T/out"
	[ "$(cat "$T/out")" -gt 0 ]
	run sandlock exec c grep -c "bind=static:0" /proc/self/numa_maps
	assert_success
	[ "$output" -gt 0 ]
	sandlock delete --force c
	edit_config "$B" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0,7000"}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has linux.memoryPolicy "Invalid argument"
}

# covers: config linux.personality
@test "personality: what the program sees as its machine, also for exec" {
	case $(uname -m) in
	x86_64) small=i686 ;;
	*) skip "host: not an x86_64" ;;
	esac
	edit_config "$B" '.linux.personality = {domain: "LINUX32"}'
	set_args "$B" /bin/sh -c 'uname -m >&2; sleep 60'
	sandlock run --detach --bundle "$B" c </dev/null >"$T/out" 2>&1
	wait_for 5 test -s "$T/out"
	[ "$(cat "$T/out")" = "$small" ]
	run sandlock exec c uname -m
	assert_output "$small"
	sandlock delete --force c
	edit_config "$B" '.linux.personality = {domain: "LINUX"}'
	set_args "$B" uname -m
	run setarch "$small" "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_output x86_64
}

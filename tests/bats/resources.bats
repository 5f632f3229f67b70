#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.resources: what the kernel's files say when the container runs; an error that names the controller where the host does not have it.

load helpers

setup() {
	setup_sandlock
	requires_root
	B=$(make_bundle)
	set_args "$B" /bin/sleep 60
}

teardown() {
	teardown_sandlock
}

is_v2() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
}

# has CONTROLLER: this host can give it to a group
has() {
	if is_v2; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
	else
		[ -d "/sys/fs/cgroup/$1" ]
	fi
}

# value V1-CONTROLLER/FILE V2-FILE
value() {
	local path
	path=$(jq -r '."cgroup-path"' "$(state_root)/c/status")
	if is_v2; then
		cat "/sys/fs/cgroup$path/$2"
	else
		cat "/sys/fs/cgroup/${1%%/*}$path/${1#*/}"
	fi
}

# with JSON: a container with these resources runs
with() {
	edit_config "$B" '.linux.resources = $r' --argjson r "$1"
	sandlock run --detach --bundle "$B" c </dev/null >"$T/log" 2>&1 || { cat "$T/log" >&2; return 1; }
}

# refused JSON TEXT...
refused() {
	edit_config "$B" '.linux.resources = $r' --argjson r "$1"
	shift
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "$@"
	[ "$(status_of c)" = gone ]
}

# covers: config linux.resources.memory
@test "memory" {
	has memory || skip "host: no memory controller"
	with '{"memory": {"limit": 67108864, "reservation": 33554432}}'
	[ "$(value memory/memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(value memory/memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	sandlock delete --force c
	with '{"memory": {"limit": -1}}'
	[[ $(value memory/memory.limit_in_bytes memory.max) =~ ^(max|9223372036854771712)$ ]]
	sandlock delete --force c
	refused '{"memory": {"limit": 67108864, "swap": 1000}}' swap
}

# covers: config linux.resources.cpu
@test "cpu" {
	has cpu || skip "host: no cpu controller"
	with '{"cpu": {"shares": 1024, "quota": 50000, "period": 200000}}'
	if is_v2; then
		[ "$(value x cpu.weight)" = 100 ]
		[ "$(value x cpu.max)" = "50000 200000" ]
	else
		[ "$(value cpu/cpu.shares x)" = 1024 ]
		[ "$(value cpu/cpu.cfs_quota_us x):$(value cpu/cpu.cfs_period_us x)" = 50000:200000 ]
	fi
	sandlock delete --force c
	has cpuset || return 0
	with '{"cpu": {"cpus": "0", "mems": "0"}}'
	[ "$(value cpuset/cpuset.cpus cpuset.cpus)" = 0 ]
	[ "$(value cpuset/cpuset.mems cpuset.mems)" = 0 ]
	[ "$(grep Cpus_allowed_list "/proc/$(pid_of c)/status" | cut -f2)" = 0 ]
}

# covers: config linux.resources.pids
@test "pids: 0 is a limit, -1 is none" {
	has pids || skip "host: no pids controller"
	with '{"pids": {"limit": 0}}'
	[ "$(value pids/pids.max pids.max)" = 0 ]
	sandlock delete --force c
	with '{"pids": {"limit": -1}}'
	[ "$(value pids/pids.max pids.max)" = max ]
}

# covers: config linux.resources.devices
# covers: cgroup device rules, cgroup v1
@test "devices: rules in their order" {
	[ -c /dev/fuse ] || skip "host: no /dev/fuse"
	edit_config "$B" '.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
	set_args "$B" /bin/sh -c 'echo x >/dev/null && true </dev/fuse'
	edit_config "$B" '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "r"}]'
	run sandlock run --bundle "$B" c
	assert_success
	edit_config "$B" '.linux.resources.devices |= reverse'
	run sandlock run --bundle "$B" c
	assert_failure
	assert_output_has "Operation not permitted"
}

# covers: cgroup device rules
@test "devices: without rules as with a rule that denies all; with one that allows all everything" {
	[ -c /dev/fuse ] || skip "host: no /dev/fuse"
	edit_config "$B" '.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
	set_args "$B" /bin/sh -c 'echo x >/dev/null && true </dev/fuse'
	for resources in 'null' '{}' '{"devices": []}' '{"devices": [{"allow": true, "type": "c", "major": 10, "minor": 200, "access": "rw"}]}'; do
		edit_config "$B" '.linux.resources = $r' --argjson r "$resources"
		run sandlock run --bundle "$B" c
		assert_failure
		assert_output_has "Operation not permitted"
		# the supervisor opens devices for the container
		run sandlock run --cow=on --bundle "$B" c
		assert_failure
		assert_output_has "Operation not permitted"
	done
	edit_config "$B" '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, access: "rwm"}]'
	run sandlock run --bundle "$B" c
	assert_success
	run sandlock run --cow=on --bundle "$B" c
	assert_success
}

# covers: config linux.resources.blockIO
@test "blockIO: a limit for a disk" {
	has blkio || has io || skip "host: no controller for block devices"
	disk=
	for d in /sys/block/*; do
		[ "$(cat "$d/size")" = 0 ] || [[ $d == */zram* || $d == */ram* ]] || disk=${disk:-$(cat "$d/dev")}
	done
	[ -n "$disk" ] || skip "host: no disk"
	with "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"rate\": 1048576}]}}"
	[[ $(value blkio/blkio.throttle.read_bps_device io.max) =~ ^$disk\ (rbps=)?1048576 ]]
}

# covers: config linux.resources.hugepageLimits
@test "hugepageLimits" {
	size=$(find /sys/kernel/mm/hugepages -name 'hugepages-2048kB' 2>/dev/null | head -1)
	[ -n "$size" ] || skip "host: no huge pages of 2 MiB"
	if has hugetlb; then
		with '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
		[ "$(value hugetlb/hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" = 4194304 ]
	else
		refused '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}' hugetlb "not available"
	fi
}

# covers: config linux.resources.network
@test "network: cgroup v1 only" {
	if has net_cls; then
		with '{"network": {"classID": 1048577}}'
		[ "$(value net_cls/net_cls.classid x)" = 1048577 ]
	else
		refused '{"network": {"classID": 1048577}}' "net"
	fi
}

# covers: config linux.resources.rdma
@test "rdma: a device that is not there, or no controller" {
	refused '{"rdma": {"no-such-device": {"hcaHandles": 3}}}' rdma
	refused '{"rdma": {"mlx5_1": {}}}' rdma
}

# covers: config linux.resources.unified
# covers: text missing controller
@test "unified: cgroup v2 only; keys are files" {
	refused '{"unified": {"../x": "1"}}' unified
	if is_v2; then
		has memory || skip "host: no memory controller"
		with '{"unified": {"memory.high": "33554432"}}'
		[ "$(value x memory.high)" = 33554432 ]
		sandlock delete --force c
		refused '{"unified": {"nosuch.max": "1"}}' nosuch
	else
		refused '{"unified": {"memory.high": "1"}}' "cgroup v2"
	fi
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# update: other limits for a container that exists.
# covers: command update

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# limit ID V1-CONTROLLER/FILE V2-FILE: what the kernel has now.
limit() {
	local path
	path=$(jq -r '."cgroup-path"' "$(state_root)/$1/status")
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		cat "/sys/fs/cgroup$path/$3"
	else
		cat "/sys/fs/cgroup/${2%%/*}$path/${2#*/}"
	fi
}

memory() { limit "$1" memory/memory.limit_in_bytes memory.max; }
pids() { limit "$1" pids/pids.max pids.max; }

sleeper() {
	local bundle
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.linux.resources += {"memory": {"limit": 134217728}, "pids": {"limit": 50}}'
	sandlock create --bundle "$bundle" c
	sandlock start c
}

@test "limits from options" { # covers: command update --memory --pids-limit --cpu-quota --cpu-period --cpu-share --cpuset-cpus
	requires_root
	sleeper
	sandlock update --memory 64m --pids-limit 77 --cpu-quota 50000 --cpu-period 200000 --cpu-share 512 --cpuset-cpus 0 c
	[ "$(memory c)" = 67108864 ]
	[ "$(pids c)" = 77 ]
	[ "$(limit c cpuset/cpuset.cpus cpuset.cpus)" = 0 ]
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		[ "$(limit c x cpu.max)" = "50000 200000" ]
	else
		[ "$(limit c cpu/cpu.cfs_quota_us x)" = 50000 ]
		[ "$(limit c cpu/cpu.cfs_period_us x)" = 200000 ]
		[ "$(limit c cpu/cpu.shares x)" = 512 ]
	fi
	# what was not given stays
	sandlock update --pids-limit -1 c
	[ "$(pids c)" = max ]
	[ "$(memory c)" = 67108864 ]
}

@test "limits from a file and from stdin" { # covers: command update --resources
	requires_root
	sleeper
	echo '{"memory": {"limit": 100663296}, "pids": {"limit": 33}}' >"$T/limits"
	sandlock update --resources "$T/limits" c
	[ "$(memory c)" = 100663296 ]
	[ "$(pids c)" = 33 ]
	sandlock update -r - c <<<'{"pids": {"limit": 34}}'
	[ "$(pids c)" = 34 ]
	# CRI-O and go-runc write it so; what says nothing changes nothing
	sandlock update --resources=- c <<<'{}'
	[ "$(pids c)" = 34 ]
	# a created container as well
	bundle=$(make_bundle "$T/other" "$(shared_busybox_root)")
	sandlock create --bundle "$bundle" d
	sandlock update --pids-limit 9 d
	[ "$(pids d)" = 9 ]
}

@test "a refused value leaves the others as they were" {
	requires_root
	sleeper
	run sandlock update -r - c <<<'{"memory": {"limit": 67108864}, "cpu": {"shares": 333, "cpus": "9999"}, "pids": {"limit": 5}}'
	assert_failure 1
	assert_output_has "standard input" "cpuset.cpus" "9999"
	[ "$(memory c)" = 134217728 ]
	[ "$(pids c)" = 50 ]
}

@test "checkBeforeUpdate refuses a limit below what is used" {
	requires_root
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null; echo done >/dev/shm/ready; exec sleep 100'
	edit_config "$bundle" '.linux.resources += {"memory": {"limit": 134217728}}'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 10 sandlock exec c test -e /dev/shm/ready
	run sandlock update -r - c <<<'{"memory": {"limit": 4194304, "checkBeforeUpdate": true}}'
	assert_failure 1
	assert_output_has "4194304" "uses now"
	[ "$(memory c)" = 134217728 ]
}

@test "device rules: the known ones are no change, others are applied" {
	requires_root
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.linux.resources.devices = [{"allow": false, "access": "rwm"}]
		| .process.capabilities |= map_values(. + ["CAP_SYSLOG"]) | .linux.devices = [{"path": "/dev/kmsg2", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]'
	sandlock create --bundle "$bundle" c
	sandlock start c
	run sandlock exec c dd if=/dev/kmsg2 count=0
	assert_failure
	jq .linux.resources "$bundle/config.json" | sandlock update -r - c
	sandlock update -r - c <<<'{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}'
	sandlock exec c dd if=/dev/kmsg2 count=0
	sandlock update -r - c <<<'{"devices": [{"allow": false, "access": "rwm"}]}'
	run sandlock exec c dd if=/dev/kmsg2 count=0
	assert_failure
}

@test "with copy-on-write other device rules are refused" {
	requires_root
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.linux.resources.devices = [{"allow": false, "access": "rwm"}]'
	sandlock create --cow --cow-dir "$T/store" --bundle "$bundle" c
	sandlock update -r - c <<<'{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 99}}'
	[ "$(pids c)" = 99 ]
	run sandlock update -r - c <<<'{"devices": [{"allow": true}]}'
	assert_failure 1
	assert_output_has "copy-on-write" "devices"
}

@test "bad input names the file, the place and the option" {
	requires_root
	sleeper
	echo '{"memory": {"limit": "much"}}' >"$T/limits"
	run sandlock update --resources "$T/limits" c
	assert_failure 1
	assert_output_has "$T/limits" "memory.limit"
	run sandlock update --resources "$T/nowhere" c
	assert_failure 1
	assert_output_has "$T/nowhere"
	run sandlock update -r - c <<<'{"pids": {'
	assert_failure 1
	assert_output_has "standard input"
	for bad in --memory=12q --memory=-5 --memory=99999999999t --pids-limit=many --cpu-share=-1 --cpu-quota=x --blkio-weight=5 --cpu-idle=z; do
		run sandlock update "$bad" c
		assert_failure 1
		assert_output_has "option ${bad%%=*}" "${bad#*=}"
	done
	for bad in --l3-cache-schema=x --mem-bw-schema=L3:0=f "--l3-cache-schema=L3:0=f"$'\n'"MB:0=1"; do
		run sandlock update "$bad" c
		assert_failure 1
		assert_output_has "option ${bad%%=*}" "a line such as"
	done
	run sandlock update c
	assert_failure 1
	assert_output_has "nothing to update"
	run sandlock update --memory 1g nope
	assert_failure 1
	assert_output_has 'container `nope` does not exist'
	[ "$(memory c)" = 134217728 ]
}

# covers: command update --l3-cache-schema --mem-bw-schema
@test "schemata of resctrl: an error without it, written to the container's group" {
	requires_root
	sleeper
	if ! grep -qw resctrl /proc/mounts; then
		run sandlock update --l3-cache-schema L3:0=f c
		assert_failure 1
		assert_output_has "no resctrl file system"
	fi
	# a directory of that form in place of the kernel's
	mkdir "$T/group"
	printf 'MB:0=100\nL3:0=ff\n' >"$T/group/schemata"
	touch "$T/group/tasks"
	status=$(state_root)/c/status
	jq -c '."intel-rdt" = {group: $g, ours: false}' --arg g "$T/group" "$status" >"$T/status"
	cp "$T/status" "$status"
	sandlock update --l3-cache-schema 'L3:0=f' --mem-bw-schema 'MB:0=70' --pids-limit 44 c
	[ "$(cat "$T/group/schemata")" = $'L3:0=f\nMB:0=70' ]
	[ "$(pids c)" = 44 ]
	sandlock update --mem-bw-schema MB:0=50 -r - c <<<'{"pids": {"limit": 45}}'
	[ "$(cat "$T/group/schemata")" = MB:0=50 ]
	[ "$(pids c)" = 45 ]
	# all or nothing
	run sandlock update --mem-bw-schema MB:0=10 --cpuset-cpus 99999 c
	assert_failure 1
	[ "$(cat "$T/group/schemata")" = MB:0=50 ]
}

@test "neither a stopped container nor one without a cgroup can be updated" {
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 100
	sandlock --cgroup-manager disabled create --bundle "$bundle" c
	run sandlock update --pids-limit 5 c
	assert_failure 1
	assert_output_has "no cgroup"
	sandlock start c
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock update --pids-limit 5 c
	assert_failure 1
	assert_output_has 'the container `c` is not running'
}

# covers: command update --blkio-weight --cpu-burst --cpu-idle --cpu-rt-period --cpu-rt-runtime --cpuset-mems
# covers: command update --kernel-memory --kernel-memory-tcp --memory-reservation --memory-swap
@test "each option reaches its file, or the error names it" {
	requires_root
	sleeper
	# *: newer kernels take kernel memory and do nothing with it
	while read -r option given v1 v2 seen; do
		run sandlock update "$option" "$given" c
		if [ "$status" = 0 ]; then
			# shellcheck disable=SC2053 # a pattern
			[[ $(limit c "$v1" "$v2") == ${seen:-$given} ]] || { echo "$option: $(limit c "$v1" "$v2")" >&2; false; }
		else
			[[ $output == *"${v1#*/}"* || $output == *"$v2"* || $output == *"no counterpart in cgroup v2"* ]] || { echo "$option: $output" >&2; false; }
		fi
	done <<-END
		--memory-reservation 33554432 memory/memory.soft_limit_in_bytes memory.low
		--memory-swap -1 memory/memory.memsw.limit_in_bytes memory.swap.max $([ -e /sys/fs/cgroup/cgroup.controllers ] && echo max || echo 9223372036854771712)
		--kernel-memory 67108864 memory/memory.kmem.limit_in_bytes - *
		--kernel-memory-tcp 67108864 memory/memory.kmem.tcp.limit_in_bytes - *
		--cpuset-mems 0 cpuset/cpuset.mems cpuset.mems
		--cpu-burst 0 cpu/cpu.cfs_burst_us cpu.max.burst
		--cpu-idle 1 cpu/cpu.idle cpu.idle
		--cpu-rt-period 1000000 cpu/cpu.rt_period_us -
		--cpu-rt-runtime 0 cpu/cpu.rt_runtime_us -
		--blkio-weight 300 blkio/blkio.bfq.weight io.weight
	END
	# two are enough to show that the table was read
	[ "$(limit c memory/memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	[ "$(limit c cpuset/cpuset.mems cpuset.mems)" = 0 ]
}

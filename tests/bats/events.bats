#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# events: statistics and lack of memory, in runc's form.
# covers: command events

load helpers

setup() {
	setup_sandlock
}

teardown() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	teardown_sandlock
}

sleeper() {
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" "$@"
	edit_config "$bundle" '.linux.resources += {"memory": {"limit": 33554432, "swap": 33554432}, "pids": {"limit": 50}}'
	sandlock create --bundle "$bundle" c
	sandlock start c
}

# covers: format events.stats
@test "--stats prints one object" { # covers: command events --stats
	requires_root
	sleeper sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 100'
	sleep 0.3
	run --separate-stderr sandlock events --stats c
	assert_success
	[ "${#lines[@]}" = 1 ]
	jq -e '.type == "stats" and .id == "c" and .data.pids.limit == 50 and .data.pids.current >= 1
		and .data.cpu.usage.total > 0 and (.data.cpu.usage | has("kernel") and has("user"))
		and .data.memory.usage.limit == 33554432 and .data.memory.usage.usage > 0 and (.data.memory.raw | length > 5)
		and (.data.cpuset.cpus | length > 0 and all(.[]; type == "number"))
		and (.data | has("blkio") and has("hugetlb") and has("intel_rdt") and has("network_interfaces"))' <<<"$output"
}

@test "statistics at each interval until the container ends" { # covers: command events --interval
	requires_root
	sleeper sleep 100
	sandlock events --interval 100ms c >"$T/events" 3>&- &
	watcher=$!
	wait_for 10 eval "[ \$(wc -l <'$T/events') -ge 3 ]"
	sandlock kill c KILL
	# it ends by itself, and well
	wait "$watcher"
	watcher=
	jq -e -s 'length >= 3 and all(.[]; .type == "stats" and .id == "c")' "$T/events"
}

# covers: format events.oom
@test "lack of memory is told" {
	requires_root
	sleeper sh -c 'until [ -e /dev/shm/go ]; do sleep 0.05; done; (tail /dev/zero >/dev/null); sleep 100'
	sandlock events --interval 1h c >"$T/events" 3>&- &
	watcher=$!
	sleep 0.3
	sandlock exec c touch /dev/shm/go
	wait_for 20 grep -q oom "$T/events"
	jq -e -s '.[0] == {"type": "oom", "id": "c"}' "$T/events"
	[ "$(status_of c)" = running ]
}

@test "errors" {
	run sandlock events nope
	assert_failure 1
	assert_output_has 'container `nope` does not exist'
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 100
	sandlock --cgroup-manager disabled create --bundle "$bundle" c
	run sandlock events --stats c
	assert_failure 1
	assert_output_has "no cgroup"
	for bad in 0 5x s -1s ''; do
		run sandlock events --interval "$bad" c
		assert_failure 1
		assert_output_has "--interval"
	done
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock events --stats c
	assert_failure 1
	assert_output_has 'the container `c` is not running'
}

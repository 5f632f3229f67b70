#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd cgroup manager on a host with cgroup v1: systemd.bash boots one there.

load helpers
# shellcheck source=systemd.bash
. "$HELPERS_DIR/systemd.bash"

can_boot() {
	[ "$(id -u)" = 0 ] && [ -x "$SYSTEMD" ] && command -v systemctl >/dev/null && v1_hierarchies | grep -qx pids && v1_hierarchies | grep -qx memory
}

setup_file() {
	! can_boot || boot_systemd "$BATS_FILE_TMPDIR" v1
}

teardown_file() {
	! can_boot || end_systemd
}

setup() {
	setup_sandlock
	requires_root
	can_boot || skip "host: no systemd to boot with cgroup v1"
	"$SANDLOCK_OCI" features | jq -e .linux.cgroup.systemd >/dev/null || skip "host: built without libsystemd"
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 1000
	edit_config "$bundle" 'del(.linux.resources) | .linux.cgroupsPath = "machine.slice:libpod:abc"'
	SCOPE=machine.slice/libpod-abc.scope
}

teardown() {
	[ ! -d "$T/state/c" ] || rt delete --force c || true
	teardown_sandlock
}

rt() {
	in_systemd "$SANDLOCK_OCI" --root "$(state_root)" --systemd-cgroup "$@"
}

show() {
	in_systemd systemctl show --value -p "$1" libpod-abc.scope
}

# covers: cgroup systemd with cgroup v1, cgroup hybrid
@test "a scope, and the same group in every hierarchy" {
	rt create --bundle "$bundle" c
	[ "$(show ActiveState)" = active ]
	[ "$(show ControlGroup)" = "/$SCOPE" ]
	for h in $(v1_hierarchies) systemd; do
		[ "$(in_systemd cat "/sys/fs/cgroup/$h/$SCOPE/cgroup.procs" | wc -l)" = 1 ]
	done
	rt start c
	rt exec c true
	rt pause c
	rt state c | jq -e '.status == "paused"'
	rt resume c
	[ "$(rt ps c | wc -l)" -ge 2 ]
	rt events --stats c | jq -e '.data.pids.current >= 1'
	rt delete --force c
	[ "$(show ActiveState)" = inactive ]
	# those too that systemd does not manage
	for h in $(v1_hierarchies) systemd; do
		refute in_systemd test -e "/sys/fs/cgroup/$h/$SCOPE"
	done
}

# covers: cgroup systemd with cgroup v1, cgroup systemd: limits
@test "limits are in the files and properties of the scope; a reload keeps them" {
	edit_config "$bundle" '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 33}, cpu: {shares: 512}}'
	rt create --bundle "$bundle" c
	rt start c
	has() {
		[ "$(in_systemd cat "/sys/fs/cgroup/memory/$SCOPE/memory.limit_in_bytes")" = "$1" ]
		[ "$(in_systemd cat "/sys/fs/cgroup/pids/$SCOPE/pids.max")" = "$2" ]
		[ "$(show MemoryLimit)" = "$1" ]
		[ "$(show TasksMax)" = "$2" ]
	}
	has 67108864 33
	in_systemd systemctl daemon-reload
	has 67108864 33
	rt update --memory 128m --pids-limit 44 c
	has 134217728 44
	in_systemd systemctl daemon-reload
	has 134217728 44
	[ "$(show CPUShares)" = 512 ]
}

# covers: cgroup systemd with cgroup v1
@test "what cannot be applied leaves no scope" {
	edit_config "$bundle" '.linux.resources = {cpu: {cpus: "99999"}}'
	run rt create --bundle "$bundle" c
	assert_failure 1
	assert_output_has cpuset.cpus
	[ "$(show ActiveState)" = inactive ]
	for h in $(v1_hierarchies) systemd; do
		refute in_systemd test -e "/sys/fs/cgroup/$h/$SCOPE"
	done
}

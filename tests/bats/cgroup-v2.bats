#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# cgroup v2 on every host: where /sys/fs/cgroup is v1 or hybrid, each call runs in a mount namespace that shows v2 alone, with the controllers that v1
# does not hold. (What the controllers get is in tests/unit/cgroup/test-v2-files.c.)
# covers: linux.cgroupsPath v2, linux.resources.devices v2

load helpers

setup() {
	setup_sandlock
	requires_root
	grep -qw cgroup2 /proc/filesystems || skip "host: no cgroup v2"
	in_v2 true 2>/dev/null || skip "host: cgroup2 cannot be mounted"
}

teardown() {
	# the containers' groups are v2's: the usual clean-up has to see them
	for id in c d; do
		[ ! -d "$T/state/$id" ] || in_v2 "$SANDLOCK_OCI" --root "$T/state" delete --force "$id" || true
	done
	[ -z "${GROUP:-}" ] || in_v2 sh -c 'rmdir /sys/fs/cgroup/"$1"/* /sys/fs/cgroup/"$1"' sh "$GROUP" 2>/dev/null || true
	teardown_sandlock
}

in_v2() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		"$@"
	else
		unshare --mount --propagation slave sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh "$@"
	fi
}

rt() {
	in_v2 "$SANDLOCK_OCI" --root "$(state_root)" "$@"
}

make() {
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" "$@"
	edit_config "$bundle" 'del(.linux.resources)'
}

# file NAME [ID]: a control file of the container.
file() {
	in_v2 cat "/sys/fs/cgroup$(jq -r '."cgroup-path"' "$T/state/${2:-c}/status")/$1"
}

# covers: cgroup v2, cgroup exec joins
@test "the group: made, joined, removed" {
	make sleep 100
	rt create --bundle "$bundle" c
	file cgroup.procs | grep -qx "$(jq -r .pid "$T/state/c/status")"
	path=$(jq -r '."cgroup-path"' "$T/state/c/status")
	rt start c
	rt exec c cat /proc/self/cgroup >"$T/cgroup"
	grep -q '^0::/' "$T/cgroup"
	[ "$(rt ps c | wc -l)" -ge 2 ]
	rt delete --force c
	refute in_v2 test -e "/sys/fs/cgroup$path"
}

@test "cgroupsPath, with groups made on the way" {
	make sleep 100
	GROUP=sandlock-test-$$
	edit_config "$bundle" '.linux.cgroupsPath = $p' --arg p "/$GROUP/inner"
	rt create --bundle "$bundle" c
	in_v2 cat "/sys/fs/cgroup/$GROUP/inner/cgroup.procs" | grep -qx "$(jq -r .pid "$T/state/c/status")"
	rt delete --force c
	refute in_v2 test -e "/sys/fs/cgroup/$GROUP/inner"
	edit_config "$bundle" '.linux.cgroupsPath = "/a/../../b"'
	run rt create --bundle "$bundle" c
	assert_failure 1
	assert_output_has cgroupsPath
}

# inside SCRIPT: in the container.
inside() {
	rt exec c sh -ec "$1"
}

# covers: cgroup v2: owner
@test "the group belongs to process.user, if the container may write there" {
	make sleep 100
	edit_config "$bundle" '.linux.namespaces |= (map(select(.type | IN("cgroup", "user") | not)) + [{type: "cgroup"}, {type: "user"}])
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
		| .mounts |= (map(select(.destination != "/sys/fs/cgroup"))
			+ [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev"]}])'
	cp "$bundle/config.json" "$T/config"
	rt create --cow=off --bundle "$bundle" c
	rt start c
	path=$(jq -r '."cgroup-path"' "$T/state/c/status")
	owner() { in_v2 stat -c %u "/sys/fs/cgroup$path/$1"; }
	[ "$(owner .)" = 100000 ]
	[ "$(owner cgroup.procs)" = 100000 ]
	[ "$(owner cgroup.subtree_control)" = 100000 ]
	# limits are not the container's to change
	[ "$(owner cgroup.max.depth)" = 0 ]
	inside 'mkdir /sys/fs/cgroup/below; sleep 50 & echo $! >/sys/fs/cgroup/below/cgroup.procs; grep -q below /proc/$!/cgroup'
	rt delete --force c
	refute in_v2 test -e "/sys/fs/cgroup$path"
	# another user of the container
	edit_config "$bundle" '.process.user = {uid: 7, gid: 8}'
	rt create --cow=off --bundle "$bundle" c
	[ "$(in_v2 stat -c %u:%g "/sys/fs/cgroup$path/cgroup.procs")" = 100007:100008 ]
	rt delete --force c
	# read-only, or without a namespace of its own: nobody's
	for filter in '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options += ["ro"] else . end)' '.linux.namespaces |= map(select(.type != "cgroup"))'; do
		cp "$T/config" "$bundle/config.json"
		edit_config "$bundle" "$filter"
		rt create --cow=off --bundle "$bundle" c
		[ "$(owner cgroup.procs)" = 0 ]
		rt delete --force c
	done
}

# covers: cgroup freezer
@test "freezer: pause, state, resume" { # covers: command pause v2
	make sh -c 'while :; do echo x >>/dev/shm/log; sleep 0.02; done'
	rt create --bundle "$bundle" c
	rt start c
	rt pause c
	[ "$(rt state c | jq -r .status)" = paused ]
	file cgroup.events | grep -q 'frozen 1'
	run rt exec c true
	assert_failure 1
	rt resume c
	file cgroup.events | grep -q 'frozen 0'
	rt exec c true
	# a paused container can be killed
	rt pause c
	rt kill c KILL
	rt resume c || true
	rt delete --force c
}

# covers: cgroup kill of all
@test "kill --all reaches everybody" { # covers: command kill --all v2
	make sh -c 'sleep 1000 & sleep 1000 & sleep 1000'
	edit_config "$bundle" '.linux.namespaces |= map(select(.type != "pid"))'
	rt create --bundle "$bundle" c
	rt start c
	wait_for 5 eval '[ "$(file cgroup.procs | wc -l)" -ge 3 ]'
	rt kill --all c KILL
	wait_for 5 eval '[ -z "$(file cgroup.procs)" ]'
}

# covers: cgroup device rules
@test "device rules are an eBPF program, and update replaces it" { # covers: command update --resources devices v2
	make sleep 100
	edit_config "$bundle" '.linux.resources.devices = [{"allow": false, "access": "rwm"}]
		| .process.capabilities |= map_values(. + ["CAP_SYSLOG"]) | .linux.devices = [{"path": "/dev/kmsg2", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]'
	rt create --bundle "$bundle" c
	rt start c
	rt exec c dd if=/dev/zero of=/dev/null count=1 2>/dev/null
	run rt exec c dd if=/dev/kmsg2 count=0
	assert_failure
	rt update -r - c <<<'{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}'
	rt exec c dd if=/dev/kmsg2 count=0
	run rt exec c dd of=/dev/kmsg2 if=/dev/null
	assert_failure
	rt update -r - c <<<'{"devices": [{"allow": false, "access": "rwm"}]}'
	run rt exec c dd if=/dev/kmsg2 count=0
	assert_failure
	rt update -r - c <<<'{"devices": [{"allow": true, "access": "rwm"}]}'
	rt exec c dd if=/dev/kmsg2 count=0
}

# covers: text missing controller
@test "unified: written as it is, and a file that is not there is an error" { # covers: linux.resources.unified
	make sleep 100
	edit_config "$bundle" '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	rt create --bundle "$bundle" c
	[ "$(file cgroup.max.depth)" = 3 ]
	rt update -r - c <<<'{"unified": {"cgroup.max.depth": "4"}}'
	[ "$(file cgroup.max.depth)" = 4 ]
	run rt update -r - c <<<'{"unified": {"cgroup.max.depth": "5", "nosuch.max": "1"}}'
	assert_failure 1
	assert_output_has nosuch.max
	[ "$(file cgroup.max.depth)" = 4 ]
	edit_config "$bundle" '.linux.resources.unified = {"nosuch.max": "3"}'
	run rt create --bundle "$bundle" d
	assert_failure 1
	assert_output_has nosuch.max
	[ ! -e "$T/state/d" ]
}

# covers: cgroup exec follows init
# covers: cgroup v2: controllers
@test "exec follows an init that moved and turned controllers on" { # covers: command exec
	make sleep 100
	rt create --bundle "$bundle" c
	rt start c
	path=$(jq -r '."cgroup-path"' "$T/state/c/status")
	pid=$(jq -r .pid "$T/state/c/status")
	# what systemd does in a container: a group for itself, controllers for its children
	in_v2 sh -ec 'cd /sys/fs/cgroup$1; mkdir init.scope; echo $2 >init.scope/cgroup.procs; for c in $(cat cgroup.controllers); do echo +$c >cgroup.subtree_control || true; done' sh "$path" "$pid"
	if [ -z "$(file cgroup.subtree_control)" ]; then
		rt delete --force c
		skip "host: no controller is free for cgroup v2"
	fi
	rt exec c cat /proc/self/cgroup >"$T/cgroup"
	grep -q 'init.scope' "$T/cgroup"
	rt delete --force c
	refute in_v2 test -e "/sys/fs/cgroup$path"
}

# covers: cgroup rootless: delegated, cgroup device rules: without privilege
@test "rootless in a delegated group" {
	requires_test_users
	GROUP=sandlock-test-$$
	in_v2 sh -ec 'mkdir -p /sys/fs/cgroup/$1/user; cd /sys/fs/cgroup/$1; chown -R "$2": . ' sh "$GROUP" "$TEST_USER"
	# shellcheck disable=SC2034 # helpers.bash looks at it
	AS=$TEST_USER
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.linux.cgroupsPath = $p' --arg p "/$GROUP/c"
	root=$(state_root)
	# shellcheck disable=SC2034
	AS=
	cat >"$T/script" <<-'END'
		set -e
		rt() { "$SANDLOCK_OCI" --root "$1/" "${@:2}"; }
		rt "$1" create --bundle "$2" c
		rt "$1" start c
		rt "$1" pause c
		rt "$1" state c | grep -q paused
		rt "$1" resume c
		rt "$1" events --stats c | grep -q '"type":"stats"'
		rt "$1" exec c true
		cat "/sys/fs/cgroup/$3/c/cgroup.procs" | grep -q .
		rt "$1" delete --force c
		[ ! -e "/sys/fs/cgroup/$3/c" ]
	END
	export GROUP
	declare -f as >"$T/as"
	run in_v2 bash -c 'echo $$ >/sys/fs/cgroup/$GROUP/user/cgroup.procs; . "$T/as"; as "$1" bash "$2" "$3" "$4" "$GROUP"' sh "$TEST_USER" "$T/script" "$root" "$bundle"
	assert_success
}

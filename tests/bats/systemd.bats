#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd cgroup manager, with a real systemd that runs in namespaces (systemd.bash).
# covers: option --systemd-cgroup, linux.cgroupsPath systemd, annotation org.systemd.property, annotation run.oci.systemd.subgroup

load helpers
# shellcheck source=systemd.bash
. "$HELPERS_DIR/systemd.bash"

can_boot() {
	[ "$(id -u)" = 0 ] && [ -x "$SYSTEMD" ] && command -v systemctl >/dev/null && grep -qw cgroup2 /proc/filesystems
}

setup_file() {
	! can_boot || boot_systemd "$BATS_FILE_TMPDIR"
}

teardown_file() {
	! can_boot || end_systemd
}

setup() {
	setup_sandlock
	requires_root
	can_boot || skip "host: no systemd to boot"
	"$SANDLOCK_OCI" features | jq -e .linux.cgroup.systemd >/dev/null || skip "host: built without libsystemd"
	bundle=$(make_bundle "$T/bundle" "$(shared_busybox_root)")
	set_args "$bundle" sleep 1000
	edit_config "$bundle" 'del(.linux.resources) | del(.linux.cgroupsPath)'
}

teardown() {
	if [ -d "$T/state" ]; then
		for id in c d; do
			[ ! -d "$T/state/$id" ] || rt delete --force "$id" || true
		done
	fi
	teardown_sandlock
}

rt() {
	in_systemd "$SANDLOCK_OCI" --root "$(state_root)" --systemd-cgroup "$@"
}

show() {
	in_systemd systemctl show --value -p "$2" "$1"
}

gone() {
	[ "$(show "$1" ActiveState)" = inactive ] && refute in_systemd test -e "/sys/fs/cgroup/$2"
}

# covers: cgroup systemd, cgroup systemd: slice:prefix:name, cgroup systemd: the group below, option --systemd-cgroup
@test "a scope in a slice: delegated, with the process in a group below" {
	edit_config "$bundle" '.linux.cgroupsPath = "machine.slice:libpod:abc"'
	rt create --bundle "$bundle" c
	[ "$(show libpod-abc.scope ActiveState)" = active ]
	[ "$(show libpod-abc.scope Delegate)" = yes ]
	[ "$(show libpod-abc.scope Slice)" = machine.slice ]
	[ "$(show libpod-abc.scope DefaultDependencies)" = no ]
	[ "$(show libpod-abc.scope ControlGroup)" = /machine.slice/libpod-abc.scope ]
	rt state c | jq -e '."systemd-scope" == "libpod-abc.scope"'
	[ "$(in_systemd cat /sys/fs/cgroup/machine.slice/libpod-abc.scope/container/cgroup.procs | wc -l)" = 1 ]
	rt start c
	rt exec c cat /proc/self/cgroup >"$T/cgroup"
	rt pause c
	rt state c | jq -e '.status == "paused"'
	rt resume c
	[ "$(rt ps c | wc -l)" -ge 2 ]
	rt delete --force c
	gone libpod-abc.scope machine.slice/libpod-abc.scope
}

# covers: cgroup systemd: without cgroupsPath
@test "without cgroupsPath: a scope of the runtime's own" {
	rt create --bundle "$bundle" c
	scope=$(rt state c | jq -r '."systemd-scope"')
	# another state root than the default one is told apart
	[[ $scope =~ ^sandlock-c-[0-9a-f]{8}\.scope$ ]]
	[ "$(show "$scope" Slice)" = system.slice ]
	rt delete --force c
	gone "$scope" "system.slice/$scope"
}

@test "the scope goes with the container's process, and the id is free again" {
	set_args "$bundle" true
	edit_config "$bundle" '.linux.cgroupsPath = ":x:y"'
	for _ in 1 2; do
		rt create --bundle "$bundle" c
		rt start c
		wait_for 5 eval "rt state c | grep -q stopped"
		rt delete c
		gone x-y.scope system.slice/x-y.scope
	done
}

# covers: cgroup systemd: limits
@test "limits are properties of the scope, and update changes them" { # covers: command update systemd
	edit_config "$bundle" '.linux.cgroupsPath = "system.slice:t:lim" | .linux.resources = {"hugepageLimits": []}'
	rt create --bundle "$bundle" c
	[ "$(show t-lim.scope MemoryMax)" = infinity ]
	# a controller that v1 holds on this host is refused as a file, and then nothing may have changed
	if in_systemd grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
		rt update --memory 64m c
		[ "$(show t-lim.scope MemoryMax)" = 67108864 ]
		[ "$(in_systemd cat /sys/fs/cgroup/system.slice/t-lim.scope/container/memory.max)" = 67108864 ]
	else
		run rt update --memory 64m c
		assert_failure 1
		assert_output_has memory.max
		[ "$(show t-lim.scope MemoryMax)" = infinity ]
	fi
}

# covers: cgroup systemd: the group below
@test "annotations: properties and the name of the group below" {
	edit_config "$bundle" '.linux.cgroupsPath = ":a:b" | .annotations = {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'",
		"org.systemd.property.Documentation": "['"'man:a(1)', 'man:b(1)'"']", "run.oci.systemd.subgroup": "inner"}'
	rt create --bundle "$bundle" c
	[ "$(show a-b.scope TimeoutStopUSec)" = 7s ]
	[ "$(show a-b.scope CollectMode)" = inactive-or-failed ]
	in_systemd test -d /sys/fs/cgroup/system.slice/a-b.scope/inner
	rt delete --force c
	edit_config "$bundle" '.annotations = {"run.oci.systemd.subgroup": ""}'
	rt create --bundle "$bundle" c
	[ "$(in_systemd cat /sys/fs/cgroup/system.slice/a-b.scope/cgroup.procs | wc -l)" = 1 ]
	rt delete --force c
	for bad in '{"org.systemd.property.TimeoutStopSec": "soon"}' '{"org.systemd.property.a/b": "1"}' '{"run.oci.systemd.subgroup": "a/../b"}'; do
		edit_config "$bundle" '.annotations = $bad' --argjson bad "$bad"
		run rt create --bundle "$bundle" c
		assert_failure 1
		assert_output_has annotation
		gone a-b.scope system.slice/a-b.scope
		[ ! -e "$T/state/c" ]
	done
}

# covers: cgroup systemd: unknown properties
@test "a property that this systemd does not know is left out" {
	edit_config "$bundle" '.linux.cgroupsPath = ":a:unknown" | .annotations = {"org.systemd.property.NoSuchThing": "true"}'
	rt create --bundle "$bundle" c
	[ "$(show a-unknown.scope ActiveState)" = active ]
}

@test "bad paths, and a unit that exists" {
	for bad in /plain/path a:b :: 'x:y:z' 'system.slice:p:c.slice' 'system.slice:p:q:r'; do
		edit_config "$bundle" '.linux.cgroupsPath = $p' --arg p "$bad"
		run rt create --bundle "$bundle" c
		assert_failure 1
		assert_output_has cgroupsPath
		[ ! -e "$T/state/c" ]
	done
	edit_config "$bundle" '.linux.cgroupsPath = ":same:name"'
	rt create --bundle "$bundle" c
	run rt create --bundle "$bundle" d
	assert_failure 1
	assert_output_has same-name.scope
	[ ! -e "$T/state/d" ]
	# the other one is untouched
	[ "$(show same-name.scope ActiveState)" = active ]
	rt start c
}

# covers: cgroup systemd: a failed unit of the same name
@test "a unit of the same name that has failed is reset" {
	edit_config "$bundle" '.linux.cgroupsPath = ":was:failed"'
	# it ran too long, and systemd keeps its name to tell so
	in_systemd systemd-run --quiet --unit=was-failed.scope --scope -p RuntimeMaxSec=1 sleep 60 || true
	[ "$(show was-failed.scope ActiveState)" = failed ]
	rt create --bundle "$bundle" c
	[ "$(show was-failed.scope ActiveState)" = active ]
	rt delete --force c
}

# covers: cgroup systemd of a user, cgroup rootless: delegated
@test "an ordinary user's container: a scope of the user's own systemd" {
	requires_test_users
	# the user's manager, in a service of the system's that is delegated to the user
	user=$TEST_USER
	SERVICE=/sys/fs/cgroup/system.slice/user-sd.service
	in_systemd install -d -m 0700 -o "$user" /run/user-sd
	in_systemd systemd-run --quiet --unit=user-sd -p DefaultDependencies=no -p Delegate=yes -p "User=$user" -p Type=notify -p Environment=XDG_RUNTIME_DIR=/run/user-sd \
		"$SYSTEMD" --user --unit=test.target --log-target=console
	# systemd may only move what is in its own part of the tree: whoever calls the runtime has to be there
	in_systemd sh -c 'mkdir "$1/session" && chown -R "$2" "$1/session"' sh "$SERVICE" "$user"
	AS=$user
	bundle=$(make_bundle "$T/user")
	set_args "$bundle" sleep 1000
	edit_config "$bundle" '.linux.cgroupsPath = ":t:user" | .linux.resources = {}'
	root=$(state_root)
	# shellcheck disable=SC2034 # helpers.bash looks at it
	AS=
	as_user() {
		in_systemd sh -ec 'echo $$ >"$1/session/cgroup.procs"; user=$2; shift 2
			exec setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all env -i PATH="$PATH" XDG_RUNTIME_DIR=/run/user-sd "$@"' sh "$SERVICE" "$user" "$@"
	}
	urt() { as_user "$SANDLOCK_OCI" --root "$root" --systemd-cgroup "$@"; }
	urt create --bundle "$bundle" c
	urt start c
	[ "$(as_user systemctl --user show --value -p ActiveState t-user.scope)" = active ]
	group=$(as_user systemctl --user show --value -p ControlGroup t-user.scope)
	[ "$group" = "${SERVICE#/sys/fs/cgroup}/user.slice/t-user.scope" ]
	[ "$(in_systemd cat "/sys/fs/cgroup$group/container/cgroup.procs" | wc -l)" = 1 ]
	urt exec c true
	urt pause c
	urt state c | jq -e '.status == "paused" and ."systemd-scope" == "t-user.scope"'
	urt resume c
	urt delete --force c
	[ "$(as_user systemctl --user show --value -p ActiveState t-user.scope)" = inactive ]
	refute in_systemd test -e "/sys/fs/cgroup$group"
	in_systemd systemctl stop user-sd
}

@test "where no systemd runs it is an error that says so" {
	[ ! -d /run/systemd/system ] || skip "other part: this host's systemd would answer"
	run sandlock --systemd-cgroup create --bundle "$bundle" c
	assert_failure 1
	assert_output_has systemd "is it running?"
	[ ! -e "$T/state/c" ]
}

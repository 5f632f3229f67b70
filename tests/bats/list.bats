#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# list, ps

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command list --format --quiet, format list.table, format list.json
@test "an empty list" {
	run sandlock list
	assert_success
	[ "${#lines[@]}" = 1 ]
	assert_output_has NAME PID STATUS "BUNDLE PATH" CREATED OWNER
	[ "$(sandlock list --format json)" = "[]" ]
	[ -z "$(sandlock list -q)" ]
	run "$SANDLOCK_OCI" --root "$T/nowhere" list -q
	assert_success
}

# covers: command list, command list --format --quiet, format list.json
@test "containers in every state" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	for id in a b c; do
		sandlock create --bundle "$bundle" $id
	done
	sandlock start b
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	[ "$(sandlock list -q)" = $'a\nb\nc' ]
	sandlock list --format json >"$T/list"
	jq -e 'map(.status) == ["created", "running", "stopped"]' "$T/list"
	jq -e '.[2].pid == 0 and .[1].pid > 0 and (.[0].created | length) > 20' "$T/list"
	run sandlock list
	[[ ${lines[2]} == "b "*" running "* ]]
	sandlock delete --force --regex .
}

@test "an unknown format" {
	run sandlock list --format xml
	assert_failure 1
	assert_output_has xml
}

# covers: command ps --format, format ps.table, format ps.json
@test "ps: pids as the caller sees them" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'sleep 100 & touch /ready; sleep 100'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 5 test -e "$bundle/rootfs/ready"
	sandlock ps c >"$T/ps"
	[ "$(head -1 "$T/ps")" = PID ]
	grep -qx "$(pid_of c)" "$T/ps"
	sandlock ps --format json c >"$T/json"
	jq -e 'length >= 2 and all(. > 1)' "$T/json"
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock ps c
	assert_failure 1
}

@test "ps with options of ps(1)" { # covers: command ps PS-OPTION
	requires_command ps
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'sleep 4321 & touch /ready; sleep 1234'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 5 test -e "$bundle/rootfs/ready"
	sandlock ps c -eo pid,args >"$T/ps"
	head -1 "$T/ps" | grep -qE '^ *PID +COMMAND'
	grep -q "^ *$(pid_of c) .*sleep 1234" "$T/ps"
	grep -q "sleep 4321" "$T/ps"
	refute grep -q bats "$T/ps"
	# engines give no PATH
	env -u PATH "$SANDLOCK_OCI" --root "$(state_root)" ps c -ef | grep -q "sleep 4321"
	run sandlock ps c -eo args
	assert_failure 1
	assert_output_has "PID"
	run sandlock ps --format json c -ef
	assert_failure 1
	assert_output_has "json"
	run sandlock ps c --no-such-option
	assert_failure 1
}

@test "ps of a container without a cgroup" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	"$SANDLOCK_OCI" --root "$(state_root)" --cgroup-manager disabled create --bundle "$bundle" c
	[ "$(sandlock ps --format json c | jq -c .)" = "[$(pid_of c)]" ]
}

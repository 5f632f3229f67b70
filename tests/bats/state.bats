#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# state: one JSON document.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command state, format state, format state.status, format state.pid, format state.created
@test "state through the life of a container" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.annotations = {"org.example.a": "b \"c\" /d", "empty": ""}'
	sandlock create --bundle "$bundle" c
	sandlock state c >"$T/s"
	jq -e '.status == "created" and .id == "c" and .pid > 0 and (.ociVersion | test("^1\\."))' "$T/s"
	jq -e '.annotations == {"org.example.a": "b \"c\" /d", "empty": ""}' "$T/s"
	[ "$(jq -r .bundle "$T/s")" = "$(readlink -f "$bundle")" ]
	[ "$(jq -r .owner "$T/s")" = "$(id -un)" ]
	date -d "$(jq -r .created "$T/s")"
	[ "$(jq -r .rootfs "$T/s")" = "$(readlink -f "$bundle/rootfs")" ]
	sandlock start c
	[ "$(status_of c)" = running ]
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	[ "$(pid_of c)" = 0 ]
	sandlock delete c
}

# covers: lifecycle state of an unknown container, text unknown container
@test "an unknown container is an error" {
	run sandlock state nope
	assert_failure 1
	assert_output 'sandlock-oci: container `nope` does not exist'
}

@test "an id is needed, and only one" {
	run sandlock state
	assert_failure 1
	run sandlock state a b
	assert_failure 1
	assert_output_has '`b`'
}

# covers: lifecycle a pid of somebody else
@test "a pid that belongs to somebody else by now is a stopped container" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	dir=$(state_root)/c
	cp "$dir/status" "$T/status"
	jq -c '.pid = $pid' --argjson pid $$ "$T/status" >"$dir/status"
	[ "$(status_of c)" = stopped ]
	run sandlock kill c KILL
	assert_failure 1
	assert_output_has "is not running"
	cp "$T/status" "$dir/status"
	sandlock delete --force c
}

@test "a damaged status and a status of somebody else are errors that name the file" {
	mkdir -p "$(state_root)/c"
	echo '{"version": 1, "pi' >"$(state_root)/c/status"
	run sandlock state c
	assert_failure 1
	assert_output_has "$(state_root)/c/status" damaged
	echo '{"pid": 1, "bundle": "/"}' >"$(state_root)/c/status"
	run sandlock state c
	assert_failure 1
	assert_output_has "$(state_root)/c/status"
	run sandlock delete --force c
	assert_failure 1
	[ -e "$(state_root)/c/status" ]
}

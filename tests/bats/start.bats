#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# start: releases the parked program, once.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: text already started, lifecycle start of anything but created
@test "only a created container can be started" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	sandlock start c
	run sandlock start c
	assert_failure 1
	assert_output_has "already running"
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock start c
	assert_failure 1
	assert_output_has "it has stopped"
	sandlock delete c
	run sandlock start c
	assert_failure 1
	assert_output_has 'container `c` does not exist'
}

@test "a container that was killed before it started is stopped" {
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" c
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock start c
	assert_failure 1
	sandlock delete c
}

# covers: config hooks.prestart, config hooks.createRuntime, config hooks.createContainer, config hooks.startContainer, config hooks.poststart, config hooks.poststop, config hooks.args
# covers: lifecycle order of hooks, lifecycle state on the stdin of hooks
@test "hooks run in their order with the state on stdin" {
	bundle=$(make_bundle)
	mkdir "$T/log"
	chmod 0777 "$T/log"
	cat >"$T/hook" <<-EOS
		#!/bin/sh
		printf '%s ' "\$1" >>"$T/log/order"
		cat >"$T/log/\$1"
	EOS
	chmod 0755 "$T/hook"
	# startContainer's path resolves inside
	printf '#!/bin/sh\ncat >/state\n' >"$bundle/rootfs/hook"
	chmod 0755 "$bundle/rootfs/hook"
	edit_config "$bundle" '.hooks = ([ "prestart", "createRuntime", "createContainer", "poststart", "poststop" ]
		| map({(.): [{"path": $hook, "args": ["hook", .]}]}) | add) + {"startContainer": [{"path": "/hook"}]}' --arg hook "$T/hook"
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	pid=$(pid_of c)
	[ "$(cat "$T/log/order")" = "prestart createRuntime createContainer " ]
	jq -e --argjson pid "$pid" '.status == "creating" and .id == "c" and .pid == $pid' "$T/log/createRuntime"
	jq -e '.pid == 1' "$T/log/createContainer"
	sandlock start c
	jq -e --argjson pid "$pid" '.status == "running" and .pid == $pid' "$T/log/poststart"
	wait_for 5 test -s "$bundle/rootfs/state"
	jq -e '.status == "created" and .pid == 1' "$bundle/rootfs/state"
	sandlock delete --force c
	jq -e '.status == "stopped"' "$T/log/poststop"
	[ "$(cat "$T/log/order")" = "prestart createRuntime createContainer poststart poststop " ]
}

# covers: config hooks.poststart
# covers: lifecycle failure of poststart, text hook
@test "a poststart hook that fails ends the container" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.hooks = {"poststart": [{"path": "/bin/false"}], "poststop": [{"path": "/bin/touch", "args": ["touch", $mark]}]}' \
		--arg mark "$T/mark"
	sandlock create --bundle "$bundle" c
	run sandlock start c
	assert_failure 1
	assert_output_has 'error executing hook `/bin/false` (exit code: 1)'
	[ "$(status_of c)" = gone ]
	[ -e "$T/mark" ]
}

# covers: config hooks.env, annotation run.oci.hooks.stdout, annotation run.oci.hooks.stderr
@test "output and environment of hooks" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.annotations = {"run.oci.hooks.stdout": $out, "run.oci.hooks.stderr": $err}
		| .hooks = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "env; echo oops >&2"], "env": ["A=b"]}]}' \
		--arg out "$T/out" --arg err "$T/err"
	sandlock create --bundle "$bundle" c
	grep -qx 'A=b' "$T/out"
	[ "$(grep -c '^HOME=' "$T/out")" = 0 ]
	[ "$(cat "$T/err")" = oops ]
	sandlock delete --force c
}

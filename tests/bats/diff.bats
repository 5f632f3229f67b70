#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# diff: what a copy-on-write container has changed.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command diff, command diff --format
@test "added, changed, deleted" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -ec 'echo x >>/etc/motd; rm /etc/group; mkdir /new; echo y >/new/file; touch /ready; sleep 100'
	sandlock create --bundle "$bundle" --cow c
	run sandlock diff c
	assert_success
	assert_output ""
	sandlock start c
	wait_for 5 sandlock exec c test -e /ready
	run sandlock diff c
	assert_success
	assert_output $'C /etc/motd\nD /etc/group\nA /new\nA /new/file\nA /ready' ||
		[ "$(sort <<<"$output")" = $'A /new\nA /new/file\nA /ready\nC /etc/motd\nD /etc/group' ]
	sandlock diff --format json c | jq -e 'map(select(.kind == "D").path) == ["/etc/group"]'
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	[ "$(sandlock diff c | wc -l)" = 5 ]
}

@test "without copy-on-write there is nothing to compare" {
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" --cow=off c
	run sandlock diff c
	assert_failure 1
	assert_output_has "without copy-on-write"
}

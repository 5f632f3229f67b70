#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# pause, resume: the freezer.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command pause, command resume, cgroup freezer, text paused
@test "a paused container does nothing until it is resumed" {
	requires_root
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'while :; do echo x >>/log; sleep 0.02; done'
	sandlock create --bundle "$bundle" c
	run sandlock pause c
	assert_failure 1
	sandlock start c
	wait_for 5 test -s "$bundle/rootfs/log"
	sandlock pause c
	[ "$(status_of c)" = paused ]
	size=$(stat -c %s "$bundle/rootfs/log")
	sleep 0.2
	[ "$(stat -c %s "$bundle/rootfs/log")" = "$size" ]
	run sandlock exec c true
	assert_failure 1
	assert_output_has 'the container `c` is paused'
	sandlock resume c
	[ "$(status_of c)" = running ]
	wait_for 5 eval "[ \$(stat -c %s '$bundle/rootfs/log') -gt $size ]"
	run sandlock resume c
	assert_failure 1
	assert_output_has "is not paused"
}

@test "without a cgroup it is an error that says so" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	"$SANDLOCK_OCI" --root "$(state_root)" --cgroup-manager disabled create --bundle "$bundle" c
	sandlock start c
	run sandlock pause c
	assert_failure 1
	assert_output_has "no cgroup"
	[ "$(status_of c)" = running ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kill: a signal to the container's process, or to all.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# trapping: a running container c whose process writes the names of signals it gets.
trapping() {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'for s in TERM HUP USR1 USR2; do trap "echo $s >>/log" $s; done; touch /ready; while :; do sleep 0.05; done'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 5 test -e "$bundle/rootfs/ready"
}

# covers: command kill
@test "names, numbers and the default" {
	trapping
	sandlock kill c
	wait_for 5 grep -qx TERM "$bundle/rootfs/log"
	sandlock kill c HUP
	wait_for 5 grep -qx HUP "$bundle/rootfs/log"
	sandlock kill c SIGUSR1
	wait_for 5 grep -qx USR1 "$bundle/rootfs/log"
	sandlock kill c 12
	wait_for 5 grep -qx USR2 "$bundle/rootfs/log"
	sandlock kill c sigkill
	wait_for 5 is_status c stopped
}

# covers: text unknown signal
@test "unknown signals" {
	trapping
	for sig in NOPE 0 99 -1 SIG RTMIN+40; do
		run sandlock kill c -- "$sig"
		assert_failure 1
		assert_output_has "unknown signal \`$sig\`"
	done
	[ "$(status_of c)" = running ]
}

# covers: lifecycle kill of neither created nor running, text not running
@test "only what runs can be killed" {
	run sandlock kill nope
	assert_failure 1
	assert_output_has 'container `nope` does not exist'
	bundle=$(make_bundle)
	sandlock run --keep --bundle "$bundle" c
	run sandlock kill c KILL
	assert_failure 1
	assert_output_has 'the container `c` is not running'
	sandlock delete c
}

# covers: command kill --all
@test "--all reaches every process" {
	requires_root
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'trap : TERM; for i in 1 2; do sh -c "trap \"echo \$\$ >>/log; exit\" TERM; while :; do sleep 0.05; done" & done; touch /ready; while :; do sleep 0.05; done'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 5 test -e "$bundle/rootfs/ready"
	sleep 0.3
	sandlock kill --all c TERM
	wait_for 5 eval "[ \$(grep -c . '$bundle/rootfs/log') = 2 ]"
}

@test "--all KILL without a cgroup ends a container with its own pid namespace" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	as "$AS" "$SANDLOCK_OCI" --root "$(state_root)" --cgroup-manager disabled create --bundle "$bundle" c
	run sandlock kill --all c TERM
	assert_failure 1
	assert_output_has "no cgroup"
	sandlock kill --all c KILL
	wait_for 5 is_status c stopped
}

# covers: command kill --regex
@test "--regex" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	for id in web-1 web-2 db; do
		sandlock create --bundle "$bundle" $id
		sandlock start $id
	done
	sandlock kill --regex '^web-' KILL
	wait_for 5 is_status web-1 stopped
	wait_for 5 is_status web-2 stopped
	[ "$(status_of db)" = running ]
	run sandlock kill --regex '(' KILL
	assert_failure 1
}

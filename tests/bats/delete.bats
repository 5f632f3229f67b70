#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# delete: removes what create made, and nothing else.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command delete --force, text still running, lifecycle delete of what is not stopped
@test "a running container is only deleted with --force" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	sandlock start c
	run sandlock delete c
	assert_failure 1
	assert_output_has 'the container `c` is not in `created` or `stopped` state'
	[ "$(status_of c)" = running ]
	sandlock delete --force c
	[ "$(status_of c)" = gone ]
	[ ! -e "$(state_root)/c" ]
}

# covers: command delete, lifecycle delete of what is not stopped
@test "a created container can be deleted" {
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" c
	pid=$(pid_of c)
	sandlock delete c
	# dead; whether somebody has reaped it is not our business
	[[ $(awk '$1 == "State:" { print $2 }' "/proc/$pid/status" 2>/dev/null) =~ ^[ZX]?$ ]]
}

# covers: exit delete --force of an unknown id
@test "an unknown id" {
	run sandlock delete nope
	assert_failure 1
	assert_output_has 'container `nope` does not exist'
	run sandlock delete --force nope
	assert_success
	assert_output ""
}

# covers: cgroup delete: groups of the container, lifecycle delete removes what create made
@test "cgroups go, also those that the container made" {
	requires_root
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	edit_config "$bundle" '.linux.cgroupsPath = $path' --arg path "/sandlock-test-$$/c"
	sandlock create --bundle "$bundle" c
	sandlock start c
	dirs=$(cgroups_named "sandlock-test-$$/c")
	[ -n "$dirs" ]
	for dir in $dirs; do
		mkdir "$dir/below"
	done
	sandlock delete --force c
	for dir in $dirs; do
		[ ! -e "$dir" ]
		rmdir "${dir%/c}"
	done
}

# covers: cgroup delete without a pid namespace
@test "processes that outlive init go too" {
	requires_root
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'setsid sh -c "sleep 1234" </dev/null >/dev/null 2>&1 & sleep 0.3'
	edit_config "$bundle" '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
	sandlock create --bundle "$bundle" c </dev/null >/dev/null 2>&1
	sandlock start c
	wait_for 5 is_status c stopped
	pgrep -fx 'sleep 1234'
	sandlock delete c
	[ -z "$(pgrep -fx 'sleep 1234')" ]
}

# covers: cgroup delete: paused
@test "a paused container" {
	requires_root
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	sandlock start c
	sandlock pause c
	run sandlock delete c
	assert_failure 1
	sandlock delete --force c
	[ "$(status_of c)" = gone ]
}

# covers: config hooks.poststop
# covers: lifecycle failure of poststop
@test "poststop hooks run once, and their failure is only a warning" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.hooks = {"poststop": [{"path": "/bin/false"}, {"path": "/bin/sh", "args": ["sh", "-c", "echo x >>\($log)"]}]}' --arg log "$T/log"
	sandlock run --keep --bundle "$bundle" c
	[ ! -e "$T/log" ]
	run sandlock --log-level warning delete c
	assert_success
	assert_output_has "warning" "/bin/false"
	[ "$(cat "$T/log")" = x ]
	[ "$(status_of c)" = gone ]
}

# covers: command delete --regex
@test "--regex" {
	bundle=$(make_bundle)
	for id in web-1 web-2 db; do
		sandlock run --keep --bundle "$bundle" $id
	done
	sandlock delete --regex '^web-'
	[ "$(sandlock list -q)" = db ]
}

# covers: format state directory
@test "directories of other programs are left alone" {
	mkdir -p "$(state_root)/foreign"
	echo '{}' >"$(state_root)/foreign/state.json"
	[ -z "$(sandlock list -q)" ]
	run sandlock delete --force foreign
	assert_failure 1
	assert_output_has "another program"
	[ -e "$(state_root)/foreign/state.json" ]
	ln -s / "$(state_root)/link"
	run sandlock delete --force link
	assert_success
	[ -L "$(state_root)/link" ]
}

@test "an empty directory that a killed create left" {
	mkdir -p "$(state_root)/half"
	[ "$(status_of half)" = creating ]
	run sandlock delete half
	assert_failure 1
	sandlock delete --force half
	[ ! -e "$(state_root)/half" ]
}

@test "the live root goes, with all that the container put there" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -ec 'mkdir -p /a/b/c; echo x >/a/b/c/f; chmod 000 /a/b; ln -s / /a/link; mkfifo /a/fifo; sleep 100'
	sandlock create --bundle "$bundle" --cow c
	sandlock start c
	[ -d "$bundle/.sandlock-cow-c" ]
	wait_for 5 sandlock exec c test -p /a/fifo
	sandlock delete --force c
	[ ! -e "$bundle/.sandlock-cow-c" ]
	[ -e "$bundle/rootfs/etc/passwd" ]
}

@test "run.sandlock.cow.keep=keep leaves it" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.annotations = {"run.sandlock.cow.keep": "keep"}'
	set_args "$bundle" sh -c 'echo x >/new'
	sandlock run --bundle "$bundle" --cow c
	[ "$(cat "$bundle/.sandlock-cow-c/root/new")" = x ]
}

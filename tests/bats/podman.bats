#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman --runtime=sandlock, as root and rootless, with --rootfs (no storage, no overlayfs). Each test runs in a private mount namespace that
# shows pure cgroup v1 where the host mixes v1 and v2, with a containers.conf of its own.

load helpers
# shellcheck source=podman.bash
. "$HELPERS_DIR/podman.bash"

setup() {
	requires_root
	requires_command podman conmon
	ensure_test_users
	setup_sandlock
	root=$T/rootfs
	cp -a "$(shared_busybox_root)" "$root"
}

teardown() {
	[ -n "${T:-}" ] || return 0
	podman_as '' rm --all --force --time 0 >/dev/null 2>&1 || true
	if [ -d "$T/home-$TEST_USER" ]; then
		podman_as "$TEST_USER" rm --all --force --time 0 >/dev/null 2>&1 || true
	fi
	stop_pause "$TEST_USER"
	umount "$T"/containers/*/*/* "$T"/xdg*/* 2>/dev/null || true
	teardown_sandlock
}

# covers: caller podman: what it puts into config.json
@test "root: run --rootfs returns output and status" {
	run podman_as '' run --rm --network=none --rootfs "$root" /bin/sh -c 'echo hello; id -u; exit 7'
	assert_failure 7
	assert_output_has hello 0
}

# covers: exit through podman
@test "root: a missing command is 127 with podman's words" {
	run -127 podman_as '' run --rm --network=none --rootfs "$root" /bin/no-such-program
	assert_failure 127
	assert_output_has "no-such-program"
}

@test "root: start, exec, stop, rm of a detached container" {
	run podman_as '' run -d --name c1 --network=none --rootfs "$root" /bin/sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	assert_success
	run podman_as '' exec c1 /bin/sh -c 'echo in exec; exit 3'
	assert_failure 3
	assert_output_has "in exec"
	run podman_as '' inspect --format '{{.State.Status}} {{.OCIRuntime}}' c1
	assert_output "running sandlock"
	run podman_as '' stop --time 5 c1
	assert_success
	run podman_as '' inspect --format '{{.State.Status}} {{.State.ExitCode}}' c1
	assert_output "exited 0"
	run podman_as '' rm c1
	assert_success
}

@test "root: run with a copy-on-write root leaves the image alone" {
	snapshot_tree "$root" >"$T/before"
	run podman_as '' run --rm --network=none --annotation run.sandlock.cow=on --annotation "run.sandlock.cow.dir=$T/store" \
		--rootfs "$root" /bin/sh -c 'echo changed >>/etc/motd && tail -n 1 /etc/motd'
	assert_success
	assert_output_has changed
	# podman itself makes mount points in a root it is given; the runtime's share is the content
	refute grep -q changed "$root/etc/motd"
	grep ' ./' "$T/before" >"$T/sums"
	(cd "$root" && sha256sum --quiet --check "$T/sums")
}

@test "root: copy-on-write for a container with an id mapping lies where its root can get to; else the error says what to do" {
	snapshot_tree "$root" >"$T/before"
	for dir in "$T/store" "$T/closed/store"; do
		[ "$dir" = "$T/store" ] || mkdir -m 0700 "$T/closed"
		run podman_as '' run --rm --network=none --uidmap 0:300000:1000 --gidmap 0:300000:1000 --annotation run.sandlock.cow=on \
			--annotation "run.sandlock.cow.dir=$dir" --rootfs "$root" /bin/sh -c 'echo changed >>/etc/motd && tail -n 1 /etc/motd; stat -c %u:%g /etc/motd'
		case $dir in
		*/closed/*)
			assert_failure
			assert_output_has "may not search '$T/closed'" "run.sandlock.cow.dir"
			;;
		*)
			assert_success
			assert_output $'changed\n0:0'
			;;
		esac
		# nothing is left, though the directory above belongs to somebody else
		[ ! -e "$dir" ]
		wait_for 10 sh -c '! ls -d "$1"/.sandlock-trash-*' sh "$T"
	done
	grep ' ./' "$T/before" >"$T/sums"
	(cd "$root" && sha256sum --quiet --check "$T/sums")
}

# covers: caller podman: what it puts into config.json
@test "rootless: run --rootfs returns output and status" {
	give_to "$TEST_USER" "$root"
	run podman_as "$TEST_USER" run --rm --network=none --rootfs "$root" /bin/sh -c 'echo hello; id -u; exit 7'
	assert_failure 7
	assert_output_has hello 0
}

@test "rootless: exec and stop of a detached container" {
	give_to "$TEST_USER" "$root"
	run podman_as "$TEST_USER" run -d --name c1 --network=none --rootfs "$root" /bin/sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	assert_success
	run podman_as "$TEST_USER" exec c1 /bin/echo in exec
	assert_success
	assert_output "in exec"
	run podman_as "$TEST_USER" stop --time 5 c1
	assert_success
}

# covers: caller podman --cgroups=disabled, cgroup disabled
@test "rootless: --cgroups=disabled works" {
	give_to "$TEST_USER" "$root"
	run podman_as "$TEST_USER" run --rm --cgroups=disabled --network=none --rootfs "$root" /bin/echo fine
	assert_success
	assert_output_has fine
}

# covers: config mounts.options.idmap
@test "root: a volume with idmap in a user namespace shows its owners as they are" {
	cp -a "$root" "$T/mapped"
	chown -R 300000:300000 "$T/mapped"
	mkdir "$T/data"
	touch "$T/data/file"
	chown 5:6 "$T/data/file"
	run podman_as '' run --rm --network=none --uidmap 0:300000:1000 --gidmap 0:300000:1000 -v "$T/data:/home:idmap" --annotation run.sandlock.cow=off \
		--rootfs "$T/mapped" /bin/stat -c %u:%g /home/file
	[[ $output != *"does not support idmapped mounts"* ]] || skip "host: the file system of $T cannot be mounted idmapped"
	assert_success
	assert_output 5:6
}

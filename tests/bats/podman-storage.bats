#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman on storage whose mount program is sandlock-mount, with sandlock-oci as the runtime, beside overlayfs with crun: the same commands have the same
# results, and image layers do not change.

load helpers
# shellcheck source=../podman/host.bash
. "$HELPERS_DIR/../podman/host.bash"

setup() {
	requires_root
	requires_command podman conmon buildah
	ensure_test_users
	setup_sandlock
	SANDLOCK_MOUNT=$(find_program sandlock-mount)
	export SANDLOCK_MOUNT
	PODMAN_BASE=$T/podman
	podman_host
	tar -C "$(shared_busybox_root)" --owner=0 --group=0 --numeric-owner -cf "$T/busybox.tar" .
}

teardown() {
	[ -n "${PODMAN_BASE:-}" ] || return 0
	for user in '' "$TEST_USER"; do
		podman_stop sandlock "$user"
		podman_stop overlay "$user"
	done
	podman_gone
	teardown_sandlock
}

podman_as() { # USER ARGS...
	local user=$1
	shift
	in_podman sandlock "$user" podman "$@" </dev/null
}

import() { # USER
	podman_as "$1" import --change 'CMD ["/bin/sh"]' "$T/busybox.tar" localhost/busybox:test >/dev/null 2>&1
	layer=$(podman_layers sandlock "$1")
	snapshot_tree "$layer" >"$T/layer"
}

# What is to be right in one container: its own changes, podman's views of them, the image.
one_container() { # USER
	import "$1"
	run podman_as "$1" run -d --name c --network=none localhost/busybox:test sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	assert_success
	run podman_as "$1" exec c sh -c 'echo more >>/etc/motd && echo x >>/bin/busybox && chmod 0700 /var && rm /bin/vi && tail -n 1 /etc/motd'
	assert_success
	assert_output more
	echo copied >"$T/file"
	run podman_as "$1" cp "$T/file" c:/etc/file
	assert_success
	run podman_as "$1" exec c cat /etc/file
	assert_output copied
	run podman_as "$1" stop --time 5 c
	assert_success
	diff <(podman_as "$1" diff c | sort) - <<-'END'
		A /etc/file
		C /bin
		C /bin/busybox
		C /etc
		C /etc/motd
		C /var
		D /bin/vi
	END
	run podman_as "$1" start c
	assert_success
	run podman_as "$1" exec c tail -n 1 /etc/motd
	assert_output more
	run podman_as "$1" commit -q c localhost/changed
	assert_success
	run podman_as "$1" run --rm --network=none localhost/changed sh -c 'cat /etc/file; ls -ld /var | cut -c1-10; ls /bin/vi'
	assert_output_has copied drwx------ "No such file"
	assert_tree_unchanged "$T/layer" "$layer"
}

@test "root: a container's changes are podman's, and the image's layer stays as it is" {
	one_container ''
}

@test "rootless: a container's changes are podman's, and the image's layer stays as it is" {
	one_container "$TEST_USER"
}

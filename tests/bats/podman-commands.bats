#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman and buildah on storage of sandlock-mount, with sandlock-oci as the runtime, beside overlayfs with crun: some 150 commands have the same results, images
# that are built are the same, and image layers do not change.

# Many commands; the default is for one.
BATS_TEST_TIMEOUT=1200
export BATS_TEST_TIMEOUT

load helpers
# shellcheck source=../podman/host.bash
. "$HELPERS_DIR/../podman/host.bash"

setup() {
	requires_root
	requires_command crun catatonit python3
	requires_overlayfs
	podman_setup
}

teardown() {
	podman_teardown
}

# The commands of ../podman/commands on overlayfs with crun and on ours, at the same time: most of it is waiting.
compare() { # USER
	local user=$1 other
	shift
	"$HELPERS_DIR/../podman/commands" sandlock "$user" none >/dev/null 3>&-
	layer=$(podman_layers sandlock "$user" | head -n 1)
	snapshot_tree "$layer" >"$T/layer"
	"$HELPERS_DIR/../podman/commands" overlay "$user" "$@" >"$T/overlay" 3>&- &
	other=$!
	"$HELPERS_DIR/../podman/commands" sandlock "$user" "$@" >"$T/sandlock" 3>&-
	wait "$other"
	diff -U 4 "$T/overlay" "$T/sandlock"
	# not two times nothing
	[ "$(grep -c '^\$ ' "$T/sandlock")" -gt 140 ]
	assert_tree_unchanged "$T/layer" "$layer"
}

# covers: caller buildah
@test "root: podman's commands have the results of overlayfs and crun" {
	compare ''
}

@test "rootless: podman's commands have the results of overlayfs and crun" {
	compare "$TEST_USER"
}

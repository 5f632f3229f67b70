#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# spec: a config.json that runs as it is.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: command spec, command spec --rootless
@test "the configuration runs as it is" {
	requires_command script
	mkdir b
	cp -a "$(shared_busybox_root)" b/rootfs
	cd b
	rootless=
	[ "$(id -u)" = 0 ] || rootless=--rootless
	sandlock spec $rootless
	status=0
	printf 'id -u; exit 3\n' | script -qec "$SANDLOCK_OCI --root $(state_root) run c" "$T/typescript" >/dev/null || status=$?
	[ $status = 3 ]
}

# covers: command spec --bundle --file --rootless, text configuration that exists
@test "--bundle, --file, and no overwriting" {
	mkdir b
	sandlock spec --bundle b
	jq -e '.ociVersion and .root.path == "rootfs" and (.linux.namespaces | length) == 6' b/config.json
	cp b/config.json before
	run sandlock spec --bundle b
	assert_failure 1
	assert_output_has "b/config.json exists. Remove it first"
	cmp b/config.json before
	sandlock spec --rootless --file other.json
	jq -e '.linux.uidMappings == [{"containerID": 0, "hostID": $uid, "size": 1}]' --argjson uid "$(id -u)" other.json
	jq -e '.linux.namespaces | map(.type) | index("user")' other.json
	run sandlock spec --bundle nowhere
	assert_failure 1
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# features: the document, and that it is true.
# covers: command features

load helpers

setup() {
	setup_sandlock
	"$SANDLOCK_OCI" features >"$T/features"
}

teardown() {
	teardown_sandlock
}

# check JQ-FILTER...: each must be true for the document.
check() {
	local filter
	for filter; do
		jq -e "$filter" "$T/features" >/dev/null || { echo "not true: $filter" >&2; jq . "$T/features" >&2; return 1; }
	done
}

# covers: format features, format features.ociVersionMin and ociVersionMax, format features.linux, format features.potentiallyUnsafeConfigAnnotations
@test "the form that the specification's schema asks for" {
	# features-schema.json: types, required members, nothing else at known places
	check 'def strings: type == "array" and length > 0 and all(.[]; type == "string" and length > 0) and (unique | length) == length;
		def switch: type == "object" and (.enabled | type == "boolean");
		(.ociVersionMin | test("^1\\.0\\.[0-9]+$")) and (.ociVersionMax | test("^1\\.[0-9]+\\.[0-9]+$"))
		and (.hooks | strings) and (.mountOptions | strings)
		and (.linux.namespaces | strings) and (.linux.capabilities | strings)
		and (.linux.cgroup | keys == ["rdma", "systemd", "systemdUser", "v1", "v2"] and all(.[]; type == "boolean"))
		and (.linux.seccomp | switch and (.actions | strings) and (.operators | strings) and (.archs | strings) and (.knownFlags | strings) and (.supportedFlags | strings))
		and (.linux.apparmor | switch) and (.linux.selinux | switch) and (.linux.netDevices | switch)
		and (.linux.intelRdt | switch and (.schemata | type == "boolean") and (.monitoring | type == "boolean"))
		and (.linux.mountExtensions.idmap | switch)
		and (.linux.memoryPolicy == null or (.linux.memoryPolicy | (.modes | strings) and (.flags | strings)))
		and (.annotations | type == "object" and all(.[]; type == "string"))
		and (.potentiallyUnsafeConfigAnnotations | strings)' \
		'keys - ["annotations", "hooks", "linux", "mountOptions", "ociVersionMax", "ociVersionMin", "potentiallyUnsafeConfigAnnotations"] == []' \
		'.linux | keys - ["apparmor", "capabilities", "cgroup", "intelRdt", "memoryPolicy", "mountExtensions", "namespaces", "netDevices", "seccomp", "selinux"] == []'
}

# covers: format features.mountOptions, format features.linux
@test "the patterns of names" {
	check '.linux.capabilities | all(.[]; test("^CAP_[A-Z_]+$"))' \
		'.linux.seccomp.actions | all(.[]; startswith("SCMP_ACT_"))' \
		'.linux.seccomp.operators | all(.[]; startswith("SCMP_CMP_"))' \
		'.linux.seccomp.archs | all(.[]; startswith("SCMP_ARCH_"))' \
		'.linux.seccomp.knownFlags | all(.[]; startswith("SECCOMP_FILTER_FLAG_"))' \
		'.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags == []' \
		'.hooks == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]' \
		'.linux.namespaces | sort == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]' \
		'.mountOptions | index("rro") and index("rbind") and index("tmpcopyup")'
}

# covers: format features
@test "only JSON on stdout, whatever the options" {
	run --separate-stderr "$SANDLOCK_OCI" --debug features
	assert_success
	jq . <<<"$output"
	run "$SANDLOCK_OCI" features surplus
	assert_failure 1
	assert_output_has surplus
}

@test "a container may use what is listed, and what is not enabled is refused" {
	bundle=$(make_bundle)
	plan() { sandlock create --dump-plan --bundle "$bundle" c; }
	cp "$bundle/config.json" "$T/config"
	for option in $(jq -r '.mountOptions[]' "$T/features"); do
		case $option in idmap | ridmap | remount | *nofollow | copy-symlink | bind) continue ;; esac
		jq --arg o "$option" '.mounts += [{"destination": "/x", "type": "tmpfs", "source": "x", "options": [$o]}]' "$T/config" >"$bundle/config.json"
		run plan
		assert_success
		assert_output_lacks "data $option"
	done
	jq '.linux.memoryPolicy = {"mode": "MPOL_DEFAULT"}' "$T/config" >"$bundle/config.json"
	run plan
	[ "$status" = 0 ] || check '.linux.memoryPolicy == null'
	[ "$status" != 0 ] || check '.linux.memoryPolicy != null'
	jq '.linux.namespaces += [{"type": "network"}] | .linux.namespaces |= unique | .linux.netDevices = {"eth9": {}}' "$T/config" >"$bundle/config.json"
	run plan
	[ "$status" = 0 ] || [ "$(as "${AS:-}" id -u)" != 0 ] || check '.linux.netDevices.enabled == false'
}

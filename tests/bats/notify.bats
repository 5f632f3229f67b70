#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.seccomp with SCMP_ACT_NOTIFY: the agent at listenerPath gets listener and container process state, and its answers count.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
	AGENT=${top_builddir:-$HELPERS_DIR/../..}/tests/notify/notify-agent
	[ -x "$AGENT" ] || { echo "build it first: make tests/notify/notify-agent" >&2; return 1; }
	mkdir "$T/agent"
	"$AGENT" "$T/s" "$T/agent" 3>&- &
	AGENT_PID=$!
	wait_for 5 test -S "$T/s"
}

teardown() {
	kill "$AGENT_PID"
	wait "$AGENT_PID" || true
	teardown_sandlock
}

# profile NAME...: these calls are notified
profile() {
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $s, listenerMetadata: "who: \"it\" is",
		syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]}' --arg s "$T/s" --args "$@"
}

# The agent writes it when it has got the listener, at about the time when create returns.
agent_has_doc() {
	doc=$(echo "$T"/agent/doc.*)
	[ -s "$doc" ]
}

# covers: config linux.seccomp.listenerPath
# covers: config linux.seccomp.listenerMetadata
# covers: config linux.seccomp.syscalls.action.NOTIFY
@test "the agent answers; container process state of create and exec" {
	profile mkdir mkdirat
	edit_config "$B" '.annotations = {"a.b": "c"}'
	set_args "$B" /bin/sh -c 'mkdir /x; exec sleep 60'
	for nnp in true false; do
		rm -f "$T"/agent/*
		edit_config "$B" '.process.noNewPrivileges = $n' --argjson n $nnp
		sandlock create --bundle "$B" c </dev/null >"$T/out" 2>&1
		wait_for 5 agent_has_doc
		jq -e --arg b "$B" --argjson p "$(pid_of c)" '.ociVersion == "1.3.0" and .fds == ["seccompFd"] and .pid == $p and .metadata == "who: \"it\" is" and
			(.state | .id == "c" and .status == "creating" and .bundle == $b and .pid == $p and .annotations == {"a.b": "c"})' "$doc"
		sandlock start c
		wait_for 5 grep -q "Numerical argument out of domain\|Math argument" "$T/out"
		rm "$doc"
		run sandlock exec c /bin/mkdir /y
		assert_failure 1
		assert_output_has mkdir "out of domain"
		jq -e '.state.status == "running"' "$T"/agent/doc.*
		# neither the courier nor the listener is left with the container
		refute grep -qs "" "/proc/$(pid_of c)/task/$(pid_of c)/children"
		run ls -l "/proc/$(pid_of c)/fd"
		assert_output_lacks seccomp
		sandlock delete --force c
	done
}

# covers: config linux.seccomp.syscalls.action.NOTIFY
@test "calls that the runtime itself needs may be notified" {
	profile sendmsg sendto write read wait4 close_range setresuid setresgid capset execve chdir clock_nanosleep nanosleep futex mkdir mkdirat
	set_args "$B" /bin/sh -c 'echo here; ! mkdir /x 2>/dev/null'
	for nnp in true false; do
		edit_config "$B" '.process.noNewPrivileges = $n' --argjson n $nnp
		run timeout 30 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
		assert_success
		assert_output here
	done
	[ -s "$T/agent/calls" ]
}

# covers: config linux.seccomp.defaultAction.NOTIFY
@test "NOTIFY as the default action" {
	profile mkdir
	edit_config "$B" '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY" | .linux.seccomp.syscalls = []'
	set_args "$B" /bin/sh -c 'echo here; ! mkdir /x 2>/dev/null'
	run timeout 60 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_success
	assert_output here
}

# covers: config linux.seccomp.flags
@test "flags of the filter, with and without a listener" {
	profile mkdir mkdirat
	edit_config "$B" '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
	requires_kernel 5.19
	edit_config "$B" '.linux.seccomp.flags += ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	set_args "$B" /bin/sh -c '! mkdir /x 2>/dev/null; grep Seccomp: /proc/self/status'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'Seccomp:\t2'
	edit_config "$B" 'del(.linux.seccomp.syscalls)'
	set_args "$B" mkdir /x
	run sandlock run --bundle "$B" c
	assert_success
}

@test "no agent: an error, nothing is left; without NOTIFY the path is not looked at" {
	profile mkdir mkdirat
	edit_config "$B" '.linux.seccomp.listenerPath = "/no/such/socket"'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "linux.seccomp.listenerPath" "/no/such/socket" "No such file or directory"
	[ "$(status_of c)" = gone ]
	edit_config "$B" 'del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "SCMP_ACT_NOTIFY needs listenerPath"
	edit_config "$B" '.linux.seccomp.listenerPath = "/no/such/socket" | .linux.seccomp.syscalls = []'
	run sandlock run --bundle "$B" c
	assert_success
}

@test "with copy-on-write NOTIFY is refused at create: there is one listener" {
	profile mkdir mkdirat
	run sandlock create --cow=on --bundle "$B" c
	assert_failure 1
	assert_output_has "SCMP_ACT_NOTIFY cannot be had together with copy-on-write" "--cow=off"
	[ "$(status_of c)" = gone ]
	[ ! -e "$T/agent/doc.1" ]
}

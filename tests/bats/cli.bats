#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Global options, help, and how errors are reported.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# covers: option --version, format --version
# covers: caller Docker
@test "--version" {
	run "$SANDLOCK_OCI" --version
	assert_success
	[[ ${lines[0]} =~ ^sandlock-oci\ version\ [0-9] ]]
	[ "$(grep -c version <<<"$output")" = 1 ]
	assert_output_has "commit: " "rundir: " "spec: 1."
	for option in -v -V; do
		[ "$("$SANDLOCK_OCI" $option)" = "$output" ]
	done
}

# covers: option --help, option --usage
@test "--help of the program and of every command" {
	run "$SANDLOCK_OCI" --help
	assert_success
	usage=${lines[0]}
	commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$output")
	[ "$(wc -w <<<"$commands")" -ge 13 ]
	for command in $commands; do
		run "$SANDLOCK_OCI" "$command" --help
		assert_success
		assert_output_has "Usage: sandlock-oci $command"
		[ "$("$SANDLOCK_OCI" "$command" --usage)" = "${lines[0]}" ]
	done
	[ "$("$SANDLOCK_OCI" --usage)" = "$usage" ]
}

# covers: text no command, text unknown command, text unknown option, text missing argument of an option
@test "no command, an unknown command, an unknown option" {
	run "$SANDLOCK_OCI"
	assert_failure 1
	assert_output "sandlock-oci: please specify a command"
	run "$SANDLOCK_OCI" frobnicate
	assert_failure 1
	assert_output "sandlock-oci: unknown command frobnicate"
	run "$SANDLOCK_OCI" --frobnicate list
	assert_failure 1
	assert_output_has "--frobnicate"
	run sandlock create --frobnicate c
	assert_failure 1
	assert_output_has "--frobnicate"
	run sandlock create --bundle
	assert_failure 1
	assert_output_has "--bundle requires an argument"
	run sandlock create -Z c
	assert_failure 1
	assert_output_has "-Z"
	run sandlock create --preserve-fds many c
	assert_failure 1
	assert_output_has "--preserve-fds"
}

@test "checkpoint, restore and mounts are refused with a reason" {
	# covers: command checkpoint restore mounts: refused, docs/man/sandlock-oci.1.md
	for command in checkpoint restore; do
		# podman takes an exit status of 0 for "can do it"
		run "$SANDLOCK_OCI" "$command" --help
		assert_failure 1
		assert_output_has "the command $command is not supported" libcriu
	done
	run "$SANDLOCK_OCI" mounts add c file
	assert_failure 1
	assert_output_has "not supported"
	"$SANDLOCK_OCI" features | jq -e '.annotations["run.sandlock.checkpoint.enabled"] == "false"'
	# podman's probe of restore: not the answer of a runtime that can
	run "$SANDLOCK_OCI" restore --lsm-mount-context
	assert_failure 1
	assert_output_lacks "requires an argument" "needs an argument"
	"$SANDLOCK_OCI" --help >"$T/help"
	for command in checkpoint restore mounts; do
		[ "$(sed -n "/^  $command /=" "$T/help")" -gt "$(sed -n '/^Not in this build:/=' "$T/help")" ]
	done
}

# covers: option called as krun or crun-NAME
@test "called as krun or crun-NAME: an error, not a container where a virtual machine is expected" {
	for name in krun crun-wasm; do
		ln -s "$SANDLOCK_OCI" "$T/$name"
		run "$T/$name" --root "$T/state" list
		assert_failure 1
		assert_output_has "called as $name" "no handlers"
	done
	ln -s "$SANDLOCK_OCI" "$T/crun"
	"$T/crun" --root "$T/state" list
}

# covers: option --cgroup-manager, option --rootless, cgroup disabled
@test "cgroup managers" {
	run sandlock --cgroup-manager=zoo list
	assert_failure 1
	assert_output_has zoo
	sandlock --cgroup-manager=disabled --rootless=true list
}

# covers: option --log, option --log-format, format JSON log, option --debug
@test "a failure is one JSON object in the log, and a text on stderr" {
	bundle=$(make_bundle)
	set_args "$bundle" 'no"such'
	edit_config "$bundle" '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	run sandlock --debug --log "$T/log" --log-format json create --bundle "$bundle" c
	assert_failure 1
	assert_output_has 'sandlock-oci: executable file `no"such` not found in $PATH: no such file or directory'
	[ "$(wc -l <"$T/log")" = 1 ]
	jq -e '.level == "error" and (.msg | contains("executable file `no\"such` not found in $PATH")) and (.time | test("^[0-9-]+T[0-9:]+Z$"))' "$T/log"
}

# covers: option --log-level
@test "warnings of a command that succeeds are in the JSON log" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	sandlock --log-level warning --log "file:$T/log" --log-format json run --bundle "$bundle" c
	jq -e -s 'map(select(.level == "warning" and (.msg | contains("CAP_NO_SUCH")))) | length >= 1' "$T/log"
}

# covers: format text log
@test "a text log appends" {
	echo before >"$T/log"
	run sandlock --log "$T/log" state nope
	assert_failure 1
	[ "$(head -1 "$T/log")" = before ]
	grep -q 'container `nope` does not exist' "$T/log"
}

# covers: option --log-format, option --log-level
@test "bad log options" {
	run sandlock --log-format xml list
	assert_failure 1
	assert_output_has xml
	run sandlock --log-level loud list
	assert_failure 1
	assert_output_has loud
	run sandlock --log /nowhere/log list
	assert_failure 1
	assert_output_has /nowhere/log
}

# covers: option --root, caller podman: its environment, caller podman: leftovers
@test "the state root: --root, XDG_RUNTIME_DIR" {
	run "$SANDLOCK_OCI" --root / list
	assert_failure 1
	assert_output_has --root
	run env XDG_RUNTIME_DIR="$T/xdg" "$SANDLOCK_OCI" --version
	assert_output_has "rundir: $T/xdg/sandlock-oci"
	bundle=$(make_bundle)
	mkdir -m 0700 "$T/xdg"
	env -i XDG_RUNTIME_DIR="$T/xdg" PATH="$PATH" "$SANDLOCK_OCI" create --bundle "$bundle" c
	[ "$(stat -c %a "$T/xdg/sandlock-oci/c")" = 700 ]
	# podman gives nothing but this variable
	env -i XDG_RUNTIME_DIR="$T/xdg" "$SANDLOCK_OCI" delete --force c
	[ -z "$(ls "$T/xdg/sandlock-oci")" ]
}

@test "output that cannot be written is an error" {
	run bash -c "'$SANDLOCK_OCI' --root '$T/state' list >/dev/full"
	assert_failure 1
	assert_output_has stdout
}

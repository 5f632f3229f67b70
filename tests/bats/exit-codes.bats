#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Exit codes and texts that callers parse: podman (libpod/oci_util.go), conmon, CRI-O, containerd and Docker match these words.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# what_podman_makes_of TEXT: the exit code of podman run and exec, by its rules in their order.
what_podman_makes_of() {
	if grep -qiE 'permission denied|operation not permitted' <<<"$1"; then
		echo 126
	elif grep -qiE 'executable file not found in|no such file or directory|open executable' <<<"$1"; then
		echo 127
	else
		echo 126 # "OCI runtime error"
	fi
}

# what_containerd_makes_of TEXT: containerd's and go-runc's verdict on a failed kill or delete.
what_containerd_makes_of() {
	if grep -qiE 'os: process already finished|container not running|no such process' <<<"$1"; then
		echo gone
	elif grep -qE 'does not exist' <<<"$1"; then
		echo unknown
	else
		echo failed
	fi
}

# what_docker_makes_of TEXT: the exit code of docker run, which minds the case.
what_docker_makes_of() {
	if grep -qE 'executable file not found|no such file or directory|system cannot find the file specified' <<<"$1"; then
		echo 127
	elif grep -qE 'permission denied|is a directory' <<<"$1"; then
		echo 126
	else
		echo 125
	fi
}

# fails CODE-OF-PODMAN TEXT COMMAND...: our exit code is 1, stderr has the text, the JSON log is one object with the same.
fails() {
	local podman=$1 text=$2
	stderr= # of the program; for the caller too
	shift 2
	rm -f "$T/log"
	run --separate-stderr sandlock --log "$T/log" --log-format json "$@"
	[ "$status" = 1 ] || { echo "$*: exit status $status, $stderr" >&2; return 1; }
	[ -z "$output" ] || { echo "$*: prints on stdout: $output" >&2; return 1; }
	[[ $stderr == *"$text"* ]] || { echo "$*: '$stderr' lacks '$text'" >&2; return 1; }
	[ "$(wc -l <"$T/log")" = 1 ] || { echo "$*: the log is not one line:" >&2; cat "$T/log" >&2; return 1; }
	jq -e --arg t "$text" '.level == "error" and (.msg | contains($t)) and (.time | test("^20[0-9-]+T[0-9:]+Z$"))' "$T/log" >/dev/null ||
		{ echo "$*: log: $(cat "$T/log")" >&2; return 1; }
	[ "$podman" = - ] || [ "$(what_podman_makes_of "$stderr")" = "$podman" ] ||
		{ echo "$*: podman makes $(what_podman_makes_of "$stderr") of '$stderr'" >&2; return 1; }
}

# covers: exit through podman, exit through Docker, text command not found, text empty command, text not executable, text not a file, exit runtime error
# covers: caller Docker
@test "create: what cannot be executed" {
	bundle=$(make_bundle)
	echo text >"$bundle/rootfs/plain"
	chmod 0644 "$bundle/rootfs/plain"
	mkdir -p "$bundle/rootfs/dir"
	printf '#!/no/interpreter\n' >"$bundle/rootfs/script"
	chmod 0755 "$bundle/rootfs/script"
	while IFS='|' read -r podman text arg; do
		set_args "$bundle" "$arg"
		fails "$podman" "$text" create --bundle "$bundle" c
		[ "$(what_docker_makes_of "$stderr")" = "$podman" ]
	done <<-'END'
		127|executable file `/no/such` not found: no such file or directory|/no/such
		127|executable file `nosuch` not found in $PATH: no such file or directory|nosuch
		126|the path `/dir` is not a regular file: permission denied|/dir
		126|the path `/plain` exists but it is not executable: permission denied|/plain
	END
	set_args "$bundle" ""
	fails 127 'cannot find `` in $PATH' create --bundle "$bundle" c
	sandlock list -q >"$T/list"
	[ ! -s "$T/list" ]
}

# covers: exit through podman, exit runtime error, exit workload
@test "exec: the same texts, and the exit status of the program" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	mkdir -p "$bundle/rootfs/dir"
	sandlock create --bundle "$bundle" c
	sandlock start c
	fails 127 'executable file `/no/such` not found: no such file or directory' exec c /no/such
	fails 127 'executable file `nosuch` not found in $PATH' exec c nosuch
	fails 126 'the path `/dir` is not a regular file' exec c /dir
	for code in 0 1 42 125 126 127 255; do
		status=0; sandlock exec c sh -c "exit $code" || status=$?
		[ "$status" = "$code" ]
	done
	run sandlock exec c sh -c 'kill -9 $$'
	[ "$status" = 137 ]
	run sandlock exec c sh -c 'kill -15 $$'
	[ "$status" = 143 ]
}

# covers: exit killed workload
@test "run: the exit status of the program" {
	bundle=$(make_bundle)
	for pair in "0 exit 0" "1 exit 1" "77 exit 77" "255 exit 255" "139 kill -11 \$\$" "137 kill -9 \$\$"; do
		# a pid namespace's init is not killed by its own signals
		set_args "$bundle" sh -c "sh -c '${pair#* }'; exit \$?"
		run sandlock run --bundle "$bundle" c
		[ "$status" = "${pair%% *}" ]
	done
}

# covers: exit through containerd, text unknown container, text not running, text still running, text id in use, text already started, text unknown signal
@test "containers that are not there, or are in another state" {
	# go-runc, CRI-O and podman look for "does not exist"; containerd for "not running", "no such process"
	for command in state start kill delete exec ps pause resume update events; do
		case $command in
		exec) set -- exec nope true ;;
		update) set -- update --pids-limit 5 nope ;;
		*) set -- "$command" nope ;;
		esac
		fails - 'container `nope` does not exist' "$@"
		[ "$(what_containerd_makes_of "$stderr")" = unknown ]
	done
	sandlock delete --force nope
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	fails - 'container `c` already exists' create --bundle "$bundle" c
	fails - 'is not running' exec c true
	sandlock start c
	fails - 'already running' start c
	fails - 'the container `c` is not in `created` or `stopped` state' delete c
	fails - 'unknown signal `NOSUCH`' kill c NOSUCH
	fails - 'unknown signal `99`' kill c 99
	sandlock kill c 9
	wait_for 5 is_status c stopped
	fails - 'the container `c` is not running' kill c TERM
	[ "$(what_containerd_makes_of "$stderr")" = gone ]
	fails - 'the container `c` is not running' exec c true
	fails - 'it has stopped' start c
	sandlock delete c
}

# covers: text root, text bad id
@test "bad ids, bundles and options" {
	fails - 'invalid' state 'a/b'
	fails 127 'No such file or directory' create --bundle "$T/nowhere" c
	bundle=$(make_bundle)
	rm -r "$bundle/rootfs"
	fails - 'does not exist' create --bundle "$bundle" c
	echo '{' >"$bundle/config.json"
	fails - "$bundle/config.json" create --bundle "$bundle" c
	# these words would make podman say "command not found" or "permission denied" for what is neither
	run sandlock --frobnicate list
	assert_output_has --frobnicate
	[ "$(what_podman_makes_of "$output")" = 126 ]
	refute grep -qi 'permission denied' <<<"$output"
}

# covers: text lack of memory at start, cgroup oom told after a failed start
@test "too little memory to start is told" {
	requires_root
	bundle=$(make_bundle)
	edit_config "$bundle" '.linux.resources.memory = {"limit": 40960}'
	run sandlock run --bundle "$bundle" c
	assert_failure 1
	assert_output_has "out of memory" "limit could be too low"
	sandlock list -q >"$T/list"
	[ ! -s "$T/list" ]
}

@test "log destinations" { # covers: option --log
	run sandlock --log "file:$T/a b" state nope
	assert_failure 1
	grep -q 'does not exist' "$T/a b"
	for destination in journald:sandlock syslog:sandlock; do
		# a host without the socket: the error still reaches stderr
		run sandlock --log "$destination" state nope
		assert_failure 1
		assert_output_lacks "unknown"
	done
	run sandlock --log-format xml state nope
	assert_failure 1
	assert_output_has xml
}

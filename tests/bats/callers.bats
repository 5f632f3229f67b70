#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The calls of engines, as they make them: CRI-O through conmon.

load helpers

setup() {
	setup_sandlock
	requires_command conmon
	bundle=$(make_bundle)
	mkdir "$T/exits" "$T/persist"
}

teardown() {
	teardown_sandlock
}

# conmon_as_crio ID OPTION...: what CRI-O gives conmon, which daemonizes and calls create.
conmon_as_crio() {
	local id=$1
	shift
	# a private file for the pipe that tells CRI-O the pid
	_OCI_SYNCPIPE=4 conmon -b "$bundle" -c "$id" -n "$id" -u "$id" --exit-dir "$T/exits" -l "$T/log-$id" --log-level error -p "$T/pid-$id" -P "$T/conmon-$id" \
		--persist-dir "$T/persist" -r "$SANDLOCK_OCI" --runtime-arg --root="$(state_root)" --socket-dir-path "$T" "$@" 4>"$T/sync-$id" 3>&-
}

# The environment of a daemon.
rt() {
	env -i XDG_RUNTIME_DIR="$T" "$SANDLOCK_OCI" --root "$(state_root)" "$@"
}

# covers: caller CRI-O, caller conmon
@test "CRI-O: conmon creates; start, state, update, exec, pause, kill, delete" {
	set_args "$bundle" sh -c 'echo to the log; trap "exit 5" TERM; touch /ready; while :; do sleep 0.05; done'
	conmon_as_crio c
	wait_for 5 test -s "$T/pid-c"
	wait_for 5 grep -q '"pid"' "$T/sync-c"
	[ "$(rt state c | jq -r .status)" = created ]
	# the program's parent is conmon, which sees its end
	[ "$(awk '$1 == "PPid:" { print $2 }' "/proc/$(cat "$T/pid-c")/status")" = "$(cat "$T/conmon-c")" ]
	rt start c
	wait_for 5 test -e "$bundle/rootfs/ready"
	[ "$(rt state c | jq -r '.pid, .status' | xargs)" = "$(cat "$T/pid-c") running" ]
	jq '.process | .args = ["sh", "-c", "echo from exec; exit 3"]' "$bundle/config.json" >"$T/process.json"
	run rt exec --process "$T/process.json" c
	assert_failure 3
	assert_output "from exec"
	if [ "$(jq -r '."cgroup-path"' "$(state_root)/c/status")" != null ]; then
		rt update --resources - c <<<'{"pids": {"limit": 60}}'
		rt pause c
		[ "$(rt state c | jq -r .status)" = paused ]
		rt resume c
	fi
	rt kill c TERM
	wait_for 10 test -e "$T/exits/c"
	[ "$(cat "$T/exits/c")" = 5 ]
	grep -q 'stdout F to the log' "$T/log-c"
	[ "$(rt state c | jq -r .status)" = stopped ]
	rt delete --force c
	run rt state c
	assert_failure 1
	rt delete --force c
}

# covers: caller conmon
@test "conmon: exec with a pid file and a terminal" {
	set_args "$bundle" sleep 100
	sandlock run --detach --bundle "$bundle" c </dev/null >/dev/null 2>&1
	jq '.process | .args = ["sh", "-c", "tty; exit 6"] | .terminal = true' "$bundle/config.json" >"$T/process.json"
	conmon_as_crio c -e --exec-process-spec "$T/process.json" -t
	wait_for 10 test -e "$T/exits/c"
	[ "$(cat "$T/exits/c")" = 6 ]
	grep -q /dev/pts/ "$T/log-c"
}

# covers: caller conmon
@test "conmon: a create that fails is told, with our text" {
	set_args "$bundle" nosuch
	conmon_as_crio c || true
	wait_for 5 grep -q 'not found in \$PATH' "$T/sync-c"
	[ "$(status_of c)" = gone ]
}

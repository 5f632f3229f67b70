#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# run: the whole life of a container in one command.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

@test "output, input and exit status are the program's" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'read x; echo "got $x"; echo oops >&2; exit 7'
	status=0
	echo line | sandlock run --bundle "$bundle" c >"$T/out" 2>"$T/err" || status=$?
	[ $status = 7 ]
	[ "$(cat "$T/out")" = "got line" ]
	[ "$(cat "$T/err")" = oops ]
	[ "$(status_of c)" = gone ]
}

@test "with copy-on-write the bundle's root does not change" {
	bundle=$(make_bundle)
	snapshot_tree "$bundle/rootfs" >"$T/before"
	set_args "$bundle" sh -ec 'echo x >>/etc/passwd; rm /etc/group; mkdir /new; chmod 600 /etc/motd; grep -c . /etc/passwd'
	run sandlock run --bundle "$bundle" --cow c
	assert_success
	assert_output 4
	assert_tree_unchanged "$T/before" "$bundle/rootfs"
	[ -z "$(find "$bundle" -maxdepth 1 -name '.sandlock-cow-*')" ]
}

@test "--cow-dir counts from the working directory" {
	bundle=$(make_bundle)
	mkdir "$T/stores"
	cd "$T/stores"
	edit_config "$bundle" '.annotations = {"run.sandlock.cow.keep": "keep"}'
	set_args "$bundle" sh -c 'echo kept >/file'
	run sandlock run --bundle "$bundle" --cow --cow-dir mine c
	assert_success
	[ "$(cat "$T/stores/mine/root/file")" = kept ]
}

@test "a killed program is 128 + signal" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'kill -9 $$; sleep 1'
	edit_config "$bundle" '.linux.namespaces |= map(select(.type != "pid"))
		| .mounts |= map(select(.destination != "/proc"))'
	run sandlock run --bundle "$bundle" c
	assert_failure 137
}

@test "signals are handed on" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'trap "exit 9" USR1; echo ready; while :; do sleep 0.1; done'
	"$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$bundle" c >"$T/out" &
	wait_for 5 grep -q ready "$T/out"
	kill -USR1 $!
	status=0
	wait $! || status=$?
	[ $status = 9 ]
}

@test "detached: returns at once, the container goes on" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock run --detach --bundle "$bundle" --pid-file "$T/pid" c </dev/null >/dev/null 2>&1
	[ "$(status_of c)" = running ]
	[ "$(cat "$T/pid")" = "$(pid_of c)" ]
	sandlock delete --force c
}

@test "--keep leaves the container to be deleted" {
	bundle=$(make_bundle)
	sandlock run --keep --bundle "$bundle" c
	[ "$(status_of c)" = stopped ]
	sandlock delete c
}

@test "what is deleted from outside is no error for run" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock run --bundle "$bundle" c >/dev/null 2>"$T/err" &
	wait_for 5 is_status c running
	sandlock delete --force c
	status=0
	wait $! || status=$?
	[ $status = 137 ]
	[ ! -s "$T/err" ]
}

@test "a terminal in the foreground" {
	requires_command script
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'tty; stty size; printf "\033[1mbold\n"; exit 6'
	edit_config "$bundle" '.process.terminal = true'
	status=0
	script -qec "stty rows 33 cols 77; $SANDLOCK_OCI --root $(state_root) run --bundle $bundle c" "$T/typescript" </dev/null >/dev/null || status=$?
	[ $status = 6 ]
	grep -q /dev/pts/0 "$T/typescript"
	grep -q '33 77' "$T/typescript"
}

@test "the user's terminal is as before" {
	requires_command script
	bundle=$(make_bundle)
	edit_config "$bundle" '.process.terminal = true'
	script -qec "stty -a >$T/before; $SANDLOCK_OCI --root $(state_root) run --bundle $bundle c; stty -a >$T/after" /dev/null </dev/null >/dev/null
	cmp "$T/before" "$T/after"
}

@test "only standard descriptors stay open, and those that --preserve-fds names" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'ls /proc/self/fd | wc -l; cat <&3'
	echo through >"$T/file"
	run sandlock run --bundle "$bundle" c 4<"$T/file" 5<"$T/file"
	assert_output_has 4
	run sandlock run --bundle "$bundle" --preserve-fds 1 c 3<"$T/file" 4<"$T/file"
	assert_success
	assert_output_has through
}

@test "an exec that fails after create is seen in the status" {
	bundle=$(make_bundle)
	printf '#!/nowhere/interpreter\n' >"$bundle/rootfs/bin/broken"
	chmod 0755 "$bundle/rootfs/bin/broken"
	set_args "$bundle" broken
	status=0
	sandlock run --bundle "$bundle" c || status=$?
	[ $status != 0 ]
	[ "$(status_of c)" = gone ]
}

@test "the lock is not held while the program runs" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock run --bundle "$bundle" c >/dev/null 2>&1 &
	wait_for 5 is_status c running
	run timeout 5 "$SANDLOCK_OCI" --root "$(state_root)" delete c
	assert_failure 1
	sandlock delete --force c
	wait $! || true
}

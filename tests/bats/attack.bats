#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Attacks from inside a copy-on-write container (tests/attack/attack.c): nothing outside changes, nothing hangs or crashes, memory stays bounded.
# ATTACK_SCALE=16 is the full size (32 000 threads, a million files): minutes on a disk, one minute on tmpfs (TMPDIR=/dev/shm), nearly all of it the kernel making
# the files. 1 is what CI runs.

SCALE=${ATTACK_SCALE:-1}
[ "$SCALE" = 1 ] || BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-1800} LIMIT=${LIMIT:-1200}

load helpers

setup() {
	local attack=${top_builddir:-$HELPERS_DIR/../..}/tests/attack/attack
	setup_sandlock
	[ -x "$attack" ] || { echo "build it first: make tests/attack/attack" >&2; return 1; }
	B=$(make_bundle)
	cp "$attack" "$B/rootfs/attack"
	mkdir "$B/rootfs/dir"
	for i in victim victim-2 victim-3 victim-4 dir/victim dir/{1..100}; do
		echo image >"$B/rootfs/$i"
	done
	[ -z "${AS:-}" ] || give_to "$AS" "$B/rootfs"
	echo host >"$T/host-file"
	chmod 0666 "$T/host-file"
	snapshot_tree "$B/rootfs" >"$T/before"
	# the strictest judge of the write guard is a container without the other walls
	edit_config "$B" '.annotations["run.sandlock.landlock"] = "off" | .process.capabilities |= map_values(. + ["CAP_SYS_CHROOT","CAP_FOWNER","CAP_DAC_OVERRIDE"])
		| .process.rlimits = [] | .linux.resources = {}'
}

teardown() {
	teardown_sandlock
}

supervisor_pids() { # the shepherd and its server
	local pid
	pid=$(jq -r '."supervisor-pid"' "$(state_root)/c/status")
	echo "$pid" $(pgrep -P "$pid")
}

# attack NAME [ARG]: runs it in the container; everything outside must be as before, and the same two processes must serve.
attack() {
	local before after pid kb
	set_args "$B" /bin/sleep 1000
	sandlock run --detach --cow=on --bundle "$B" c
	before=$(supervisor_pids)
	run timeout "${LIMIT:-60}" "$SANDLOCK_OCI" --root "$(state_root)" exec c /attack "$@"
	after=$(supervisor_pids)
	assert_success
	assert_output_has survived
	assert_output_lacks BREACH
	[ "$before" = "$after" ] || { echo "supervisors: $before became $after" >&2; return 1; }
	for pid in $after; do
		kb=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
		echo "process $pid: $kb kB"
		[ "$kb" -lt $((${MEMORY_MB:-16} * 1024)) ] || { echo "process $pid took $kb kB" >&2; return 1; }
	done
	sandlock delete --force c
	# many files are removed behind our back, in time that nobody else wants
	find "$T" -maxdepth 3 -name '.sandlock-trash-*' -prune -exec rm -rf {} + || true
	assert_tree_unchanged "$T/before" "$B/rootfs"
	[ "$(cat "$T/host-file")" = host ]
	[ "$(stat -c %a "$T/host-file")" = 666 ]
}

@test "memory that changes while it is read" {
	attack memory $((800 * SCALE))
}

@test "pointers and sizes that lead nowhere" {
	attack pointers
}

@test "thousands of threads in calls that wait" {
	attack threads $((2000 * SCALE))
}

@test "symlink loops, endless paths, huge directories" {
	MEMORY_MB=6 attack names $((4000 * SCALE * SCALE))
}

@test "signal storms, and callers that die in the middle" {
	attack signals $((500 * SCALE))
}

@test "ways out of the container" {
	attack escape "$T/host-file"
}

@test "from a read-only descriptor to a write" {
	attack descriptors
}

@test "mounts over what the guard looks at" {
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	attack mounts
}

@test "the supervisor is confined, and out of reach" {
	local pid n
	set_args "$B" /bin/sleep 1000
	sandlock run --detach --cow=on --bundle "$B" c
	for pid in $(supervisor_pids); do
		grep -q $'^NoNewPrivs:\t1' "/proc/$pid/status"
		grep -q $'^Seccomp:\t2' "/proc/$pid/status"
		# neither modules (16), time (25), raw sockets (13), reboot (22) nor bpf (39)
		n=$((16#$(sed -n 's/^CapPrm:\t//p' "/proc/$pid/status")))
		[ $((n & (1 << 16 | 1 << 25 | 1 << 13 | 1 << 22 | 1 << 39))) = 0 ]
		# not dumpable: its files in /proc are root's
		[ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
	done
	# nothing of the caller: no terminal, pipe or directory of it
	if [ "$(id -u)" = 0 ]; then
		for pid in $(supervisor_pids); do
			[ "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" = /dev/null ]
			refute grep -E '^pipe:|/dev/(pts|tty)' < <(readlink "/proc/$pid"/fd/*)
		done
	fi
	run sandlock exec c /bin/ls /proc
	for pid in $(supervisor_pids); do
		refute grep -x "$pid" <<<"$output"
	done
}

@test "the supervisor of an ordinary user's container sees the store, and nothing else of the host" {
	local pid
	requires_root
	AS=$TEST_USER
	give_to "$AS" "$B"
	snapshot_tree "$B/rootfs" >"$T/before"
	set_args "$B" /bin/sleep 1000
	sandlock run --detach --cow=on --bundle "$B" c
	for pid in $(supervisor_pids); do
		[ "$(cd "/proc/$pid/root" && echo *)" = "proc store" ]
		refute grep -vE '^/((proc|store)(/.*)?)?$' < <(awk '{ print $5 }' "/proc/$pid/mountinfo")
		# what it has open is not a way out either; the namespaces are the container's
		refute grep -vE '^(/dev/null|/store(/.*)?|/proc(/.*)?|socket:.*|anon_inode:.*|net:.*|user:.*)$' < <(readlink "/proc/$pid"/fd/*)
	done
	sandlock exec c /bin/sh -c 'echo mine >/victim && mv /victim /tmp/v && chmod 0600 /tmp/v && mkdir -m 0777 /open'
	# served with the caller's ids, which must be enough for what the supervisor sees
	sandlock exec --user 1:1 c /bin/sh -c 'touch /open/f && echo mine >>/open/f && chmod 0600 /open/f'
	sandlock delete --force c
	assert_tree_unchanged "$T/before" "$B/rootfs"
}

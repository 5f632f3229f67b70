#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The benchmark measures, and is no test; but it has to clean up.

load helpers

setup() {
	requires_root
	requires_command python3 crun fuse-overlayfs unshare
	requires_overlayfs
	setup_sandlock
	bench=${top_srcdir:-$HELPERS_DIR/../..}/tests/bench/run
}

teardown() {
	[ -z "${pid:-}" ] || kill -9 "$pid" 2>/dev/null || true
	teardown_sandlock
}

# Processes whose arguments name a directory of the benchmark below $T: file systems, runtimes, supervisors.
bench_processes() {
	local pid
	for pid in /proc/[0-9]*; do
		tr '\0' ' ' 2>/dev/null <"$pid/cmdline" | grep -q "$T/sandlock-bench-" && echo "$pid" || true
	done
}

no_bench_processes() {
	[ -z "$(bench_processes)" ]
}

@test "ended by a signal, the benchmark leaves neither processes nor directories, and says which signal it was" {
	for signal in TERM INT; do
		# a group of its own, which is signalled as timeout(1) does it: first the process, then all of them
		TMPDIR=$T setsid "$bench" --disk "$T" --on disk --only '500 entries, 1 at once' --runs 10000 >/dev/null 2>&1 3>&- &
		pid=$!
		wait_for 60 sh -c 'pgrep -f "^fuse-overlayfs .*$1/sandlock-bench-disk"' sh "$T"
		kill -s "$signal" "$pid"
		kill -s "$signal" -- "-$pid" || true
		status=0
		wait "$pid" || status=$?
		pid=
		[ "$status" = $((128 + $(kill -l "$signal"))) ]
		[ -z "$(bench_processes)" ]
		[ -z "$(ls -d "$T"/sandlock-bench-* 2>/dev/null)" ]
	done
}

@test "killed, the benchmark takes its processes with it" {
	TMPDIR=$T setsid "$bench" --disk "$T" --on disk --only '500 entries, 1 at once' --runs 10000 >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 60 sh -c 'pgrep -f "^fuse-overlayfs .*$1/sandlock-bench-disk"' sh "$T"
	kill -9 "$pid"
	wait_for 20 no_bench_processes
	pid=
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a podman user sees is the same with this runtime and with crun: the exit status and the output of each step of a container's life, as root and rootless.
# covers: caller podman

# two runtimes one after the other, each through all steps
export BATS_TEST_TIMEOUT=500

load helpers
# shellcheck source=podman.bash
. "$HELPERS_DIR/podman.bash"

setup() {
	requires_root
	requires_command podman conmon crun
	ensure_test_users
	setup_sandlock
	root=$T/rootfs
	cp -a "$(shared_busybox_root)" "$root"
}

teardown() {
	[ -n "${T:-}" ] || return 0
	for RUNTIME in crun sandlock; do
		podman_as '' rm --all --force --time 0 >/dev/null 2>&1 || true
		[ ! -d "$T/home-$TEST_USER" ] || podman_as "$TEST_USER" rm --all --force --time 0 >/dev/null 2>&1 || true
	done
	stop_pause "$TEST_USER"
	umount "$T"/containers/*/*/* "$T"/xdg*/* 2>/dev/null || true
	teardown_sandlock
}

# step NAME ARGS...: podman ARGS; its status and what it prints go to the record, without what differs from run to run.
step() {
	local name=$1 out status=0
	shift
	out=$(podman_as "$U" "$@" 2>&1) || status=$?
	{
		echo "== $name: $status"
		# ids, times, pids, the runtime's name; the runtime's own words behind "OCI" are not podman's
		sed -E -e 's/[0-9a-f]{64}/ID/g; s/[0-9a-f]{12}/ID/g' -e 's/\bc-(crun|sandlock)\b/NAME/g; s/\b(crun|sandlock(-oci)?)\b/RUNTIME/g' \
			-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( [+-][0-9]{4} [A-Z]+)?/TIME/g' -e '/OCI permission denied|OCI runtime/s/(Error: ).*(OCI [a-z ]*).*/\1\2/' -e '/is not a shared mount/d' <<<"$out"
	} >>"$T/record-${U:-root}-$RUNTIME"
}

# life: the steps; U is the user, RUNTIME the runtime.
life() {
	local c=c-$RUNTIME
	rm -f "$root/tmp/well" "$root/tmp/up"
	step "run" run --rm --network=none --rootfs "$root" /bin/sh -c 'echo out; echo err >&2; exit 7'
	step "run, killed" run --rm --network=none --rootfs "$root" /bin/sh -c 'kill -9 $$; sleep 1; sh -c "kill -9 \$\$"; exit $?'
	step "run, no such command" run --rm --network=none --rootfs "$root" nosuch
	step "run, no such file" run --rm --network=none --rootfs "$root" /no/such
	step "run, a directory" run --rm --network=none --rootfs "$root" /etc
	step "run, not executable" run --rm --network=none --rootfs "$root" /etc/motd
	step "run, no such working directory" run --rm --network=none --workdir /nowhere --rootfs "$root" true
	step "run -d" run -d --name "$c" --network=none --health-cmd 'test -e /tmp/well' --rootfs "$root" /bin/sh -c 'echo started; trap "exit 4" TERM; touch /tmp/up; while :; do sleep 0.05; done'
	wait_for 10 podman_as "$U" exec "$c" test -e /tmp/up
	step "exec" exec "$c" sh -c 'echo in; exit 5'
	step "exec, environment and directory" exec --env A=b --workdir /tmp "$c" sh -c 'echo $A; pwd'
	step "exec, user" exec --user 1000 "$c" id
	step "exec, no such command" exec "$c" nosuch
	step "exec, no such file" exec "$c" /no/such
	step "exec, a directory" exec "$c" /etc
	step "exec, killed" exec "$c" sh -c 'kill -9 $$'
	step "logs" logs "$c"
	# a process that sleeps for a moment may be there or not
	step "top" top "$c" args
	sed -i '/^\[*sleep/d' "$T/record-${U:-root}-$RUNTIME"
	step "healthcheck, ill" healthcheck run "$c"
	step "exec touch" exec "$c" touch /tmp/well
	step "healthcheck, well" healthcheck run "$c"
	if [ -z "$U" ]; then
		step "pause" pause "$c"
		step "exec, paused" exec "$c" true
		step "status, paused" inspect --format '{{.State.Status}}' "$c"
		step "unpause" unpause "$c"
		step "update" update --memory 64m "$c"
		step "stats" stats --no-stream --format '{{.Name}} {{.PIDS}}' "$c"
	fi
	step "kill, unknown signal" kill --signal NOSUCH "$c"
	step "kill USR1 is ignored" kill --signal WINCH "$c"
	step "stop" stop --time 5 "$c"
	step "wait" wait "$c"
	step "status" inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' "$c"
	step "exec, stopped" exec "$c" true
	step "start again" start "$c"
	step "kill" kill "$c"
	step "status, killed" wait "$c"
	step "rm" rm "$c"
	step "rm again" rm "$c"
}

# same USER
same() {
	local RUNTIME
	U=$1
	for RUNTIME in crun sandlock; do
		life
	done
	diff -u "$T/record-${U:-root}-crun" "$T/record-${U:-root}-sandlock" >&2
	# the record is not empty words
	grep -q '^== run: 7$' "$T/record-${U:-root}-sandlock"
	grep -q '^== run, no such file: 127$' "$T/record-${U:-root}-sandlock"
	grep -q '^== stop: 0$' "$T/record-${U:-root}-sandlock"
}

@test "root: the same as with crun" {
	same ''
}

# covers: caller podman: rootless
@test "rootless: the same as with crun" {
	give_to "$TEST_USER" "$root"
	same "$TEST_USER"
}

@test "root: build, and the same as with crun" {
	tar -C "$root" -cf "$T/root.tar" .
	mkdir "$T/context"
	mv "$T/root.tar" "$T/context"
	printf 'FROM scratch\nADD root.tar /\nRUN echo built >/built && cat /proc/self/status | grep -c Seccomp\nRUN exit 3\n' >"$T/context/Dockerfile"
	for RUNTIME in crun sandlock; do
		status=0
		podman_as '' build --isolation oci --network host --no-cache "$T/context" >"$T/out-$RUNTIME" 2>&1 || status=$?
		echo "status $status" >>"$T/out-$RUNTIME"
		sed -E 's/[0-9a-f]{11,64}/ID/g; s/\b(crun|sandlock(-oci)?)\b/RUNTIME/g; /Getting|Copying|Writing/d' "$T/out-$RUNTIME" >"$T/clean-$RUNTIME"
	done
	diff -u "$T/clean-crun" "$T/clean-sandlock"
	grep -q 'exit status 3' "$T/clean-sandlock"
}

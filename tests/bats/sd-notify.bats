#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# NOTIFY_SOCKET: readiness of the workload (sd_notify) reaches whoever started the container; LISTEN_FDS.
# covers: command start NOTIFY_SOCKET

load helpers

setup() {
	setup_sandlock
	requires_command python3
}

teardown() {
	for p in ${background:-}; do kill "$p" 2>/dev/null || true; done
	teardown_sandlock
}

# listen PATH FILE: datagrams that arrive at PATH are appended to FILE.
listen() {
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
while True:
    data = s.recv(4096)
    with open(sys.argv[2], "ab") as f:
        f.write(data + b"--\n")
' "$1" "$2" 3>&- &
	background="${background:-} $!"
	wait_for 5 test -S "$1"
}

# say PID TEXT: to the socket that the container sees.
say() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/proc/%s/root/run/notify/notify.sock" % sys.argv[1])
s.send(sys.argv[2].encode())
' "$1" "$2"
}

with_socket() {
	NOTIFY_SOCKET=$T/host.sock "$SANDLOCK_OCI" --root "$(state_root)" "$@"
}

bundle_with() {
	bundle=$(make_bundle)
	set_args "$bundle" "$@"
}

# covers: caller NOTIFY_SOCKET, command start
@test "start waits for READY=1 and passes it on with the pid" {
	listen "$T/host.sock" "$T/got"
	bundle_with sh -c 'echo "$NOTIFY_SOCKET" >/socket-is; exec sleep 100'
	with_socket create --bundle "$bundle" c
	with_socket start c 3>&- &
	background="$background $!"
	starter=$!
	wait_for 5 test -s "$bundle/rootfs/socket-is"
	[ "$(cat "$bundle/rootfs/socket-is")" = /run/notify/notify.sock ]
	pid=$(pid_of c)
	wait_for 5 test -S "/proc/$pid/root/run/notify/notify.sock"
	[ "$(stat -c %a "/proc/$pid/root/run/notify/notify.sock")" = 666 ]
	say "$pid" "STATUS=not yet"
	sleep 0.3
	kill -0 "$starter"
	[ ! -e "$T/got" ]
	# nobody has to wait for it to act on the container
	[ "$(status_of c)" = running ]
	say "$pid" "$(printf 'STATUS=now\nREADY=1')"
	wait "$starter"
	wait_for 5 grep -qx -e -- "$T/got" # the listener writes it after it was told
	[ "$(cat "$T/got")" = "READY=1
MAINPID=$pid
--" ]
	sandlock delete --force c
	[ ! -e "$(state_root)/c" ]
}

@test "a container that ends without READY=1 does not block start" {
	listen "$T/host.sock" "$T/got"
	bundle_with sh -c 'exit 3'
	with_socket create --bundle "$bundle" c
	run timeout 20 env NOTIFY_SOCKET="$T/host.sock" "$SANDLOCK_OCI" --log-level warning --root "$(state_root)" start c
	assert_success
	assert_output_has "without saying READY=1"
	[ ! -e "$T/got" ]
}

@test "run -d waits, run in the foreground does not" {
	listen "$T/host.sock" "$T/got"
	bundle_with sh -c 'echo hello; touch /is-up; while [ ! -e /go ]; do sleep 0.05; done; exit 7'
	with_socket run --bundle "$bundle" c >"$T/out" 3>&- &
	runner=$!
	wait_for 5 test -e "$bundle/rootfs/is-up"
	[ "$(cat "$T/out")" = hello ]
	pid=$(pid_of c)
	wait_for 5 say "$pid" READY=1
	wait_for 5 grep -q "MAINPID=$pid" "$T/got"
	touch "$bundle/rootfs/go"
	status=0
	wait "$runner" || status=$?
	[ "$status" = 7 ]
	rm "$T/got" "$bundle/rootfs/go" "$bundle/rootfs/is-up"
	with_socket run --detach --bundle "$bundle" d >/dev/null 2>&1 3>&- &
	runner=$!
	wait_for 5 test -e "$bundle/rootfs/is-up"
	kill -0 "$runner"
	wait_for 5 say "$(pid_of d)" READY=1
	wait "$runner"
	grep -q "MAINPID=$(pid_of d)" "$T/got"
}

@test "without NOTIFY_SOCKET there is no socket, and an environment of its own stays" {
	bundle_with sh -c 'echo "${NOTIFY_SOCKET:-none}" >/socket-is; ls /run >>/socket-is'
	sandlock run --bundle "$bundle" c
	[ "$(cat "$bundle/rootfs/socket-is")" = none ]
}

# covers: caller LISTEN_FDS
@test "LISTEN_FDS: descriptors of socket activation" { # covers: command create LISTEN_FDS --preserve-fds
	bundle_with sh -c 'echo "$LISTEN_FDS $LISTEN_PID"; cat <&3; cat <&4; ls /proc/self/fd | tr "\n" " "'
	echo one >"$T/one"
	echo two >"$T/two"
	run env LISTEN_FDS=1 "$SANDLOCK_OCI" --root "$(state_root)" run --preserve-fds 1 --bundle "$bundle" c 3<"$T/one" 4<"$T/two"
	assert_success
	assert_output_has "1 1" "one" "two"
	run env LISTEN_FDS=9 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$bundle" c 3<"$T/one"
	assert_failure 1
	assert_output_has "file descriptor"
}

# covers: caller NOTIFY_SOCKET: BARRIER
@test "sd_notify_barrier: the descriptor is closed when the message is read" {
	listen "$T/host.sock" "$T/got"
	bundle_with sh -c 'echo ready >/ready; exec sleep 100'
	with_socket create --bundle "$bundle" c
	with_socket start c 3>&- &
	starter=$!
	background="$background $starter"
	wait_for 5 test -s "$bundle/rootfs/ready"
	timeout 10 python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/proc/%s/root/run/notify/notify.sock" % sys.argv[1])
r, w = os.pipe()
socket.send_fds(s, [b"BARRIER=1"], [w])
os.close(w)
assert os.read(r, 1) == b""' "$(pid_of c)"
	kill -0 "$starter"
	say "$(pid_of c)" READY=1
	wait "$starter"
}

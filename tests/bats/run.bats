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

# covers: command run, command run --bundle, exit workload
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

# covers: command create+run --cow
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

# covers: command create+run --cow-dir
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

# covers: exit killed workload
@test "a killed program is 128 + signal" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'kill -9 $$; sleep 1'
	edit_config "$bundle" '.linux.namespaces |= map(select(.type != "pid"))
		| .mounts |= map(select(.destination != "/proc"))'
	run sandlock run --bundle "$bundle" c
	assert_failure 137
}

# covers: caller signals in the foreground
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

# covers: command run --detach --pid-file, exit detached
@test "detached: returns at once, the container goes on" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock run --detach --bundle "$bundle" --pid-file "$T/pid" c </dev/null >/dev/null 2>&1
	[ "$(status_of c)" = running ]
	[ "$(cat "$T/pid")" = "$(pid_of c)" ]
	sandlock delete --force c
}

# covers: command run --keep
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

# covers: command run --preserve-fds, caller descriptors
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

# covers: text exec itself fails
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

# with_socket SOCKET COMMAND...: prints whether the one descriptor that arrives there is a terminal or a pidfd; the command's output goes nowhere.
with_socket() {
	timeout 20 python3 -c '
import os, re, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
p = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
fds = socket.recv_fds(s.accept()[0], 4096, 8)[1]
assert p.wait() == 0 and len(fds) == 1
pid = re.search("^Pid:\\s*(\\d+)", open("/proc/self/fdinfo/%d" % fds[0]).read(), re.M)
print("tty" if os.isatty(fds[0]) else "pid " + pid.group(1))' "$@"
}

# covers: command run --console-socket --pidfd-socket --detach, command exec --console-socket
@test "sockets of run and of exec get their descriptors" {
	requires_command python3
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	rt=("$SANDLOCK_OCI" --root "$(state_root)")
	[ "$(with_socket "$T/1" "${rt[@]}" run --detach --bundle "$bundle" --pidfd-socket "$T/1" c)" = "pid $(pid_of c)" ]
	[ "$(with_socket "$T/2" "${rt[@]}" exec --detach --tty --console-socket "$T/2" c sleep 50)" = tty ]
	run sandlock exec --detach --tty c sleep 50
	assert_failure 1
	assert_output_has "use --console-socket with --detach when a terminal is used"
	sandlock delete --force c
	edit_config "$bundle" '.process.terminal = true'
	[ "$(with_socket "$T/3" "${rt[@]}" run --detach --bundle "$bundle" --console-socket "$T/3" c)" = tty ]
	sandlock delete --force c
	run sandlock run --detach --bundle "$bundle" c
	assert_failure 1
	assert_output_has "--console-socket" terminal
}

# covers: caller SIGWINCH
@test "the terminal of the program follows the size of the caller's" {
	requires_command python3
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done'
	edit_config "$bundle" '.process.terminal = true'
	run timeout 20 python3 -c '
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
out = b""
while b"ready" not in out:
    out += os.read(fd, 4096)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 99, 0, 0))
try:
    while b"31 99" not in out:
        out += os.read(fd, 4096)
except OSError:
    pass
print(out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$bundle" c
	assert_success
	assert_output_has "31 99"
	[[ ${lines[-1]} == *" 0" ]]
}

# covers: caller reaping, command create+run --no-subreaper
@test "orphans of a container without a pid namespace are reaped while it runs" {
	bundle=$(make_bundle)
	# the child of a child that ends at once becomes the runtime's, or with --no-subreaper somebody else's
	set_args "$bundle" sh -c '(sh -c "while [ ! -e /go ]; do sleep 0.05; done" & echo $! >/orphan); echo ready; while [ ! -e /stop ]; do sleep 0.05; done'
	edit_config "$bundle" '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
	for option in "" --no-subreaper; do
		rm -f "$bundle/rootfs/go" "$bundle/rootfs/stop" "$bundle/rootfs/orphan"
		# shellcheck disable=SC2086
		"$SANDLOCK_OCI" --root "$(state_root)" run $option --bundle "$bundle" c >"$T/out" 3>&- &
		wait_for 5 grep -q ready "$T/out"
		orphan=$(cat "$bundle/rootfs/orphan")
		# it is handed on when its parent has ended
		sleep 0.2
		parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$orphan/status")
		touch "$bundle/rootfs/go"
		if [ -n "$option" ]; then
			[ "$parent" != $! ]
		else
			[ "$parent" = $! ]
			wait_for 5 eval "[ ! -e /proc/$orphan ]"
		fi
		touch "$bundle/rootfs/stop"
		wait $!
		: >"$T/out"
	done
	# accepted where it changes nothing
	sandlock create --no-subreaper --bundle "$bundle" c
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# create: a parked container, a pid file, and nothing at all when a step fails.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# Name of the container's cgroup under a state root that is not the default one (see cgroup_name in src/container/create.c): other tests run at the
# same time, with the same ids and other state roots.
cgroup_name() {
	local root hash=2166136261 i c
	root=$(state_root)
	for ((i = 0; i < ${#root}; i++)); do
		printf -v c %d "'${root:i:1}"
		hash=$((((hash ^ c) * 16777619) & 0xffffffff))
	done
	printf '%s-%08x' "$1" "$hash"
}

# assert_nothing_left ID BUNDLE: state directory, cgroups, pid file, live root, mounts. Processes are looked for by teardown.
assert_nothing_left() {
	local left
	[ ! -e "$(state_root)/$1" ] || { echo "state directory left" >&2; return 1; }
	left=$(cgroups_named "$(cgroup_name "$1")")
	[ -z "$left" ] || { echo "cgroups left: $left" >&2; return 1; }
	[ ! -e "$T/pid" ] || { echo "pid file left" >&2; return 1; }
	[ -z "$(find "$2" -maxdepth 1 -name '.sandlock-cow-*')" ] || { echo "live root left" >&2; return 1; }
	! grep -F "$T/" /proc/self/mountinfo || { echo "mounts left" >&2; return 1; }
	[ -z "$(container_processes)" ] || { echo "processes left" >&2; return 1; }
}

# fails_cleanly BUNDLE TEXT [OPTION...]: create fails with the text on stderr, with and without copy-on-write, and leaves nothing.
fails_cleanly() {
	local bundle=$1 text=$2 cow
	shift 2
	for cow in off on; do
		run sandlock create --bundle "$bundle" --pid-file "$T/pid" --cow=$cow "$@" failing
		assert_failure 1
		assert_output_has "sandlock-oci: " "$text"
		assert_nothing_left failing "$bundle"
	done
}

# covers: cgroup cgroupsPath unset
@test "the cgroup of a container is where the other tests look for it" {
	requires_root
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" c
	grep -q "/$(cgroup_name c)\$" "/proc/$(pid_of c)/cgroup"
	sandlock delete --force c
	assert_nothing_left c "$bundle"
}

# covers: command create, command create --bundle --pid-file, command start, format pid file, lifecycle nothing runs before start
@test "create parks the program, start lets it run" {
	bundle=$(make_bundle)
	echo 'touch /ran; sleep 100' | set_script "$bundle"
	sandlock create --bundle "$bundle" --pid-file "$T/pid" c
	is_status c created
	[ "$(cat "$T/pid")" = "$(pid_of c)" ]
	sleep 0.2
	[ ! -e "$bundle/rootfs/ran" ]
	sandlock start c
	wait_for 5 test -e "$bundle/rootfs/ran"
	is_status c running
	sandlock delete --force c
}

# covers: caller conmon
@test "the container's process becomes a child of the caller's subreaper" {
	requires_command python3
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'exit 42'
	run python3 -c '
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
rt = sys.argv[1:4]
subprocess.check_call(rt + ["create", "--bundle", sys.argv[4], "--pid-file", sys.argv[5], "c"])
pid = int(open(sys.argv[5]).read())
subprocess.check_call(rt + ["start", "c"])
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
' "$SANDLOCK_OCI" --root "$(state_root)" "$bundle" "$T/pid"
	assert_success
	assert_output 42
	sandlock delete c
}

# covers: text id in use, lifecycle ids are unique, lifecycle delete removes what create made
@test "an id is used once" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	run sandlock create --bundle "$bundle" c
	assert_failure 1
	assert_output_has 'container `c` already exists'
	is_status c created
	sandlock delete --force c
	sandlock create --bundle "$bundle" c
	sandlock delete --force c
}

# covers: text bad id
@test "bad ids are refused" {
	bundle=$(make_bundle)
	for id in "" .hidden a/b 'a b' ..; do
		run sandlock create --bundle "$bundle" "$id"
		assert_failure 1
		assert_output_has "invalid container ID format"
	done
}

# covers: lifecycle later changes of config.json
@test "later changes of config.json have no effect" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'echo first >/result'
	sandlock create --bundle "$bundle" c
	set_args "$bundle" sh -c 'echo second >/result'
	sandlock start c
	wait_for 5 is_status c stopped
	[ "$(cat "$bundle/rootfs/result")" = first ]
	sandlock delete c
}

# covers: command create --config --bundle
@test "a relative bundle, a bundle by default, and --config" {
	bundle=$(make_bundle)
	cd "$bundle"
	mv config.json other.json
	sandlock create --config other.json c
	[ "$(sandlock state c | jq -r .bundle)" = "$(readlink -f "$bundle")" ]
	sandlock delete --force c
}

@test "a missing bundle and a missing config.json" {
	run sandlock create --bundle "$T/nowhere" c
	assert_failure 1
	assert_output_has "$T/nowhere"
	mkdir "$T/empty"
	run sandlock create --bundle "$T/empty" c
	assert_failure 1
	assert_output_has "config.json"
}

# covers: parser errors name path and place
@test "an error in config.json names the place" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.process.cwd = 5'
	fails_cleanly "$bundle" "process.cwd"
}

# covers: text terminal without a console socket
@test "a terminal needs a console socket" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.process.terminal = true'
	fails_cleanly "$bundle" "use --console-socket with create when a terminal is used"
}

# covers: config process.terminal
# covers: command create --console-socket, caller conmon: the console socket
@test "the console socket gets one descriptor of a terminal" {
	requires_command python3
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'tty; exit 3'
	edit_config "$bundle" '.process.terminal = true'
	run timeout 20 python3 -c '
import array, os, socket, subprocess, sys
path = sys.argv[5]
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(1)
rt = sys.argv[1:4]
subprocess.check_call(rt + ["create", "--bundle", sys.argv[4], "--console-socket", path, "c"])
conn = s.accept()[0]
fds = socket.recv_fds(conn, 4096, 8)[1]
assert len(fds) == 1, fds
assert os.isatty(fds[0])
subprocess.check_call(rt + ["start", "c"])
out = b""
try:
    while b"pts" not in out or not out.endswith(b"\n"):
        out += os.read(fds[0], 4096)
except OSError:
    pass
print(out.decode().strip())
' "$SANDLOCK_OCI" --root "$(state_root)" "$bundle" "$T/console.sock"
	assert_success
	assert_output_has "/dev/pts/0"
	sandlock delete --force c
}

# covers: command create --pidfd-socket
@test "the pidfd socket gets a descriptor" {
	requires_command python3
	bundle=$(make_bundle)
	run timeout 20 python3 -c '
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[5])
s.listen(1)
subprocess.check_call(sys.argv[1:4] + ["create", "--bundle", sys.argv[4], "--pidfd-socket", sys.argv[5], "c"],
	stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
fds = socket.recv_fds(s.accept()[0], 4096, 8)[1]
print(len(fds), [l for l in open("/proc/self/fdinfo/%d" % fds[0]) if l.startswith("Pid")][0].split()[1])
' "$SANDLOCK_OCI" --root "$(state_root)" "$bundle" "$T/pidfd.sock"
	assert_success
	assert_output "1 $(pid_of c)"
	sandlock delete --force c
}

# covers: command create+run --dump-plan
@test "--dump-plan does nothing" {
	bundle=$(make_bundle)
	run sandlock create --bundle "$bundle" --dump-plan c
	assert_success
	assert_output_has "$bundle/rootfs"
	assert_nothing_left c "$bundle"
}

# covers: lifecycle create fails atomically
@test "failure: a mount that cannot be made" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.mounts += [{"destination": "/mnt", "type": "bind", "source": "/nowhere-at-all", "options": ["bind"]}]'
	fails_cleanly "$bundle" "/nowhere-at-all"
}

@test "failure: an unknown file system" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.mounts += [{"destination": "/mnt", "type": "nosuchfs", "source": "none"}]'
	fails_cleanly "$bundle" "/mnt"
}

# covers: text command not found
@test "failure: a command that is not there" {
	bundle=$(make_bundle)
	set_args "$bundle" nosuchcommand
	fails_cleanly "$bundle" 'executable file `nosuchcommand` not found in $PATH: no such file or directory'
	set_args "$bundle" /bin/nosuchcommand
	fails_cleanly "$bundle" 'executable file `/bin/nosuchcommand` not found: no such file or directory'
}

# covers: text not executable, text not a file
@test "failure: a command that cannot be executed" {
	bundle=$(make_bundle)
	set_args "$bundle" /etc/passwd
	fails_cleanly "$bundle" "permission denied"
	set_args "$bundle" /etc
	fails_cleanly "$bundle" 'the path `/etc` is not a regular file'
}

# covers: config hooks.path
# covers: text hook, lifecycle failure of a hook of create
@test "failure: a hook of create" {
	bundle=$(make_bundle)
	for kind in prestart createRuntime createContainer; do
		edit_config "$bundle" '.hooks = {($kind): [{"path": "/bin/false"}], "poststop": [{"path": "/bin/touch", "args": ["touch", $mark]}]}' \
			--arg kind $kind --arg mark "$T/poststop-$kind"
		fails_cleanly "$bundle" 'error executing hook `/bin/false` (exit code: 1)'
		[ -e "$T/poststop-$kind" ]
	done
}

# covers: config hooks.timeout
@test "failure: a hook that does not end" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.hooks = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]}'
	fails_cleanly "$bundle" 'error executing hook `/bin/sleep`'
}

@test "failure: a bad id map" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.linux.namespaces |= (map(select(.type != "user")) + [{"type": "user"}])
		| .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 10}, {"containerID": 5, "hostID": 100, "size": 10}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": 0, "size": 10}]'
	fails_cleanly "$bundle" "map"
}

@test "failure: a namespace that is none" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.linux.namespaces |= (map(select(.type != "network")) + [{"type": "network", "path": "/dev/null"}])'
	fails_cleanly "$bundle" "/dev/null"
}

@test "failure: a pid file that cannot be written" {
	bundle=$(make_bundle)
	for cow in off on; do
		run sandlock create --bundle "$bundle" --cow=$cow --pid-file "$T/nowhere/pid" failing
		assert_failure 1
		assert_output_has "$T/nowhere/pid"
		assert_nothing_left failing "$bundle"
	done
}

@test "failure: a limit that the kernel refuses" {
	requires_root
	bundle=$(make_bundle)
	edit_config "$bundle" '.linux.resources.cpu = {"cpus": "99999"}'
	fails_cleanly "$bundle" "cpuset.cpus"
}

# covers: config root.path
# covers: text root
@test "failure: the root does not exist" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.root.path = "nowhere"'
	fails_cleanly "$bundle" "nowhere"
}

# covers: caller conmon: a create that is killed
@test "a create that is killed leaves something that delete --force removes" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.hooks = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 30}]}'
	for cow in off on; do
		sandlock create --bundle "$bundle" --cow=$cow --pid-file "$T/pid" c &
		creator=$!
		wait_for 5 runs_hook $creator
		is_status c creating
		kill -9 "$(descendant $creator)" 2>/dev/null || true
		wait $creator || true
		pkill -9 -f "^sleep 1000$" -u "$(id -u)" 2>/dev/null || true
		sandlock delete --force c
		wait_for 10 assert_nothing_left c "$bundle"
	done
}

runs_hook() {
	pgrep -P "$(descendant "$1")" sleep
}

# The program itself, below the function that runs it.
descendant() {
	local pid=$1 child
	while child=$(pgrep -P "$pid" | head -1) && [ -n "$child" ] && [ "$(cat /proc/"$pid"/comm)" != sandlock-oci ]; do
		pid=$child
	done
	echo "$pid"
}

# covers: command create+run --no-pivot --no-new-keyring --config --cow-keep --commit-to
@test "options of create and of run decide the same" {
	bundle=$(make_bundle)
	mkdir "$T/dest"
	mv "$bundle/config.json" "$T/other.json"
	for command in create run; do
		plan() { sandlock "$command" --bundle "$bundle" --config "$T/other.json" --dump-plan "$@" c; }
		plan >"$T/plan"
		grep -q '^new_keyring: yes$' "$T/plan"
		plan --no-new-keyring >"$T/plan"
		refute grep -q '^new_keyring' "$T/plan"
		plan --no-pivot >"$T/plan"
		grep -q '^rootfs.no_pivot: yes$' "$T/plan"
		plan --cow --cow-keep=keep >"$T/plan"
		grep -q '^cow.keep: yes$' "$T/plan"
		plan --cow --cow-keep=commit --commit-to "$T/dest" >"$T/plan"
		grep -q "$T/dest" "$T/plan"
	done
}

# covers: text console socket without a terminal
@test "a console socket needs a terminal" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	fails_cleanly "$bundle" "--console-socket needs process.terminal to be true" --console-socket "$T/socket"
	sandlock run --detach --bundle "$bundle" c </dev/null >/dev/null 2>&1
	run sandlock exec --console-socket "$T/socket" c true
	assert_failure 1
	assert_output_has "--console-socket needs a terminal"
}

# covers: cgroup hybrid
@test "hybrid: a cgroup2 mount beside the hierarchies of v1 is left alone" {
	requires_root
	[ "$(stat -f -c %T /sys/fs/cgroup/unified 2>/dev/null)" = cgroup2fs ] || skip "host: not hybrid"
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" c
	[ "$(grep '^0::' "/proc/$(pid_of c)/cgroup")" = "$(grep '^0::' /proc/self/cgroup)" ]
	[ ! -e "/sys/fs/cgroup/unified/$(cgroup_name c)" ]
}

# covers: cgroup rootless: no limits and no path
@test "an ordinary user's container goes without a cgroup; with a limit it is an error" {
	[ "$(id -u)" != 0 ] || skip "other part: needs an ordinary user"
	[ ! -w /sys/fs/cgroup ] || skip "host: users may make cgroups"
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" c
	[ "$(jq '."cgroup-path"' "$(state_root)/c/status")" = null ] || skip "host: this user has a cgroup of his own"
	edit_config "$bundle" '.linux.resources = {"pids": {"limit": 5}}'
	run sandlock create --bundle "$bundle" d
	assert_failure 1
	assert_output_has cgroup
}

# covers: lifecycle failure of startContainer
@test "failure: a hook of startContainer" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'touch /ran'
	edit_config "$bundle" '.hooks = {"startContainer": [{"path": "/bin/false"}]}'
	run sandlock run --bundle "$bundle" c
	assert_failure
	assert_output_has 'error executing hook `/bin/false` (exit code: 1)'
	[ "$(status_of c)" = gone ]
	[ ! -e "$bundle/rootfs/ran" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# exec: one more process, confined as the first.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# started [JQ-FILTER]: a running container c that sleeps.
started() {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	edit_config "$bundle" "${1:-.}"
	sandlock create --bundle "$bundle" "${@:2}" c
	sandlock start c
}

# covers: command exec, exit workload, exit killed workload
@test "output and exit status" {
	started
	run sandlock exec c sh -c 'echo out; exit 5'
	assert_failure 5
	assert_output out
	run sandlock exec c sh -c 'kill -15 $$'
	assert_failure 143
}

@test "options of the program are not ours" {
	started
	run sandlock exec c echo --env -t
	assert_success
	assert_output "--env -t"
}

# covers: cgroup exec joins
@test "the process is in every namespace and in the cgroup of the container" {
	started
	for ns in pid mnt uts ipc net; do
		# not /proc/1 inside: an exec'd process has a Landlock domain beside init's, and may not look into it
		[ "$(sandlock exec c readlink /proc/self/ns/$ns)" = "$(readlink "/proc/$(pid_of c)/ns/$ns")" ]
	done
	[ "$(sandlock exec c cat /proc/self/cgroup)" = "$(sandlock exec c cat /proc/1/cgroup)" ]
}

# covers: command exec --env --cwd --user
@test "environment, working directory, ids" {
	started '.process.env += ["FROM=config"]'
	run sandlock exec -e ADDED=yes --cwd /etc c sh -c 'echo $FROM $ADDED $PWD'
	assert_output "config yes /etc"
	run sandlock exec c pwd
	assert_output /
	run sandlock exec --user 0:0 c id -u
	assert_output 0
	run sandlock exec --user nobody c id
	assert_failure 1
	assert_output_has "UID[:GID]"
}

# covers: command exec --user
@test "another user" {
	requires_root
	started
	run sandlock exec --user 1000:1001 c sh -c 'id -u; id -g'
	assert_output $'1000\n1001'
}

# covers: command exec --cap
@test "capabilities: those of the container, and --cap" {
	started '.process.capabilities |= map_values(["CAP_KILL"])'
	[ "$(sandlock exec c sh -c 'grep CapEff /proc/self/status' | awk '{print $2}')" = 0000000000000020 ]
	[ "$(sandlock exec --cap CAP_CHOWN c sh -c 'grep CapEff /proc/self/status' | awk '{print $2}')" = 0000000000000021 ]
}

# covers: command exec --no-new-privs
@test "no_new_privs is inherited and can be added" {
	started '.process.noNewPrivileges = false'
	[ "$(sandlock exec c grep NoNewPrivs /proc/self/status | tr -dc 0-9)" = 0 ]
	[ "$(sandlock exec --no-new-privs c grep NoNewPrivs /proc/self/status | tr -dc 0-9)" = 1 ]
}

@test "seccomp of config.json holds for exec" {
	started '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}'
	run sandlock exec c mkdir /tmp/x
	assert_failure 1
	assert_output_has "Permission denied"
}

# covers: command exec --process
@test "--process FILE" {
	started
	jq '.process | .args = ["sh", "-c", "echo $A; pwd"] | .env += ["A=file"] | .cwd = "/tmp"' "$bundle/config.json" >"$T/process.json"
	run sandlock exec --process "$T/process.json" c
	assert_success
	assert_output $'file\n/tmp'
	echo '{"args": ["sh"]}' >"$T/process.json"
	run sandlock exec --process "$T/process.json" c
	assert_failure 1
	assert_output_has "$T/process.json" cwd
}

# covers: command exec --process
@test "--process: without capabilities it has those of the container, with an empty set none" {
	started
	jq '.process | .args = ["grep", "CapEff", "/proc/self/status"] | del(.capabilities)' "$bundle/config.json" >"$T/process.json"
	run sandlock exec --process "$T/process.json" c
	assert_success
	assert_output "$(grep CapEff "/proc/$(pid_of c)/status")"
	assert_output_lacks 0000000000000000
	jq '.capabilities = {}' "$T/process.json" >"$T/none.json"
	run sandlock exec --process "$T/none.json" c
	assert_success
	assert_output_has 0000000000000000
}

@test "a command that is not there" {
	started
	run sandlock exec c nosuchcommand
	assert_failure 1
	assert_output_has 'executable file `nosuchcommand` not found in $PATH: no such file or directory'
	run sandlock exec c
	assert_failure 1
	assert_output_has "command"
}

# covers: command exec --detach --pid-file, exit detached
@test "detached, with a pid file" {
	started
	sandlock exec --detach --pid-file "$T/pid" c sleep 50 </dev/null >/dev/null 2>&1
	[ "$(cat /proc/"$(cat "$T/pid")"/comm)" = sleep ]
	sandlock ps c | grep -qx "$(cat "$T/pid")" || skip_without_cgroup
}

skip_without_cgroup() {
	[ "$(id -u)" != 0 ]
}

# covers: command exec --tty
@test "a terminal in the foreground" {
	requires_command script
	started
	status=0
	script -qec "$SANDLOCK_OCI --root $(state_root) exec -t c sh -c 'tty; exit 4'" "$T/typescript" </dev/null >/dev/null || status=$?
	[ $status = 4 ]
	grep -q /dev/pts/0 "$T/typescript"
}

# covers: text not running, text unknown container
@test "only into a running container" {
	bundle=$(make_bundle)
	set_args "$bundle" sleep 100
	sandlock create --bundle "$bundle" c
	run sandlock exec c true
	assert_failure 1
	assert_output_has 'the container `c` is not running'
	sandlock start c
	sandlock kill c KILL
	wait_for 5 is_status c stopped
	run sandlock exec c true
	assert_failure 1
	assert_output_has 'the container `c` is not running'
	run sandlock exec nope true
	assert_failure 1
	assert_output_has 'container `nope` does not exist'
}

@test "--cgroup: a group below that of the container" { # covers: command exec --cgroup
	requires_root
	started
	path=$(jq -r '."cgroup-path"' "$(state_root)/c/status")
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		mkdir "/sys/fs/cgroup$path/sub"
		sandlock exec --cgroup sub c cat /proc/self/cgroup >"$T/cgroup"
		grep -qE '^0::.*/sub$' "$T/cgroup"
	else
		mkdir "/sys/fs/cgroup/pids$path/sub" "/sys/fs/cgroup/memory$path/sub"
		sandlock exec --cgroup pids,memory:/sub c cat /proc/self/cgroup >"$T/cgroup"
		grep -qE ':pids:.*/sub$' "$T/cgroup"
		grep -qE ':memory:.*/sub$' "$T/cgroup"
		refute grep -qE ':freezer:.*/sub$' "$T/cgroup"
	fi
	for bad in nowhere ../x nonsense:/sub; do
		run sandlock exec --cgroup "$bad" c true
		assert_failure 1
		assert_output_has --cgroup "$bad"
	done
}

@test "--additional-gids" { # covers: command exec --additional-gids
	requires_root
	started
	run sandlock exec -g 77 --additional-gids 88 c id -G
	assert_success
	assert_output "0 77 88"
	run sandlock exec -g wheel c id
	assert_failure 1
	assert_output_has wheel
}

@test "--ignore-paused: runs when the container is resumed" { # covers: command exec --ignore-paused
	requires_root
	started
	sandlock pause c
	run sandlock exec c true
	assert_failure 1
	assert_output_has paused
	sandlock exec --ignore-paused c sh -c 'echo late' >"$T/out" 3>&- &
	waiting=$!
	sleep 0.3
	kill -0 "$waiting"
	[ ! -s "$T/out" ]
	sandlock resume c
	wait "$waiting"
	[ "$(cat "$T/out")" = late ]
}

# covers: caller console socket: a long path
@test "--pidfd-socket gets a descriptor of the process" { # covers: command exec --pidfd-socket
	requires_command python3
	started
	long=$T/$(printf 'x%.0s' {1..120})
	mkdir "$long"
	pid=$(python3 -c '
import array, os, socket, subprocess, sys, re
d = os.open(sys.argv[3], os.O_PATH)
s = socket.socket(socket.AF_UNIX)
s.bind("/proc/self/fd/%d/sock" % d)
s.listen()
p = subprocess.Popen([sys.argv[1], "--root", sys.argv[2], "exec", "--detach", "--pid-file", sys.argv[3] + "/pid", "--pidfd-socket", sys.argv[3] + "/sock",
                      "c", "sleep", "50"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
c, _ = s.accept()
msg, anc, _, _ = c.recvmsg(100, socket.CMSG_SPACE(16))
fds = array.array("i", anc[0][2][:4])
assert p.wait() == 0 and len(fds) == 1
print(re.search("^Pid:\\s*(\\d+)", open("/proc/self/fdinfo/%d" % fds[0]).read(), re.M).group(1))
' "$SANDLOCK_OCI" "$(state_root)" "$long")
	[ "$pid" = "$(cat "$long/pid")" ]
}

@test "copy-on-write holds for exec" {
	started . --cow
	snapshot_tree "$bundle/rootfs" >"$T/before"
	run sandlock exec c sh -c 'echo x >>/etc/motd && chmod 600 /etc/passwd && wc -l </etc/motd'
	assert_success
	assert_output 2
	assert_tree_unchanged "$T/before" "$bundle/rootfs"
}

# covers: command exec --preserve-fds
@test "--preserve-fds: those descriptors and no others" {
	started
	echo through >"$T/file"
	run sandlock exec --preserve-fds 1 c sh -c 'cat <&3; ls /proc/self/fd | grep -c "^[4-9]$"' 3<"$T/file" 4<"$T/file"
	assert_output_has through
	run sandlock exec c sh -c 'ls -l /proc/self/fd; cat <&3' 3<"$T/file" 4<"$T/file"
	assert_output_lacks through "$T/file"
}

# covers: command exec --tty
@test "--tty=false: no terminal, whatever the process file says" {
	started
	jq '.process | .args = ["sh", "-c", "test -t 0 || echo none"] | .terminal = true' "$bundle/config.json" >"$T/process.json"
	run sandlock exec --tty=false --process "$T/process.json" c
	assert_success
	assert_output none
	run sandlock exec --tty=maybe c true
	assert_failure 1
	assert_output_has maybe
}

# covers: command exec --process-label --apparmor
@test "labels and profiles: an error where the host knows none" {
	started
	if ! grep -qw selinuxfs /proc/filesystems; then
		run sandlock exec --process-label system_u:system_r:container_t:s0 c true
		assert_failure 1
		assert_output_has SELinux
	fi
	if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
		run sandlock exec --apparmor unconfined c true
		assert_failure 1
		assert_output_has AppArmor
	fi
}

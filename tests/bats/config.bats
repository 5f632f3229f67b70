#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# config.json as a whole, and properties without a file of their own.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# refused TEXT...: run fails and says so, nothing is left
refused() {
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "$@"
	[ "$(status_of c)" = gone ]
}

# covers: config ociVersion, config unknown properties, config other platforms, config process.commandLine
# covers: config process.user.username
# covers: parser unknown properties
@test "versions and properties of others" {
	edit_config "$B" '.ociVersion = "1.99.0-rc.1" | .noSuch = {a: [1]} | .linux.alsoNot = 5 | .process.neither = null | .windows = {layerFolders: ["x"]} |
		.vm = {kernel: {path: "/k"}} | .solaris = {milestone: "m"} | .zos = {} | .freebsd = {} | .process.commandLine = "c" | .process.user.username = "nobody"'
	set_args "$B" id -u
	run sandlock run --bundle "$B" c
	assert_success
	assert_output 0
	edit_config "$B" '.ociVersion = "2.0.0"'
	refused ociVersion 2.0.0
	edit_config "$B" 'del(.ociVersion)'
	refused ociVersion
}

# covers: config annotations
@test "annotations are shown by state" {
	edit_config "$B" '.annotations = {"org.example.a/b": "c d", "x": ""}'
	sandlock create --bundle "$B" c </dev/null >/dev/null 2>&1
	sandlock state c | jq -e '.annotations == {"org.example.a/b": "c d", "x": ""}'
}

# covers: config process, config process.args, config process.cwd
# covers: text no process
@test "process: missing, without arguments, with a relative directory" {
	cp "$B/config.json" "$T/good.json"
	edit_config "$B" 'del(.process)'
	refused process
	cat "$T/good.json" >"$B/config.json"
	edit_config "$B" '.process.args = []'
	refused process.args
	cat "$T/good.json" >"$B/config.json"
	edit_config "$B" '.process.cwd = "tmp"'
	refused process.cwd
}

# covers: config process.rlimits, config linux.namespaces
@test "limits and namespaces that are given twice are errors" {
	cp "$B/config.json" "$T/good.json"
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 1, hard: 1}]'
	refused 'process.rlimits[1].type: duplicate rlimit type "RLIMIT_CORE"'
	cat "$T/good.json" >"$B/config.json"
	edit_config "$B" '.linux.namespaces += [{type: "pid"}]'
	refused 'duplicate namespace type "pid"'
	cat "$T/good.json" >"$B/config.json"
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NO_SUCH", soft: 1, hard: 1}]'
	refused RLIMIT_NO_SUCH
}

# covers: config hooks.path, config hooks.timeout
@test "hooks: a relative path and a time limit of 0 are errors, in each list" {
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		edit_config "$B" '.hooks = {($k): [{path: "bin/true"}]}' --arg k $kind
		refused "hooks.${kind}[0].path"
		edit_config "$B" '.hooks = {($k): [{path: "/bin/true", timeout: 0}]}' --arg k $kind
		refused "hooks.${kind}[0].timeout"
	done
}

# covers: config hooks.env, config hooks.args, config hooks.timeout
@test "hooks: in the order of the list; environment and argv; a time limit ends them in each place" {
	log=$T/log
	: >"$log"
	chmod 0666 "$log"
	edit_config "$B" '.hooks = {createRuntime: [range(3) | {path: "/bin/sh", args: ["name", "-c", "echo $0 \(.) $A >>" + $log], env: ["A=\(.)"], timeout: 20}]}' --arg log "$log"
	run sandlock run --bundle "$B" c
	assert_success
	[ "$(cat "$log")" = $'name 0 0\nname 1 1\nname 2 2' ]
	for kind in prestart createContainer startContainer poststart; do
		edit_config "$B" '.hooks = {($k): [{path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1}]}' --arg k $kind
		set_args "$B" /bin/sleep 20
		SECONDS=0
		run timeout 15 "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
		assert_failure
		[ $SECONDS -lt 10 ]
		[ "$(status_of c)" = gone ]
	done
}

# covers: config mounts.options.copy-symlink
@test "links as sources: followed, copied, refused to be followed" {
	echo text >"$T/file"
	ln -s "$T/file" "$T/link"
	ln -s /etc/motd "$B/rootfs/dest"
	edit_config "$B" '.mounts += [{destination: "/followed", source: $l, options: ["bind"]}, {destination: "/copied", source: $l, options: ["bind", "copy-symlink"]}]' \
		--arg l "$T/link"
	set_args "$B" /bin/sh -c 'cat /followed; readlink /copied'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'text\n'"$T/file"
	edit_config "$B" '.mounts[-1] = {destination: "/dest", source: $f, options: ["bind", "dest-nofollow"]}' --arg f "$T/file"
	set_args "$B" cat /etc/motd
	run sandlock run --bundle "$B" c
	# the mount lies on the link itself, not on what it leads to
	assert_output_lacks text
}

# covers: config mounts.options.propagation, config linux.rootfsPropagation
@test "propagation of mounts and of the root" {
	set_args "$B" /bin/sh -c "grep ' /t ' /proc/self/mountinfo | cut -d' ' -f7 | sed 's/[:0-9]*\$//; s/^-\$/none/'"
	for row in 'shared shared' 'rshared shared' 'private none' 'rprivate none' 'slave none' 'unbindable unbindable'; do
		edit_config "$B" '.mounts = (.mounts | map(select(.destination != "/t"))) + [{destination: "/t", type: "tmpfs", source: "t", options: [$w]}]' --arg w "${row% *}"
		run sandlock run --bundle "$B" c
		assert_success
		assert_output "${row#* }"
	done
	set_args "$B" /bin/sh -c "grep ' / / \| /[^ ]*rootfs / ' /proc/self/mountinfo | cut -d' ' -f7 | sed 's/[:0-9]*\$//; s/^-\$/none/'"
	for row in 'shared shared' 'private none' 'rprivate none' 'unbindable unbindable'; do
		edit_config "$B" '.linux.rootfsPropagation = $w' --arg w "${row% *}"
		run sandlock run --bundle "$B" c
		assert_success
		assert_output "${row#* }"
	done
	edit_config "$B" '.linux.rootfsPropagation = "sideways"'
	refused linux.rootfsPropagation sideways
}

# covers: config linux.rootfsPropagation
@test "rootfsPropagation slave: mounts of the host arrive in the container, not the other way round" {
	requires_root
	mkdir "$T/host"
	set_args "$B" /bin/sleep 60
	run unshare --mount --propagation private sh -ec '
		mount -t tmpfs t "$1"; mount --make-shared "$1"; mkdir "$1/sub"
		"$2" --root "$3" run --detach --bundle "$4" c </dev/null >/dev/null 2>&1
		mount -t tmpfs below "$1/sub"; touch "$1/sub/mark"
		"$2" --root "$3" exec c ls /h/sub' sh "$T/host" "$SANDLOCK_OCI" "$(state_root)" "$(
		edit_config "$B" '.linux.rootfsPropagation = "rslave" | .mounts += [{destination: "/h", source: $d, options: ["rbind", "rslave"]}]' --arg d "$T/host"
		echo "$B")"
	sandlock delete --force c
	assert_success
	assert_output mark
}

# covers: config mounts.options.superblock
@test "flags of the file system" {
	edit_config "$B" '.mounts += [{destination: "/t", type: "tmpfs", source: "t", options: ["sync", "dirsync", "lazytime", "async", "loud"]}]'
	set_args "$B" /bin/sh -c "grep ' /t ' /proc/self/mountinfo | sed 's/.* - //' | cut -d' ' -f3 | tr , '\\n' | grep -E 'sync|lazytime' | sort | tr '\\n' ' '"
	run sandlock run --bundle "$B" c
	assert_success
	assert_output "dirsync lazytime "
}

# covers: config process.consoleSize
# covers: caller consoleSize
@test "consoleSize is the size of the terminal; without a terminal it is not looked at" {
	requires_command python3
	set_args "$B" sleep 60
	edit_config "$B" '.process.consoleSize = {height: "nonsense"}'
	edit_config "$B" '.process.args = ["/bin/true"]'
	run sandlock run --bundle "$B" c
	assert_success
	edit_config "$B" '.process.terminal = true | .process.consoleSize = {height: 33, width: 77}'
	run timeout 20 python3 -c '
import fcntl, socket, struct, subprocess, sys, termios
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[5])
s.listen(1)
subprocess.check_call(sys.argv[1:4] + ["create", "--bundle", sys.argv[4], "--console-socket", sys.argv[5], "c"])
fd = socket.recv_fds(s.accept()[0], 4096, 8)[1][0]
print(*struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2])
' "$SANDLOCK_OCI" --root "$(state_root)" "$B" "$T/console.sock"
	assert_success
	assert_output "33 77"
	sandlock delete --force c
}

# covers: config linux.devices
@test "devices of all kinds, anywhere" {
	requires_root
	edit_config "$B" '.linux.devices = [
		{path: "/dev/c", type: "c", major: 1, minor: 3, fileMode: 416, uid: 5, gid: 6}, {path: "/dev/u", type: "u", major: 1, minor: 5},
		{path: "/opt/deep/b", type: "b", major: 7, minor: 99, fileMode: 25008}, {path: "/opt/p", type: "p", uid: 7},
		{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 384}]'
	set_args "$B" stat -c '%n %F %a %u:%g %t:%T' /dev/c /dev/u /opt/deep/b /opt/p /dev/null
	umask 077
	run sandlock run --bundle "$B" c
	assert_success
	assert_output "/dev/c character special file 640 5:6 1:3
/dev/u character special file 666 0:0 1:5
/opt/deep/b block special file 660 0:0 7:63
/opt/p fifo 666 7:0 0:0
/dev/null character special file 600 0:0 1:3"
}

# covers: config linux.devices
@test "devices: what is in the way must match" {
	requires_root
	mkdir -p "$B/rootfs/opt"
	echo data >"$B/rootfs/opt/c"
	edit_config "$B" '.linux.devices = [{path: "/opt/c", type: "c", major: 1, minor: 3}]'
	refused '`/opt/c`'
	[ "$(cat "$B/rootfs/opt/c")" = data ]
	rm "$B/rootfs/opt/c"
	mknod "$B/rootfs/opt/c" c 1 5
	refused '`/opt/c`'
	rm "$B/rootfs/opt/c"
	mknod "$B/rootfs/opt/c" c 1 3
	run sandlock run --bundle "$B" c
	assert_success
}

# covers: config linux.devices
@test "devices in a user namespace: the host's node, which must be that device" {
	[ -c /dev/full ] || skip "host: no /dev/full"
	[ "$(id -u)" != 0 ] || map_root "$B"
	edit_config "$B" '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 5}, {path: "/dev/pipe", type: "p", fileMode: 384}]'
	set_args "$B" /bin/sh -c 'head -c 1 /dev/zero | wc -c; stat -c %F /dev/pipe'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'1\nfifo'
	edit_config "$B" '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 3}]'
	refused '`/dev/zero`'
	edit_config "$B" '.linux.devices = [{path: "/dev/no-such-node", type: "c", major: 1, minor: 3}]'
	refused '`/dev/no-such-node`'
}

# covers: config linux.cgroupsPath
# covers: cgroup cgroupfs
@test "cgroupsPath: absolute, relative, and what cannot be one" {
	requires_root
	edit_config "$B" '.linux.cgroupsPath = $p' --arg p "/sandlock-test-$$/a"
	set_args "$B" /bin/sleep 60
	sandlock run --detach --bundle "$B" c </dev/null >/dev/null 2>&1
	grep -q ":/sandlock-test-$$/a\$" "/proc/$(pid_of c)/cgroup"
	sandlock delete --force c
	edit_config "$B" '.linux.cgroupsPath = $p' --arg p "sandlock-test-$$/b"
	sandlock run --detach --bundle "$B" c </dev/null >/dev/null 2>&1
	grep -q "/sandlock-test-$$/b\$" "/proc/$(pid_of c)/cgroup"
	sandlock delete --force c
	find /sys/fs/cgroup -depth -maxdepth 3 -type d -path "*/sandlock-test-$$*" -exec rmdir {} + 2>/dev/null || true
	edit_config "$B" '.linux.cgroupsPath = "/a/../b"'
	refused "/a/../b"
}

# covers: config mounts over /
@test "a mount over the root is refused" {
	edit_config "$B" '.mounts += [{destination: "/./", type: "tmpfs", source: "t"}]'
	refused "mounting over the root"
}

# covers: config linux.intelRdt
@test "intelRdt without resctrl is an error" {
	[ ! -e /sys/fs/resctrl/schemata ] || skip "host: has resctrl"
	edit_config "$B" '.linux.intelRdt = {l3CacheSchema: "L3:0=f"}'
	refused "linux.intelRdt: this host has no resctrl file system mounted"
}

# covers: config process.landlock
@test "exec with a process file that says nothing about confinement is held like the first process" {
	requires_landlock 2
	edit_config "$B" '.process.landlock = {ruleset: {handledAccessFS: ["make_reg"]}, rules: {pathBeneath: [{allowedAccess: ["make_reg"], paths: ["/tmp"]}]}}'
	set_args "$B" /bin/sleep 60
	sandlock run --detach --bundle "$B" c </dev/null >"$T/log" 2>&1 || { cat "$T/log" >&2; return 1; }
	run sandlock exec --process <(jq -n '{args: ["/bin/touch", "/tmp/fine", "/etc/new"], cwd: "/", user: {uid: 0, gid: 0}}') c
	assert_failure 1
	assert_output "touch: /etc/new: Permission denied"
}

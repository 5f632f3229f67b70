#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What has gone wrong in container runtimes before: one test for each, named after its CVE where there is one. Landlock, which would
# stop most of it as a second line, is off: the first line is meant.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
	edit_config "$B" '.annotations["run.sandlock.landlock"] = "off"'
	mkdir "$T/outside"
	echo host >"$T/outside/file"
	chmod 0777 "$T/outside"
	chmod 0666 "$T/outside/file"
}

teardown() {
	teardown_sandlock
}

# 2019-5736: whoever gets a descriptor of the runtime's program can write to it when the runtime has ended.
@test "CVE-2019-5736: the program that entered the container cannot be written to" {
	local pid sum own=$T/own-program
	cp "$SANDLOCK_OCI" "$own"
	chmod 0755 "$own"
	[ -z "${AS:-}" ] || give_to "$AS" "$own"
	SANDLOCK_OCI=$own
	sum=$(sha256sum <"$own")
	set_args "$B" /bin/sleep 1000
	# a created container is still the runtime's program, parked
	sandlock create --bundle "$B" c >/dev/null
	pid=$(pid_of c)
	if ! exec 9<"/proc/$pid/exe"; then
		echo "an ordinary user cannot even open it" >&2
		return 0
	fi
	sandlock delete --force c
	run bash -c 'echo owned >>/proc/self/fd/9'
	assert_failure
	# ETXTBSY would only mean that somebody still runs it
	assert_output_lacks "Text file busy"
	chmod 0777 /proc/self/fd/9 || true
	# a read-only mount that can be made writable, or cloned, protects nothing: mount_setattr(9, "", AT_EMPTY_PATH, {clear RDONLY}), open_tree
	requires_command perl
	run perl -e 'exit(syscall(442, 9, my $e = "", 0x1000, my $a = pack("QQQQ", 0, 1, 0, 0), 32) == 0)'
	assert_success
	run perl -e 'exit(syscall(428, 9, my $e = "", 0x1001) >= 0)'
	assert_success
	run bash -c 'echo owned >>/proc/self/fd/9'
	exec 9<&-
	assert_failure
	[ "$(sha256sum <"$own")" = "$sum" ]
	[ "$(stat -c %a "$own")" = 755 ]
}

# 2016-9962: from clone to execve a process that enters a container is the runtime's program, with its descriptors, in sight of who has CAP_SYS_PTRACE there.
@test "CVE-2016-9962: a process that enters cannot be looked into" {
	requires_root
	local pid other i
	map_root "$B"
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
	# the only programs of this root are links to one
	set_script "$B" <<-'END'
		>/seen
		while :; do
			for p in /proc/[0-9]*; do
				if [ -e $p/exe ] && ! [ $p/exe -ef /bin/busybox ]; then readlink $p/exe >>/seen || :; fi
			done
		done
	END
	sandlock create --bundle "$B" looker >/dev/null
	sandlock start looker
	wait_for 10 test -e "$B/rootfs/seen"
	pid=$(pid_of looker)
	other=$T/other
	make_bundle "$other" >/dev/null
	map_root "$other"
	edit_config "$other" 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(if .type == "user" or .type == "pid" then .path = $dir + "/" + .type else . end) |
		.process.args = ["/bin/true"]' --arg dir "/proc/$pid/ns"
	for ((i = 0; i < 25; i++)); do
		sandlock exec looker /bin/true
		# parked until it is started
		sandlock create --bundle "$other" "neighbour-$i" >/dev/null
		sandlock delete --force "neighbour-$i"
	done
	is_status looker running
	# /bin/true may have ended between two looks
	run grep -v '^/bin/' "$B/rootfs/seen"
	assert_output ""
	sandlock delete --force looker
}

@test "CVE-2024-21626: no descriptor leaks, and none can be the working directory" {
	set_script "$B" <<<'ls /proc/self/fd | sort -n | tr "\n" " "'
	run sandlock run --bundle "$B" c 3>&-
	# the fourth is the directory that ls reads
	assert_output_has "0 1 2 3"
	assert_output_lacks "0 1 2 3 4"
	for n in 3 4 5 6 7 8 9 10 11 12 15 20; do
		edit_config "$B" '.process.cwd = $d | .process.args = ["/bin/cat", "../../../../../../../../../../" + $f]' \
			--arg d "/proc/self/fd/$n" --arg f "${T#/}/outside/file"
		run sandlock run --bundle "$B" c 3>&-
		assert_failure
		assert_output_lacks host
	done
	set_args "$B" /bin/sleep 1000
	edit_config "$B" '.process.cwd = "/"'
	sandlock run --detach --bundle "$B" c 3>&-
	for n in 3 4 5 6 7 8 9 10; do
		run sandlock exec --cwd "/proc/self/fd/$n" c /bin/cat "../../../../../../../../$T/outside/file" 3>&-
		assert_failure
		assert_output_lacks host
	done
}

@test "symlinks in the image do not lead mounts out of it" {
	ln -s "$T/outside" "$B/rootfs/absolute"
	ln -s "../../../../../../../../../../../$T/outside" "$B/rootfs/relative"
	ln -s "/proc/1/root$T/outside" "$B/rootfs/magic"
	set_script "$B" <<<'grep -c " /[^ ]*new" /proc/self/mountinfo'
	edit_config "$B" '.mounts += [(["absolute","relative"][] | {destination:("/" + . + "/new"),type:"tmpfs",source:"tmpfs"})]'
	run sandlock run --bundle "$B" c
	assert_success
	[ ! -e "$T/outside/new" ]
	[ -d "$B/rootfs/$T/outside/new" ]
	edit_config "$B" '.mounts += [{destination:"/magic/new",type:"tmpfs",source:"tmpfs"}]'
	run sandlock run --bundle "$B" c
	[ "$(ls "$T/outside")" = file ]
}

@test "a mount target that is swapped for a symlink while containers start" {
	local racer
	mkdir "$B/rootfs/a" "$B/rootfs/vol"
	ln -s "$T/outside" "$B/rootfs/b"
	[ -z "${AS:-}" ] || give_to "$AS" "$B/rootfs"
	set_args "$B" /bin/touch /vol/sub/made
	edit_config "$B" '.mounts += [{destination:"/vol/sub",type:"tmpfs",source:"tmpfs"}]'
	(cd "$B/rootfs" && while :; do mv -T vol x && mv -T b vol && mv -T vol b && mv -T x vol || true; done) 2>/dev/null 3>&- &
	racer=$!
	for _ in $(seq 12); do
		sandlock run --bundle "$B" c >/dev/null 2>&1 || true
	done
	kill $racer
	wait $racer 2>/dev/null || true
	[ "$(ls "$T/outside")" = file ]
}

@test "CVE-2025-31133: a false /dev/null in the image masks nothing" {
	rm -rf "$B/rootfs/dev"
	mkdir "$B/rootfs/dev"
	# The runtime makes /dev/null before it masks. Who shares the directory can put something else there in between: here a hook does.
	cat >"$T/hook" <<-EOS
		#!/bin/sh
		rm -f $B/rootfs/dev/null
		ln -s /proc/sys/kernel/core_pattern $B/rootfs/dev/null
	EOS
	chmod 0755 "$T/hook"
	[ -z "${AS:-}" ] || give_to "$AS" "$B/rootfs"
	set_script "$B" <<-'EOS'
		stat -c %t:%T /proc/version /proc/keys
		# no mount shows that file of procfs anywhere
		awk '$4 ~ /core_pattern/' /proc/self/mountinfo | wc -l
	EOS
	edit_config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/proc/version", "/proc/keys"]
		| .hooks.createRuntime = [{path: $h}]' --arg h "$T/hook"
	run sandlock run --bundle "$B" c
	[ -L "$B/rootfs/dev/null" ]
	assert_success
	assert_output "1:3"$'\n'"1:3"$'\n'0
}

@test "CVE-2025-52565: /dev/console and /dev/pts of the image are not followed out of it" {
	rm -rf "$B/rootfs/dev"
	mkdir -p "$B/rootfs/dev"
	ln -s "$T/outside/file" "$B/rootfs/dev/console"
	ln -s "$T/outside" "$B/rootfs/dev/pts"
	[ -z "${AS:-}" ] || give_to "$AS" "$B/rootfs"
	requires_command script
	# What the links name is looked for, and made, in the image: the mounts can be seen there. Mounts on what they name outside could not be seen at all,
	# since they would be left behind with the old root.
	set_script "$B" <<-EOS
		test -c $T/outside/file && echo "a console there"
		test -e $T/outside/ptmx && echo "a devpts there"
		test -c /dev/console && echo "and by the link"
	EOS
	edit_config "$B" '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
	script -qec "$SANDLOCK_OCI --root $(state_root) run --bundle $B c" "$T/typescript" </dev/null >/dev/null || true
	cat "$T/typescript"
	# the console is mounted over a file of the devpts: it has no such file, so that either it starts and shows both, or says why not
	grep -q -e "and by the link" -e "/dev/console" "$T/typescript"
	[ "$(cat "$T/outside/file")" = host ]
	[ "$(ls "$T/outside")" = file ]
	refute grep -q "$T/outside" /proc/self/mountinfo
	# the console alone
	rm "$B/rootfs/dev/pts"
	script -qec "$SANDLOCK_OCI --root $(state_root) run --bundle $B c" "$T/typescript" </dev/null >/dev/null || true
	cat "$T/typescript"
	grep -q "a console there" "$T/typescript"
	grep -q "and by the link" "$T/typescript"
	[ "$(ls "$T/outside")" = file ]
}

@test "masked and read-only paths that are symlinks out of the image" {
	ln -s "$T/outside/file" "$B/rootfs/masked"
	ln -s "../../../../../../../$T/outside" "$B/rootfs/ro"
	# in the image the same names lead to these
	mkdir -p "$B/rootfs$T/outside"
	echo image >"$B/rootfs$T/outside/file"
	[ -z "${AS:-}" ] || give_to "$AS" "$B/rootfs"
	set_script "$B" <<-EOS
		cat /masked $T/outside/file
		echo 1 >$T/outside/new && echo written
		echo fine
	EOS
	edit_config "$B" '.linux.maskedPaths += ["/masked"] | .linux.readonlyPaths += ["/ro"] | .process.args[1] = "-c"'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output_has fine
	assert_output_lacks image
	assert_output_lacks written
	: >"$T/outside/new" # still writable
	[ "$(cat "$T/outside/file")" = host ]
}

@test "hooks get the environment that they name" {
	cat >"$T/hook" <<-EOS
		#!/bin/sh
		env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= >$T/outside/env
	EOS
	chmod 0755 "$T/hook"
	set_args "$B" /bin/true
	edit_config "$B" '.hooks.createRuntime = [{path: $h, env: ["ONLY=this"]}]' --arg h "$T/hook"
	SECRET=caller run sandlock run --bundle "$B" c
	assert_success
	[ "$(cat "$T/outside/env")" = ONLY=this ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Landlock: what the domain of a container keeps out, and what it must not disturb. Each refusal is shown beside `off`, where it succeeds.

load helpers

setup() {
	setup_sandlock
	requires_landlock 2
}

teardown() {
	teardown_sandlock
}

# bundle MODE: no CAP_SYS_ADMIN, the script of stdin.
bundle() {
	B=$(make_bundle)
	edit_config "$B" '.process.capabilities |= map_values([.[] | select(. != "CAP_SYS_ADMIN")]) | .annotations["run.sandlock.landlock"] = $m
		| .process.noNewPrivileges = true' --arg m "$1"
	set_script "$B"
}

run_bundle() {
	run sandlock run --bundle "$B" "$@" c1
}

@test "a descriptor of a host directory that leaked leads nowhere" {
	mkdir "$T/secret"
	echo host >"$T/secret/file"
	chmod -R a+rX "$T/secret"
	for mode in off auto strict; do
		bundle $mode <<-'EOS'
			cat /proc/self/fd/3/file 2>&1 || true
			ls /proc/self/fd/3/ 2>&1 || true
		EOS
		run_bundle --preserve-fds 1 3<"$T/secret"
		echo "# $mode"
		case $mode in
		off) assert_output "host"$'\n'"file" ;;
		*)
			# not joined by &&: the first of such a list cannot fail a test
			assert_output_has "fd/3/file': Permission denied"
			assert_output_lacks "host"
			;;
		esac
		rm -rf "$B"
	done
}

@test "no mounts, not even in a user namespace of its own; everything else of one works" {
	requires_userns
	# CAP_SETFCAP: the kernel wants it of whoever maps uid 0
	bundle auto <<-'EOS'
		unshare -Ur /bin/sh -c 'id -u'
		unshare -Urm /bin/sh -c 'mount -t tmpfs none /tmp' 2>&1 || echo "no mount"
	EOS
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_SETFCAP"])'
	run_bundle
	assert_success
	assert_output_has "0" "no mount"
	edit_config "$B" '.annotations["run.sandlock.landlock"] = "off"'
	run_bundle
	assert_output_lacks "no mount"
}

@test "auto stays away from a container that keeps CAP_SYS_ADMIN, strict does not" {
	B=$(make_bundle)
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	set_script "$B" <<<'mount -t tmpfs none /tmp 2>&1 && echo mounted'
	run_bundle
	assert_output "mounted"
	edit_config "$B" '.annotations["run.sandlock.landlock"] = "strict"'
	run_bundle
	assert_failure
	assert_output_has "denied"
}

@test "files move and link between directories, devices and /proc work" {
	for mode in auto strict; do
		bundle $mode <<-'EOS'
			mkdir -p /a/b /c
			echo 1 >/a/b/f
			mv /a/b/f /c/f
			ln /c/f /a/f
			mv /a/b /c/b
			mv /c /usr/c
			echo >/tmp/x
			mkfifo /tmp/fifo
			mknod /tmp/node p
			echo x >/dev/null
			head -c1 /dev/urandom >/dev/null
			stty -F /dev/tty 2>/dev/null || true
			cat /proc/self/status >/dev/null
			ls /proc/self/ns/ >/dev/null
			exec 5</proc/self/ns/uts
			: >/usr/c/f
			cp /bin/busybox /tmp/echo
			/tmp/echo fine
		EOS
		run_bundle
		assert_success
		assert_output "fine"
		rm -rf "$B"
	done
}

@test "a read-only root with writable mounts" {
	mkdir "$T/vol" "$T/rovol"
	mkfifo "$T/rovol/fifo"
	chmod 0777 "$T/vol" "$T/rovol/fifo"
	for mode in off auto strict; do
		bundle $mode <<-'EOS'
			echo 1 >/vol/f
			mkdir /vol/d
			mv /vol/f /vol/d/g
			rm -r /vol/d
			echo 1 >/tmp/f
			echo 1 >/dev/shm/f
			for i in /x /vol-ro/x /bin/busybox; do
				(echo 1 >$i) 2>&1 || true
			done
			exec 6<>/vol-ro/fifo && echo fifo
		EOS
		edit_config "$B" '.root.readonly = true | .mounts += [{destination:"/vol",type:"bind",source:$v,options:["bind","rw"]},
			{destination:"/tmp",type:"tmpfs",source:"tmpfs"},
			{destination:"/vol-ro",type:"bind",source:$r,options:["bind","ro"]}]' --arg v "$T/vol" --arg r "$T/rovol"
		mkdir -p "$B/rootfs/vol" "$B/rootfs/vol-ro"
		run_bundle
		echo "# $mode"
		# the error is the file system's in every mode
		assert_output_has "can't create /x: Read-only file system" "/bin/busybox: Read-only"
		case $mode in
		strict)
			assert_failure
			assert_output_has "fifo: Permission denied"
			;;
		*)
			assert_success
			assert_output_has "fifo"
			;;
		esac
		rm -rf "$B"
	done
}

@test "exec: the same domain; signals pass, the insides of the first process do not show" {
	mkdir "$T/secret"
	chmod a+rx "$T/secret"
	for mode in off auto; do
		bundle $mode <<<'trap "" USR1; exec sleep 1000'
		sandlock run --detach --bundle "$B" c1
		run sandlock exec c1 /bin/sh -c 'kill -USR1 1 && echo signalled; cat /proc/1/cmdline >/dev/null && echo cmdline; ls /proc/1/root/ 2>&1'
		echo "# $mode: $output"
		assert_output_has signalled cmdline
		if [ $mode = off ]; then assert_output_has etc; else assert_output_has "Permission denied"; fi
		run sandlock exec --preserve-fds 1 c1 ls /proc/self/fd/3/ 3<"$T/secret"
		if [ $mode = off ]; then assert_success; else assert_output_has "Permission denied"; fi
		sandlock delete --force c1
		rm -rf "$B"
	done
}

@test "exec with CAP_SYS_PTRACE may look into the container's processes" {
	local peek='ls /proc/1/root/ 2>&1; readlink /proc/1/exe; tr "\0" "\n" </proc/1/environ 2>&1 | grep ^PATH'
	bundle auto <<<'exec sleep 1000'
	sandlock run --detach --bundle "$B" c1
	run sandlock exec c1 /bin/sh -c "$peek"
	assert_output_has "Permission denied"
	assert_output_lacks busybox
	run sandlock exec --cap CAP_SYS_PTRACE c1 /bin/sh -c "$peek"
	assert_output_has etc /bin/busybox PATH=
	assert_output_lacks "Permission denied"
	sandlock delete --force c1
}

@test "exec of a process that may do everything is not held" {
	bundle auto <<<'exec sleep 1000'
	sandlock run --detach --bundle "$B" c1
	run sandlock exec --cap CAP_SYS_ADMIN c1 mount -t tmpfs none /tmp
	assert_success
	sandlock delete --force c1
}

@test "with the host's pid namespace, signals stay inside" {
	requires_landlock 6
	sleep 1000 3>&- &
	local victim=$!
	for mode in auto off; do
		bundle $mode <<-EOS
			kill -0 $victim 2>/dev/null && echo reached || echo held
		EOS
		edit_config "$B" '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))'
		run_bundle
		echo "# $mode: $output"
		if [ $mode = auto ]; then [[ $output == held ]]; else [[ $output == reached ]]; fi
		rm -rf "$B"
	done
	kill $victim
}

@test "ports" {
	requires_landlock 4
	bundle auto <<-'EOS'
		timeout 1 nc -l -p 8000 2>&1 || true
		timeout 1 nc -l -p 8001 2>&1 || true
	EOS
	edit_config "$B" '.annotations["run.sandlock.landlock.tcp.bind"] = "8001"'
	run_bundle
	assert_output_has "nc: bind: Permission denied"
	[ "$(grep -c Permission <<<"$output")" = 1 ]
	edit_config "$B" '.annotations["run.sandlock.landlock.tcp.bind"] = "8001,70000"'
	run_bundle
	assert_failure
	assert_output_has "run.sandlock.landlock.tcp.bind" "8001,70000"
}

@test "process.landlock: names and numbers, missing paths, exactness" {
	bundle off <<-'EOS'
		echo 1 >/tmp/f
		(echo 1 >/etc/new) 2>&1 || true
		(echo 1 >/etc/motd) && echo written
	EOS
	edit_config "$B" '.process.landlock = {ruleset:{handledAccessFS:["execute","256"]}, rules:{pathBeneath:[
		{allowedAccess:["execute"],paths:["/bin","/lib","/lib64","/nothing"]},{allowedAccess:["0x100"],paths:["/tmp"]}]}}'
	run sandlock --log-level warning run --bundle "$B" c1
	assert_success
	assert_output_has "no Landlock rule for \`/nothing\`" "/etc/new: Permission denied" "written"
	edit_config "$B" '.process.landlock.disableBestEffort = true'
	run_bundle
	assert_failure
	assert_output_has "process.landlock" "/lib" "No such file or directory"
	edit_config "$B" '.process.landlock.disableBestEffort = false | .process.landlock.rules.pathBeneath = [{allowedAccess:["execute"],paths:["/nothing"]}]'
	run_bundle
	assert_failure
	assert_output_has "no path exists"
	edit_config "$B" '.process.landlock.rules.pathBeneath[0].allowedAccess = ["fly"]'
	run_bundle
	assert_failure
	assert_output_has "process.landlock.rules.pathBeneath[0].allowedAccess: unknown right \`fly\`"
}

@test "copy-on-write and Landlock together" {
	bundle auto <<-'EOS'
		echo changed >/etc/motd
		chmod 600 /etc/passwd
		mv /etc/motd /tmp/motd
		ln /tmp/motd /usr/motd
		cat /usr/motd
	EOS
	snapshot_tree "$B/rootfs" >"$T/before"
	run sandlock run --cow=on --bundle "$B" c1
	assert_success
	assert_output "changed"
	assert_tree_unchanged "$T/before" "$B/rootfs"
}

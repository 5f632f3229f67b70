#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mounts[] of config.json: what the container sees, and what it must not reach.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# covers: config mounts, config mounts.source, config mounts.type
@test "bind mounts: directory and file, read-only and not" {
	mkdir "$T/data"
	echo text >"$T/data/file"
	chmod 0777 "$T/data"
	edit_config "$B" '.mounts += [
		{destination: "/new/dir", source: $d, type: "bind", options: ["bind", "rw"]},
		{destination: "/ro", source: $d, options: ["rbind", "ro"]},
		{destination: "/etc/one", source: ($d + "/file"), options: ["bind", "ro"]}]' --arg d "$T/data"
	set_script "$B" <<-'END'
		echo made >/new/dir/made
		cat /ro/file /etc/one
		if echo x 2>/dev/null >/ro/made; then exit 9; fi
		if echo x 2>/dev/null >/etc/one; then exit 9; fi
	END
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'text\ntext'
	[ "$(cat "$T/data/made")" = made ]
}

# covers: config mounts.options.flags, config mounts.options.data
@test "mount flags are the ones asked for" {
	edit_config "$B" '.mounts += [
		{destination: "/t", source: "tmpfs", type: "tmpfs", options: ["nosuid", "nodev", "noexec", "noatime", "size=64k", "mode=0711"]},
		{destination: "/r", source: "tmpfs", type: "tmpfs", options: ["ro", "rprivate"]}]'
	set_script "$B" <<-'END'
		grep ' /t ' /proc/self/mountinfo | cut -d' ' -f6
		grep ' /r ' /proc/self/mountinfo | cut -d' ' -f6
		stat -c %a /t
	END
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'rw,nosuid,nodev,noexec,noatime\nro,relatime\n711'
}

# covers: config mounts.options.recursive
@test "rro makes what is mounted below read-only too" {
	requires_root
	mkdir -p "$T/top/below"
	mount -t tmpfs none "$T/top/below"
	edit_config "$B" '.mounts += [{destination: "/mnt", source: $d, options: ["rbind", "rro"]}]' --arg d "$T/top"
	set_args "$B" /bin/sh -c '! touch /mnt/x 2>/dev/null && ! touch /mnt/below/x 2>/dev/null'
	run sandlock run --bundle "$B" c
	umount "$T/top/below"
	assert_success
}

# covers: config mounts.options.remount
@test "remount changes the flags of an earlier mount" {
	edit_config "$B" '.mounts += [
		{destination: "/t", source: "tmpfs", type: "tmpfs"},
		{destination: "/t", options: ["remount", "bind", "ro", "noexec"]}]'
	set_args "$B" /bin/sh -c "grep ' /t ' /proc/self/mountinfo | cut -d' ' -f6"
	run sandlock run --bundle "$B" c
	assert_success
	assert_output "ro,noexec,relatime"
}

# covers: config mounts.options.remount
@test "remount changes options of the file system" {
	edit_config "$B" '.mounts += [
		{destination: "/t", source: "tmpfs", type: "tmpfs", options: ["size=64k"]},
		{destination: "/t", options: ["remount", "size=128k", "nr_inodes=77"]}]'
	set_args "$B" /bin/sh -c "grep ' /t ' /proc/self/mountinfo | sed 's/.* - //'"
	run sandlock run --bundle "$B" c
	assert_success
	assert_output_has size=128k nr_inodes=77
	edit_config "$B" '.mounts[-1].options = ["remount", "no-such-option=1"]'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has 'remount `/t`' no-such-option
}

# covers: config mounts.options.tmpcopyup
@test "tmpcopyup: the tmpfs starts with the image's files" {
	mkdir -p "$B/rootfs/seed/sub"
	echo one >"$B/rootfs/seed/sub/file"
	ln -s sub/file "$B/rootfs/seed/link"
	edit_config "$B" '.mounts += [{destination: "/seed", source: "tmpfs", type: "tmpfs", options: ["tmpcopyup", "ro"]}]'
	set_args "$B" /bin/sh -c 'cat /seed/link; ! touch /seed/x 2>/dev/null'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output "one"
}

# covers: config mounts.options.tmpcopyup
@test "tmpcopyup: mode= counts, not the mode of what is covered" {
	mkdir -m 0750 "$B/rootfs/seed"
	edit_config "$B" '.mounts += [{destination: "/seed", source: "tmpfs", type: "tmpfs", options: ["tmpcopyup"]},
		{destination: "/made", source: "tmpfs", type: "tmpfs", options: ["tmpcopyup", "mode=700"]}]'
	set_args "$B" /bin/sh -c 'stat -c %a /seed /made'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'1777\n700'
}

# covers: config mounts.destination
@test "a mount point that is a link out of the root stays inside" {
	mkdir "$T/outside" "$T/data"
	touch "$T/data/mark"
	ln -s "$T/outside" "$B/rootfs/abs"
	ln -s ../../../../../../../../../.."$T/outside" "$B/rootfs/rel"
	edit_config "$B" '.mounts += [
		{destination: "/abs", source: $d, options: ["bind"]}, {destination: "/rel/x", source: $d, options: ["bind"]}]' --arg d "$T/data"
	set_args "$B" /bin/sh -c "ls $T/outside $T/outside/x"
	run sandlock run --bundle "$B" c
	assert_success
	assert_output_has mark
	[ -z "$(ls -A "$T/outside")" ]
}

@test "an error names the mount" {
	edit_config "$B" '.mounts += [{destination: "/t", source: "/no/such", options: ["bind"]}]'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has '`/no/such`' '`/t`' "No such file or directory"
	edit_config "$B" '.mounts[-1] = {destination: "/t", source: "tmpfs", type: "tmpfs", options: ["size=many"]}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has "size"
}

# covers: config linux.maskedPaths, config linux.readonlyPaths
@test "masked and read-only paths; nothing of the host's mounts is left" {
	edit_config "$B" '.linux.maskedPaths = ["/proc/keys", "/proc/acpi", "/etc/passwd", "/no/such"] | .linux.readonlyPaths = ["/proc/sys", "/etc"]'
	set_script "$B" <<-'END'
		cat /etc/passwd
		if touch /etc/x 2>/dev/null; then exit 9; fi
		if echo x 2>/dev/null >/proc/sys/kernel/hostname; then exit 9; fi
		if grep -v -e ' /proc' -e ' /dev' -e ' /sys' -e ' /etc' -e ' / ' /proc/self/mountinfo; then exit 9; fi
	END
	run sandlock run --bundle "$B" c
	assert_success
	assert_output ""
}

# covers: config root.readonly, config process.cwd
@test "root.readonly" {
	edit_config "$B" '.root.readonly = true | .process.cwd = "/made/for/it"'
	set_args "$B" /bin/sh -c 'pwd; ! touch /x 2>/dev/null'
	run sandlock run --bundle "$B" c
	assert_success
	assert_output /made/for/it
}

# covers: config linux.devices, config default devices, config links of /dev
@test "default devices, links and a device of config.json" {
	edit_config "$B" '.linux.devices = [{path: "/dev/my/pipe", type: "p", fileMode: 384}]'
	set_script "$B" <<-'END'
		for d in null zero full random urandom tty; do [ -c /dev/$d ]; done
		for l in fd stdin stdout stderr ptmx; do [ -L /dev/$l ]; done
		echo x >/dev/null
		[ "$(head -c 3 /dev/zero | wc -c)" = 3 ]
		[ -p /dev/my/pipe ]
		stat -c %a /dev/my/pipe
	END
	run sandlock run --bundle "$B" c
	assert_success
	assert_output 600
}

# as_host COMMAND...: with a /dev that may be spoiled, in place of the host's.
as_host() {
	mkdir "$T/dev"
	unshare --mount --propagation slave bash -ec '
		mount -t tmpfs dev "$1"
		for d in null zero full random urandom tty ptmx fuse; do [ ! -e /dev/$d ] || cp -a /dev/$d "$1"; done
		mkdir "$1/pts" "$1/shm"
		mount --move "$1" /dev
		find /dev | sort >"$2/before"
		shift
		"${@:2}" || exit
		find /dev | sort | diff "$1/before" - >&2
		[ ! -L /dev/ptmx ]' bash "$T/dev" "$T" "$@"
}

# covers: config links of /dev
@test "a /dev of the host's is left as it is, whichever way it came in" {
	requires_root
	set_args "$B" /bin/sh -c 'test -c /dev/ptmx && test ! -L /dev/ptmx && test ! -e /dev/fd'
	cp "$B/config.json" "$T/config"
	edit_config "$B" '.mounts = [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind"]}]
		| .linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 5}]'
	run as_host "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_success
	rmdir "$T/dev"
	# bound before the runtime was called
	cp "$T/config" "$B/config.json"
	edit_config "$B" '.mounts = []'
	run as_host sh -ec 'mount --bind /dev "$0/rootfs/dev"; exec "$@"' "$B" "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$B" c
	assert_success
}

# covers: command create+run --no-pivot
@test "--no-pivot hides the host's root as well" {
	set_args "$B" /bin/sh -c 'ls / | grep -c rootfs; wc -l </proc/self/mountinfo'
	run sandlock run --bundle "$B" --no-pivot c
	assert_success
	[ "${lines[0]}" = 0 ]
}

# idmapped mounts of $T; the only way to know is to try
requires_idmapped_mounts() {
	[[ $output != *"does not support idmapped mounts"* ]] || skip "host: the file system of $T cannot be mounted idmapped"
}

# covers: config mounts.uidMappings
# covers: config mounts.gidMappings
# covers: config mounts.options.idmap
@test "idmap: owners of a bind mount by its own mappings, in both directions" {
	requires_root
	mkdir "$T/data"
	touch "$T/data/file"
	chown 1000:2000 "$T/data" "$T/data/file"
	edit_config "$B" '.mounts += [{destination: "/d", source: $d, type: "bind", options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 0, size: 10}], gidMappings: [{containerID: 2000, hostID: 0, size: 10}]}]' --arg d "$T/data"
	set_args "$B" /bin/sh -c 'stat -c %u:%g /d/file; touch /d/made'
	run sandlock run --bundle "$B" c
	requires_idmapped_mounts
	assert_success
	assert_output 0:0
	[ "$(stat -c %u:%g "$T/data/made")" = 1000:2000 ]
}

# covers: config mounts.options.idmap
@test "idmap: by the container's user namespace, by text, read-only" {
	requires_root
	mkdir "$T/data"
	touch "$T/data/file"
	map_root "$B"
	chown 7:8 "$T/data" "$T/data/file"
	edit_config "$B" '.mounts += [{destination: "/d", source: $d, options: ["bind", "idmap", "ro"]},
		{destination: "/e", source: $d, options: ["bind", "idmap=uids=7-@9-1;gids=8-300077-1"]},
		{destination: "/f", source: $d, options: ["bind", "idmap=uids=@7-9-1;gids=8-300077-1"]}]' --arg d "$T/data"
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has '`7-@9-1` is not FROM-TO-LENGTH'
	edit_config "$B" 'del(.mounts[-2])'
	set_args "$B" /bin/sh -c 'stat -c %u:%g /d/file /f/file; ! touch /d/x 2>/dev/null'
	run sandlock run --bundle "$B" c
	requires_idmapped_mounts
	assert_success
	assert_output $'7:8\n9:77'
}

# covers: config mounts.options.ridmap
@test "ridmap: mounts below are idmapped too, with idmap they are not" {
	requires_root
	mkdir -p "$T/top/below"
	mount -t tmpfs none "$T/top/below"
	touch "$T/top/below/file"
	chown 1000:1000 "$T/top/below/file"
	edit_config "$B" '.mounts += [{destination: "/d", source: $d, options: ["rbind", "ridmap"],
		uidMappings: [{containerID: 1000, hostID: 0, size: 10}], gidMappings: [{containerID: 1000, hostID: 0, size: 10}]}]' --arg d "$T/top"
	set_args "$B" /bin/sh -c 'stat -c %u:%g /d/below/file'
	run sandlock run --bundle "$B" c
	first=$output
	edit_config "$B" '.mounts[-1].options[1] = "idmap"'
	run sandlock run --bundle "$B" c
	umount "$T/top/below"
	requires_idmapped_mounts
	assert_success
	assert_output 1000:1000
	[ "$first" = 0:0 ] || [[ $first == *"does not support idmapped mounts"* ]]
}

@test "idmap and copy-on-write: guarded calls on such a mount give the ids that the mount says" {
	requires_root
	mkdir "$T/data"
	echo text >"$T/data/file"
	chown 1000:2000 "$T/data" "$T/data/file"
	edit_config "$B" '.mounts += [{destination: "/d", source: $d, type: "bind", options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 0, size: 10}], gidMappings: [{containerID: 2000, hostID: 0, size: 10}]}] |
		(.process.capabilities | .bounding, .effective, .permitted) += ["CAP_CHOWN"]' --arg d "$T/data"
	set_args "$B" /bin/sh -ec 'echo more >>/d/file; cat /d/file; chmod 0640 /d/file; chown 3:4 /d/file; touch /d/made; chown 5 /d/made; stat -c "%u:%g %a" /d/file /d/made'
	run sandlock run --cow=on --bundle "$B" c
	requires_idmapped_mounts
	assert_success
	assert_output $'text\nmore\n3:4 640\n5:0 644'
	[ "$(stat -c %u:%g "$T/data/file" "$T/data/made")" = $'1003:2004\n1005:2000' ]
}

# covers: config mounts.options.idmap
@test "idmap: a user is told that it needs root" {
	requires_user
	mkdir "$T/data"
	edit_config "$B" '.mounts += [{destination: "/d", source: $d, options: ["bind", "idmap"]}]' --arg d "$T/data"
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has '`/d`' "an idmapped mount needs root on the host"
}

# covers: config mounts.options.recursive
@test "recursive flags reach the mounts below, the plain ones do not" {
	requires_root
	mkdir -p "$T/top/below"
	mount -t tmpfs none "$T/top/below"
	edit_config "$B" '.mounts += [
		{destination: "/r", source: $d, options: ["rbind", "rnosuid", "rnodev", "rnoexec", "rnoatime", "rnodiratime", "rnosymfollow"]},
		{destination: "/p", source: $d, options: ["rbind", "nosuid", "nodev", "noexec"]},
		{destination: "/u", source: $d, options: ["rbind", "rstrictatime", "rsuid", "rrw"]}]' --arg d "$T/top"
	set_args "$B" /bin/sh -c 'for m in r p u; do grep " /$m/below " /proc/self/mountinfo | cut -d" " -f6; done'
	run sandlock run --bundle "$B" c
	umount "$T/top/below"
	assert_success
	assert_output $'rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow\nrw,relatime\nrw'
}

# covers: config mounts.options.flags
@test "a read-only tmpfs takes the mounts, devices and links that belong in it" {
	edit_config "$B" '(.mounts[] | select(.destination == "/dev").options) += ["ro"]
		| .mounts += [{destination: "/t", type: "tmpfs", source: "t", options: ["ro"]}, {destination: "/t/below", type: "tmpfs", source: "b"},
			{destination: "/w", type: "tmpfs", source: "w", options: ["ro"]}, {destination: "/w", options: ["remount", "bind", "rw"]}]'
	set_script "$B" <<-'END'
		ls -d /dev/pts/ptmx /dev/null /dev/fd
		echo x >/dev/null
		touch /t/below/x /w/x
		for d in /dev /t; do touch $d/x 2>/dev/null && exit 1; done
		exit 0
	END
	run sandlock run --bundle "$B" c
	assert_success
	assert_output $'/dev/fd\n/dev/null\n/dev/pts/ptmx'
	edit_config "$B" '.process.terminal = true'
	requires_command script
	run script -qec "$SANDLOCK_OCI --root $(state_root) run --bundle $B c" /dev/null
	assert_success
}

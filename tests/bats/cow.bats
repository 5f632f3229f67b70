#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers with a copy-on-write root, from the outside: as root, as a user with and without subordinate ids.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# All subordinate ids instead of the one that `spec --rootless` maps: without a user namespace in config.json the runtime makes that itself.
map_all_ids() { # BUNDLE
	edit_config "$1" 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
}

no_supervisor_of() { # BUNDLE
	[ -z "$(container_processes)" ] && [ -z "$(find "$1" -maxdepth 1 -name '.sandlock-cow-*')" ]
}

# A bundle whose script changes things in all ways that matter; snapshot of its image in $T/before.
changing_bundle() {
	BUNDLE=$(make_bundle)
	set_script "$BUNDLE" <<-'END'
		echo more >>/etc/motd
		rm /bin/ls
		mkdir /new
		echo text >/new/file
		chmod 0700 /var/lib
		mv /etc/group /etc/group.moved
		ln -s motd /etc/link
	END
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
}

expected_diff() {
	cat <<-'END'
		A /etc/group.moved
		A /etc/link
		A /new
		A /new/file
		C /etc/motd
		C /var/lib
		D /bin/ls
		D /etc/group
	END
}

changes_are_seen_and_the_image_is_not_touched() {
	changing_bundle
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	wait_for 10 is_status c stopped
	sandlock diff c | sort >"$T/diff"
	diff <(expected_diff) "$T/diff"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
	sandlock delete c
	wait_for 5 no_supervisor_of "$BUNDLE"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "whoever runs it: changes are seen, diff lists them, delete removes them, the image is untouched" {
	[ "$(id -u)" = 0 ] || requires_userns
	changes_are_seen_and_the_image_is_not_touched
}

@test "as a user with subordinate ids" {
	requires_test_users
	AS=$TEST_USER
	changes_are_seen_and_the_image_is_not_touched
}

@test "as a user with a single id" {
	requires_test_users
	AS=$NOSUB_USER
	changes_are_seen_and_the_image_is_not_touched
}

@test "files of subordinate ids: changed by their owners inside, removed by delete" {
	requires_test_users
	AS=$TEST_USER
	BUNDLE=$(make_bundle)
	echo original >"$BUNDLE/rootfs/home/theirs"
	chmod 0600 "$BUNDLE/rootfs/home/theirs"
	give_to "$AS" "$BUNDLE/rootfs"
	local sub
	sub=$(awk -F: -v u="$AS" '$1 == u { print $2; exit }' /etc/subuid)
	chown "$((sub + 999)):$((sub + 999))" "$BUNDLE/rootfs/home/theirs" "$BUNDLE/rootfs/home"
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	map_all_ids "$BUNDLE"
	edit_config "$BUNDLE" '.process.user = {uid: 1000, gid: 1000}'
	set_script "$BUNDLE" <<-'END'
		echo changed >/home/theirs
		mkdir -m 0700 /home/private
		echo x >/home/private/x
		if echo y >/etc/motd; then exit 9; fi
		if chmod 0777 /etc/motd; then exit 10; fi
		cat /home/theirs
	END
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output_has changed
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
	no_supervisor_of "$BUNDLE"
}

@test "an image of real root, shared by all users: ids are shifted, files copied" {
	requires_test_users
	AS=$TEST_USER
	local image=$T/image
	cp -a "$(shared_busybox_root)" "$image"
	chown -hR 0:0 "$image"
	chown 1000:1000 "$image/home"
	snapshot_tree "$image" >"$T/before"
	BUNDLE=$(make_bundle "$T/bundle" "$image")
	map_all_ids "$BUNDLE"
	edit_config "$BUNDLE" '(.process.capabilities | .bounding, .effective, .permitted) += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"]'
	set_script "$BUNDLE" <<-'END'
		stat -c %u:%g /etc/motd /home
		echo more >>/etc/motd
		chown 12:34 /etc/motd
	END
	run sandlock run --bundle "$BUNDLE" c
	assert_success
	assert_output_has 0:0 1000:1000
	assert_tree_unchanged "$T/before" "$image"
}

@test "exec: a process that joins later is guarded too" {
	changing_bundle
	set_args "$BUNDLE" sleep 100
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	run sandlock exec c sh -c 'echo more >>/etc/motd; cat /etc/motd'
	assert_success
	assert_output_has more
	run sandlock exec c sh -c 'chmod 0600 /etc/motd; tail -n 1 /etc/motd; stat -c %a /etc/motd'
	assert_success
	assert_output_has more 600
	run sandlock diff c
	assert_output 'C /etc/motd'
	sandlock delete --force c
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
	wait_for 5 no_supervisor_of "$BUNDLE"
}

@test "every way to write, in a container: as in a plain copy of the image" {
	local probe=${top_builddir:-$HELPERS_DIR/../..}/tests/guard/guard-probe
	requires_root
	[ -x "$probe" ] || { echo "build it first: make tests/guard/guard-probe" >&2; return 1; }
	BUNDLE=$(make_bundle)
	cp "$probe" "$BUNDLE/rootfs/guard-probe"
	"$BUNDLE/rootfs/guard-probe" make "$BUNDLE/rootfs/p"
	cp -a "$BUNDLE" "$T/native"
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	edit_config "$BUNDLE" '(.process.capabilities[]) += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT"] | .process.capabilities.ambient = [] | .process.capabilities.inheritable = [] | .process.rlimits = []'
	set_args "$BUNDLE" /guard-probe run /p
	cp "$BUNDLE/config.json" "$T/native/config.json"
	sandlock run --cow=on --bundle "$BUNDLE" c >"$T/cow.log"
	sandlock run --cow=off --bundle "$T/native" n >"$T/native.log"
	[ "$(wc -l <"$T/cow.log")" -gt 100 ]
	diff "$T/native.log" "$T/cow.log"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "auto: on when the root is not writable for the container's root, off when it is" {
	requires_test_users
	AS=$TEST_USER
	BUNDLE=$(make_bundle)
	set_args "$BUNDLE" touch /touched
	sandlock run --bundle "$BUNDLE" c
	[ -e "$BUNDLE/rootfs/touched" ]
	rm "$BUNDLE/rootfs/touched"
	chown -hR 0:0 "$BUNDLE/rootfs"
	sandlock run --bundle "$BUNDLE" c
	[ ! -e "$BUNDLE/rootfs/touched" ]
	run sandlock run --cow=off --bundle "$BUNDLE" c
	assert_failure
	[ ! -e "$BUNDLE/rootfs/touched" ]
}

@test "annotation and environment decide, the option wins" {
	BUNDLE=$(make_bundle)
	[ "$(id -u)" = 0 ] || requires_userns
	set_args "$BUNDLE" touch /touched
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow"] = "on"'
	sandlock run --bundle "$BUNDLE" c
	[ ! -e "$BUNDLE/rootfs/touched" ]
	sandlock run --cow=off --bundle "$BUNDLE" c
	[ -e "$BUNDLE/rootfs/touched" ]
	rm "$BUNDLE/rootfs/touched"
	edit_config "$BUNDLE" 'del(.annotations)'
	SANDLOCK_COW=on sandlock run --bundle "$BUNDLE" c
	[ ! -e "$BUNDLE/rootfs/touched" ]
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow"] = "perhaps"'
	run sandlock run --bundle "$BUNDLE" c
	assert_failure
	assert_output_has run.sandlock.cow perhaps
}

@test "each way of sharing: link, reflink, copy" {
	[ "$(id -u)" = 0 ] || requires_userns
	local share
	changing_bundle
	for share in link reflink copy auto; do
		edit_config "$BUNDLE" '.annotations["run.sandlock.cow.share"] = $share' --arg share "$share"
		sandlock create --cow=on --bundle "$BUNDLE" "c-$share"
		sandlock start "c-$share"
		wait_for 10 is_status "c-$share" stopped
		sandlock diff "c-$share" | sort >"$T/diff"
		diff <(expected_diff) "$T/diff"
		sandlock delete "c-$share"
		assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
	done
}

@test "a store on another file system: copied, not linked" {
	requires_root
	changing_bundle
	mkdir "$T/tmpfs"
	mount -t tmpfs none "$T/tmpfs"
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow.dir"] = $dir' --arg dir "$T/tmpfs/store"
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	wait_for 10 is_status c stopped
	sandlock diff c | sort >"$T/diff"
	[ -d "$T/tmpfs/store/root" ]
	sandlock delete c
	[ ! -e "$T/tmpfs/store" ]
	umount "$T/tmpfs"
	diff <(expected_diff) "$T/diff"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "keep: delete leaves the store, a second container on it is refused" {
	[ "$(id -u)" = 0 ] || requires_userns
	changing_bundle
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow.keep"] = "keep"'
	sandlock run --cow=on --bundle "$BUNDLE" c
	[ -e "$BUNDLE/.sandlock-cow-c/root/new/file" ]
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_failure
	[ -e "$BUNDLE/.sandlock-cow-c/root/new/file" ]
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "several lowers below root.path, uppermost first, with whiteouts" {
	requires_root
	mkdir -p "$T/upper/etc" "$T/upper/opt"
	echo upper >"$T/upper/etc/motd"
	mknod "$T/upper/etc/group" c 0 0
	mkdir -p "$T/middle/etc"
	echo middle | tee "$T/middle/etc/motd" >"$T/middle/etc/middle"
	BUNDLE=$(make_bundle "$T/bundle" "$T/upper")
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow.lower"] = $lower' --arg lower "$T/middle:$(shared_busybox_root)"
	set_script "$BUNDLE" <<-'END'
		cat /etc/motd /etc/middle
		[ ! -e /etc/group ]
		[ -d /opt ]
		[ -x /bin/busybox ]
		echo more >>/etc/motd
	END
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output $'upper\nmiddle'
	[ "$(cat "$T/upper/etc/motd")" = upper ]
}

@test "two containers of one image do not see each other's changes" {
	[ "$(id -u)" = 0 ] || requires_userns
	BUNDLE=$(make_bundle)
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	set_args "$BUNDLE" sleep 100
	sandlock create --cow=on --bundle "$BUNDLE" a
	sandlock create --cow=on --bundle "$BUNDLE" b
	sandlock start a
	sandlock start b
	sandlock exec a sh -c 'echo a >>/etc/motd; echo a >/bin/busybox-new'
	sandlock exec b sh -c 'echo b >>/etc/motd'
	run sandlock exec a tail -n 1 /etc/motd
	assert_output a
	run sandlock exec b tail -n 1 /etc/motd
	assert_output b
	run sandlock exec b ls /bin/busybox-new
	assert_failure
	sandlock delete --force a
	run sandlock exec b tail -n 1 /etc/motd
	assert_output b
	sandlock delete --force b
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "a create that fails leaves no live root, no supervisor, no state" {
	[ "$(id -u)" = 0 ] || requires_userns
	BUNDLE=$(make_bundle)
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	set_args "$BUNDLE" /no/such/program
	run sandlock create --cow=on --bundle "$BUNDLE" c
	assert_failure
	assert_output_has 'no such file or directory'
	wait_for 5 no_supervisor_of "$BUNDLE"
	run sandlock state c
	assert_failure
	set_args "$BUNDLE" /bin/true
	edit_config "$BUNDLE" '.mounts += [{destination: "/x", type: "nonsense", source: "none"}]'
	run sandlock create --cow=on --bundle "$BUNDLE" c
	assert_failure
	assert_output_has /x
	wait_for 5 no_supervisor_of "$BUNDLE"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "kill of everything inside: the supervisor goes by itself" {
	[ "$(id -u)" = 0 ] || requires_userns
	BUNDLE=$(make_bundle)
	set_args "$BUNDLE" sleep 100
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	sandlock kill c KILL
	wait_for 10 is_status c stopped
	wait_for 5 no_container_processes
	sandlock delete c
	[ -z "$(find "$BUNDLE" -maxdepth 1 -name '.sandlock-cow-*')" ]
}

@test "a readonly root stays readonly with copy-on-write" {
	[ "$(id -u)" = 0 ] || requires_userns
	BUNDLE=$(make_bundle)
	edit_config "$BUNDLE" '.root.readonly = true'
	set_script "$BUNDLE" <<-'END'
		if echo x >>/etc/motd; then exit 9; fi
		if chmod 0700 /etc/motd; then exit 10; fi
		if touch /new; then exit 11; fi
		if truncate -s 0 /etc/motd; then exit 12; fi
		echo finished
	END
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output_has 'Read-only file system' finished
}

@test "a profile of config.json is on top: what it denies never reaches the supervisor" {
	[ "$(id -u)" = 0 ] || requires_userns
	BUNDLE=$(make_bundle)
	edit_config "$BUNDLE" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod", "fchmodat", "fchmodat2"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	set_script "$BUNDLE" <<-'END'
		if chmod 0700 /etc/motd; then exit 9; fi
		echo x >>/etc/motd
		tail -n 1 /etc/motd
	END
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output_has 'not implemented' x
}

# Some devices (tun) belong to the network namespace of whoever opens them, and the supervisor opens for the container.
@test "the supervisor is in the network namespace that the container joins by path" {
	requires_root
	local holder theirs
	BUNDLE=$(make_bundle)
	unshare -n sleep 60 3>&- &
	holder=$!
	wait_for 5 test "$(readlink /proc/self/ns/net)" != "$(readlink /proc/$holder/ns/net)"
	theirs=$(readlink "/proc/$holder/ns/net")
	edit_config "$BUNDLE" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: $path}])' --arg path "/proc/$holder/ns/net"
	sandlock create --cow=on --bundle "$BUNDLE" c
	[ "$(readlink "/proc/$(jq -r '."supervisor-pid"' "$(state_root)/c/status")/ns/net")" = "$theirs" ]
	kill "$holder"
	sandlock delete --force c
}

@test "create fails while the live root is being made: nothing is left" {
	requires_root
	BUNDLE=$(make_bundle)
	(cd "$BUNDLE/rootfs" && mkdir many && cd many && seq -f 'file-%g' 3000 | xargs touch)
	edit_config "$BUNDLE" '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 100, deadline: 10, period: 10}'
	run sandlock create --cow=on --bundle "$BUNDLE" c
	assert_failure
	assert_output_has "process.scheduler: set the policy SCHED_DEADLINE"
	[ "$(status_of c)" = gone ]
	wait_for 5 no_supervisor_of "$BUNDLE"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# prepare: spare roots, taken by create, filled again in the background; and the removal of big roots.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

pool() {
	echo "$T/bundle/.sandlock-spare-rootfs"
}

# spares: how many are ready
spares() {
	find "$(pool)" -mindepth 2 -maxdepth 2 -name 'spare-*' 2>/dev/null | wc -l
}

has_spares() {
	[ "$(spares)" = "$1" ]
}

# Nothing that somebody works on: no store being made or removed.
is_idle() {
	[ -z "$(find "$T" -name 'new' -path '*spare*' -o -name '.sandlock-trash-*' 2>/dev/null)" ]
}

spare_inode() {
	stat -c %i "$(pool)"/*/spare-"$1"/root
}

# create_with_inode BUNDLE ID INODE: the container's root is that one
create_with_inode() {
	sandlock create --cow=on --bundle "$1" "$2"
	[ "$(stat -c %i "$1/.sandlock-cow-$2/root")" = "$3" ]
}

# The life of spare roots, as AS: taken, used, filled again, removed.
life() {
	bundle=$(make_bundle)
	set_script "$bundle" <<-'END'
		cat /etc/motd
		echo changed >>/bin/busybox.note
		echo changed >/etc/motd
		rm /bin/true
	END
	snapshot_tree "$bundle/rootfs" >"$T/before"
	sandlock prepare --spare 2 --bundle "$bundle"
	has_spares 2
	is_idle
	ready=" $(spare_inode 0) $(spare_inode 1) "
	sandlock create --cow=on --bundle "$bundle" c
	[[ $ready == *" $(stat -c %i "$bundle/.sandlock-cow-c/root") "* ]]
	sandlock start c
	wait_for 10 is_status c stopped
	run sandlock diff c
	assert_success
	assert_output_has "C /etc/motd" "D /bin/true" "A /bin/busybox.note"
	sandlock delete c
	[ ! -e "$bundle/.sandlock-cow-c" ]
	wait_for 10 has_spares 2
	wait_for 10 is_idle
	sandlock prepare --spare 0 --bundle "$bundle"
	[ ! -e "$(pool)" ]
	assert_tree_unchanged "$T/before" "$bundle/rootfs"
}

# covers: command prepare, command prepare --bundle --spare
@test "whoever runs it: a spare root is taken, used, removed, and another is made" {
	life
}

@test "as a user with subordinate ids" {
	requires_root
	ensure_test_users
	requires_userns "$TEST_USER"
	AS=$TEST_USER
	life
}

@test "as a user with a single id" {
	requires_root
	ensure_test_users
	requires_userns "$NOSUB_USER"
	AS=$NOSUB_USER
	life
}

# The store's place is made by root then, who alone may write to the bundle.
@test "root, with ids of the container's own: the spare root is taken into the place that create has made" {
	requires_root
	bundle=$(make_bundle)
	map_root "$bundle"
	sandlock prepare --bundle "$bundle"
	create_with_inode "$bundle" c "$(spare_inode 0)"
	set -- "$bundle"/.sandlock-cow-c
	[ "$(stat -c %u "$1")" = 300000 ]
	sandlock delete --force c
	[ ! -e "$1" ]
	wait_for 10 has_spares 1
	wait_for 10 is_idle
	set_args "$bundle" sh -c 'echo mine >/etc/motd; cat /etc/motd'
	run sandlock run --cow=on --bundle "$bundle" c
	assert_output mine
	[ "$(cat "$bundle/rootfs/etc/motd")" = "hello from the image" ]
	wait_for 10 is_idle
	sandlock prepare --spare 0 --bundle "$bundle"
	[ ! -e "$(pool)" ]
}

@test "create takes the very root that was prepared, by rename" {
	bundle=$(make_bundle)
	sandlock prepare --bundle "$bundle"
	create_with_inode "$bundle" c "$(spare_inode 0)"
	sandlock delete --force c
	wait_for 10 has_spares 1
	# and without one it makes its own
	sandlock prepare --spare 0 --bundle "$bundle"
	sandlock create --cow=on --bundle "$bundle" c
	[ -x "$bundle/.sandlock-cow-c/root/bin/busybox" ]
	sandlock delete --force c
}

@test "an image instead of a bundle: for containers that have it as their root" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.root.path = $root' --arg root "$bundle/rootfs"
	# as a user: the ids of the bundle are those that prepare takes by itself
	as "${AS:-}" "$SANDLOCK_OCI" prepare "$bundle/rootfs"
	has_spares 1
	[ "$(id -u)" != 0 ] || create_with_inode "$bundle" c "$(spare_inode 0)"
	[ "$(id -u)" != 0 ] || sandlock delete --force c
	cd "$bundle"
	wait_for 10 has_spares 1
	"$SANDLOCK_OCI" prepare --spare 0 rootfs
	[ ! -e "$(pool)" ]
}

@test "an image that has changed since: the spare is not used, and replaced" {
	bundle=$(make_bundle)
	set_args "$bundle" cat /etc/later
	sandlock prepare --bundle "$bundle"
	inode=$(spare_inode 0)
	sleep 0.1
	echo "a new file" >"$bundle/rootfs/etc/later"
	run sandlock run --cow=on --bundle "$bundle" c
	assert_success
	assert_output "a new file"
	wait_for 10 has_spares 1
	wait_for 10 is_idle
	create_with_inode "$bundle" c "$(spare_inode 0)"
	[ -e "$bundle/.sandlock-cow-c/root/etc/later" ]
	sandlock delete --force c
}

# covers: command prepare --pool
@test "the annotation: another place, or off" {
	bundle=$(make_bundle)
	edit_config "$bundle" '.annotations["run.sandlock.cow.spare"] = "pool"'
	sandlock prepare --bundle "$bundle"
	inode=$(stat -c %i "$bundle"/pool/*/spare-0/root)
	create_with_inode "$bundle" c "$inode"
	sandlock delete --force c
	wait_for 10 test -e "$(echo "$bundle"/pool/*)/spare-0"
	edit_config "$bundle" '.annotations["run.sandlock.cow.spare"] = "off"'
	run sandlock prepare --bundle "$bundle"
	assert_failure 1
	assert_output_has "no place for spare roots"
	edit_config "$bundle" '.annotations["run.sandlock.cow.spare"] = "rootfs/pool"'
	run sandlock create --cow=on --bundle "$bundle" c
	assert_failure 1
	assert_output_has "run.sandlock.cow.spare" "inside the lower"
}

@test "many creates at once, few spares: each container has a root of its own" {
	bundle=$(make_bundle)
	set_script "$bundle" <<<'cat /etc/motd; echo mine >/etc/motd; cat /etc/motd'
	sandlock prepare --spare 2 --bundle "$bundle"
	pids=()
	for i in 1 2 3 4 5 6; do
		sandlock run --cow=on --bundle "$bundle" "c$i" >"$T/out-$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4 5 6; do
		[ "$(cat "$T/out-$i")" = $'hello from the image\nmine' ]
	done
	wait_for 10 has_spares 2
	wait_for 10 is_idle
	[ "$(cat "$bundle/rootfs/etc/motd")" = "hello from the image" ]
}

@test "a pool that is not ours alone is not used" {
	bundle=$(make_bundle)
	sandlock prepare --bundle "$bundle"
	chmod 0777 "$(pool)"
	inode=$(spare_inode 0)
	sandlock create --cow=on --bundle "$bundle" c
	[ "$(stat -c %i "$bundle/.sandlock-cow-c/root")" != "$inode" ]
	sandlock delete --force c
	run sandlock prepare --bundle "$bundle"
	assert_failure 1
	assert_output_has "spare roots" "Operation not permitted"
	chmod 0700 "$(pool)"
	sandlock prepare --spare 0 --bundle "$bundle"
}

# covers: command prepare --share
@test "mistakes are named" {
	run sandlock prepare
	assert_failure 1
	assert_output_has "IMAGE or --bundle"
	bundle=$(make_bundle)
	run sandlock prepare --share copy --bundle "$bundle"
	assert_failure 1
	assert_output_has "--share"
	run sandlock prepare --share what "$bundle/rootfs"
	assert_failure 1
	assert_output_has "run.sandlock.cow.share" "what"
	run sandlock prepare "$T/nowhere"
	assert_failure 1
	assert_output_has "nowhere" "does not exist"
}

@test "delete of a big root: its name is free at once, and soon nothing is left" {
	bundle=$(make_bundle)
	mkdir "$bundle/rootfs/many"
	(cd "$bundle/rootfs/many" && for i in $(seq 50); do mkdir "$i" && for j in $(seq 100); do echo x >"$i/$j"; done; done)
	set_script "$bundle" <<<'rm -r /many/1; chmod 0 /many/2; mkdir -p /many/3/a/b; chmod 0555 /many/3'
	sandlock run --cow=on --bundle "$bundle" c
	[ ! -e "$bundle/.sandlock-cow-c" ]
	# the same id again, whether or not the other root is still being removed
	sandlock run --cow=on --bundle "$bundle" c
	wait_for 20 is_idle
	[ "$(find "$bundle" -maxdepth 1 -name '.sandlock*')" = "" ]
	[ "$(find "$bundle/rootfs/many" -type f | wc -l)" = 5000 ]
}

@test "what a killed removal has left goes with the next one" {
	bundle=$(make_bundle)
	mkdir "$bundle/rootfs/many"
	for i in $(seq 400); do echo x >"$bundle/rootfs/many/$i"; done
	sandlock create --cow=on --bundle "$bundle" c
	edit_config "$bundle" '.annotations["run.sandlock.cow.keep"] = "keep"'
	sandlock create --cow=on --bundle "$bundle" kept
	sandlock delete --force kept
	as "${AS:-}" mv "$bundle/.sandlock-cow-kept" "$bundle/.sandlock-trash-0000000000000000"
	sandlock delete --force c
	wait_for 10 is_idle
	[ "$(find "$bundle" -maxdepth 1 -name '.sandlock*')" = "" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# commit: the changes of a container applied to a directory or written as an upper directory of overlayfs; --cow-keep and --dry-run.

load helpers

setup() {
	[ "$(id -u)" = 0 ] || { requires_userns; requires_subids; }
	setup_sandlock
}

teardown() {
	umount "$T/merged" 2>/dev/null || true
	teardown_sandlock
}

changing_bundle() {
	bundle=$(make_bundle)
	set_script "$bundle" <<-'EOS'
		echo more >>/etc/motd
		rm /etc/group
		rm -r /home && echo file >/home
		rm /bin/wget && mkdir -m 0750 /bin/wget && echo x >/bin/wget/in
		mkdir -p /new/deep
		echo content >/new/file
		chmod 4750 /new/file
		ln /new/file /new/deep/hard
		ln -s /nowhere /new/dangling
		mkfifo -m 0640 /new/fifo
		truncate -s 3M /new/sparse
		mv /var/lib /var/moved
		chmod 0711 /var/log
	EOS
	live=$bundle/.sandlock-cow-c/root
}

changed_container() {
	changing_bundle
	sandlock run --keep --cow --bundle "$bundle" c
}

# Equal trees, seen by whoever may read both.
assert_same_tree() {
	touch -d @1 "$1" "$2"
	snapshot_tree "$1" >"$T/want"
	assert_tree_unchanged "$T/want" "$2"
}

# covers: command commit, command commit --to
@test "a copy of the image becomes what the container's root is" {
	changed_container
	cp -a "$bundle/rootfs" copy
	sandlock commit --to copy c
	assert_same_tree "$live" copy
	[ copy/new/file -ef copy/new/deep/hard ]
	[ "$(stat -c %b copy/new/sparse)" -lt 100 ]
	refute [ copy/etc/motd -ef "$live/etc/motd" ]
	# again: nothing to do, nothing new
	ino=$(stat -c %i copy/etc/motd)
	sandlock commit --to copy c
	assert_same_tree "$live" copy
	[ "$(stat -c %i copy/etc/motd)" = "$ino" ]
	[ ! -e copy/.sandlock-commit ]
}

@test "the image itself, while others use it" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'echo one >>/etc/motd; rm /etc/group'
	sandlock run --keep --cow --bundle "$bundle" c
	sandlock create --cow --bundle "$bundle" other
	cp "$bundle/rootfs/etc/motd" before
	sandlock commit --to "$bundle/rootfs" c
	grep -q one "$bundle/rootfs/etc/motd"
	[ ! -e "$bundle/rootfs/etc/group" ]
	# the other container has the old files
	cmp before "$bundle/.sandlock-cow-other/root/etc/motd"
	[ -e "$bundle/.sandlock-cow-other/root/etc/group" ]
	[ "$(sandlock diff c)" = "" ]
}

# covers: command commit --force
@test "what somebody else has changed is reported, and nothing is committed" {
	changed_container
	cp -a "$bundle/rootfs" copy
	echo theirs >copy/etc/motd
	echo theirs >copy/var/lib/theirs
	cp -a copy before
	run sandlock commit --to copy c
	assert_failure 1
	assert_output_has "nothing was committed" "/etc/motd: was modified" "/var/lib: has something in it" "--force"
	snapshot_tree before >before.txt
	assert_tree_unchanged before.txt copy
	sandlock commit --force --to copy c
	assert_same_tree "$live" copy
}

@test "a directory that is not the image is refused" {
	changed_container
	mkdir -p other/etc
	echo other >other/etc/motd
	touch -d 2001-01-01 other/etc/motd
	run sandlock commit --to other c
	assert_failure 1
	assert_output_has "/etc/motd: is not the image's"
	[ "$(cat other/etc/motd)" = other ]
	[ "$(ls -A other)" = etc ]
}

@test "one commit at a time" {
	changed_container
	cp -a "$bundle/rootfs" copy
	flock copy sleep 12 3>&- &
	holder=$!
	while flock --nonblock copy true; do sleep 0.05; done
	run sandlock commit --to copy c
	assert_failure 1
	assert_output_has "another commit"
	refute grep -q more copy/etc/motd
	kill $holder 2>/dev/null || true
	wait $holder || true
	pkill -P $holder 2>/dev/null || true
}

@test "killed and begun anew" {
	bundle=$(make_bundle)
	set_script "$bundle" <<-'EOS'
		for i in 0 1 2 3 4 5 6 7 8 9; do
			mkdir /d$i
			for j in 0 1 2 3 4 5 6 7 8 9; do head -c 20000 /bin/busybox >/d$i/f$j; done
		done
		rm -r /bin/[a-d]*
	EOS
	sandlock run --keep --cow --bundle "$bundle" c
	cp -a "$bundle/rootfs" copy
	for delay in 0.01 0.015 0.02 0.025 0.03 0.04; do
		timeout -s KILL $delay "$SANDLOCK_OCI" --root "$(state_root)" commit --to copy c || true
	done
	# a killed command leaves a helper in its user namespace behind, which ends at its next word
	sandlock commit --to copy c
	assert_same_tree "$bundle/.sandlock-cow-c/root" copy
}

@test "symlinks in the directory are not followed" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'echo x >/etc/new; echo y >>/etc/motd'
	sandlock run --keep --cow --bundle "$bundle" c
	cp -a "$bundle/rootfs" copy
	mv copy/etc outside
	ln -s ../outside copy/etc
	snapshot_tree outside >outside.txt
	run sandlock commit --to copy c
	assert_failure 1
	assert_output_has "/etc: is no directory"
	sandlock commit --force --to copy c
	assert_tree_unchanged outside.txt outside
	[ ! -L copy/etc ] && [ "$(cat copy/etc/new)" = x ]
}

# covers: command commit --upper
@test "an upper directory: overlayfs shows what the container saw" {
	requires_root
	requires_overlayfs
	changed_container
	sandlock commit --upper upper c
	[ "$(stat -c '%F %t:%T' upper/etc/group)" = "character special file 0:0" ]
	mkdir work merged
	mount -t overlay overlay -o "lowerdir=$bundle/rootfs,upperdir=upper,workdir=work" merged
	touch -d @1 "$live"
	touch -d @1 merged
	snapshot_tree "$live" >want
	assert_tree_unchanged want merged
	umount merged
}

@test "an upper directory, mounted by an ordinary user" {
	requires_test_users
	requires_overlayfs
	AS=$TEST_USER
	as "$AS" unshare -Urm true 2>/dev/null || skip "host: no user namespaces for $AS"
	changed_container
	install -d -o "$AS" "$T/dir"
	sandlock commit --upper "$T/dir/upper" c
	as "$AS" mkdir "$T/dir/work" "$T/dir/merged"
	# shellcheck disable=SC2016 # the inner shell's
	as "$AS" unshare -Urm sh -ec '
		mount -t overlay overlay -o "userxattr,lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/merged"
		list() { (cd "$1" && find . -path ./new/fifo -prune -o ! -path . -printf "%p %y %m %s %T@ %l\n" | sort); }
		list "$2/merged" | sed "/ d /s/ [0-9]* \([0-9.]*\) $/ \1/" >"$2/got"
		list "$3" | sed "/ d /s/ [0-9]* \([0-9.]*\) $/ \1/" >"$2/want"
		diff "$2/want" "$2/got" && cmp "$3/etc/motd" "$2/merged/etc/motd"
	' sh "$bundle/rootfs" "$T/dir" "$live"
}

@test "an upper directory has to be empty, and a failure leaves none" {
	changed_container
	mkdir upper
	touch upper/x
	run sandlock commit --upper upper c
	assert_failure 1
	assert_output_has "not empty"
	[ "$(ls upper)" = x ]
	run sandlock commit --upper "$bundle/.sandlock-cow-c/work/u" c
	assert_failure 1
	assert_output_has "own live root"
}

# covers: command create+run --cow-keep --commit-to
@test "--cow-keep=commit: at the end of run, and at delete" {
	changing_bundle
	sandlock run --cow --cow-keep commit --commit-to "$bundle/rootfs" --bundle "$bundle" c
	grep -q more "$bundle/rootfs/etc/motd"
	[ ! -e "$bundle/.sandlock-cow-c" ]
	[ "$(status_of c)" = gone ]
	set_args "$bundle" sh -c 'echo second >>/etc/motd'
	edit_config "$bundle" '.annotations = {"run.sandlock.cow": "on", "run.sandlock.cow.keep": "commit", "run.sandlock.cow.commit-to": "rootfs"}'
	sandlock create --bundle "$bundle" c
	sandlock start c
	wait_for 10 is_status c stopped
	refute grep -q second "$bundle/rootfs/etc/motd"
	sandlock delete c
	grep -q second "$bundle/rootfs/etc/motd"
	[ ! -e "$bundle/.sandlock-cow-c" ]
}

@test "--cow-keep=commit: a commit that fails keeps the container and its changes" {
	changing_bundle
	sandlock create --cow --cow-keep=commit --commit-to "$bundle/rootfs" --bundle "$bundle" c
	echo theirs >>"$bundle/rootfs/etc/motd"
	touch -d '+1 minute' "$bundle/rootfs/etc/motd"
	sandlock start c
	wait_for 10 is_status c stopped
	run sandlock delete c
	assert_failure 1
	assert_output_has "the changes are kept in" "/etc/motd"
	grep -q more "$live/etc/motd"
	refute grep -q more "$bundle/rootfs/etc/motd"
	sandlock commit --force --to "$bundle/rootfs" c
	grep -q more "$bundle/rootfs/etc/motd"
	sandlock delete --discard c
	[ ! -e "$bundle/.sandlock-cow-c" ]
}

# covers: command create+run --cow-keep, command delete --discard
@test "--cow-keep: keep and discard, against the annotation" {
	changing_bundle
	edit_config "$bundle" '.annotations = {"run.sandlock.cow.keep": "keep"}'
	sandlock run --cow --cow-keep=discard --bundle "$bundle" c
	[ ! -e "$bundle/.sandlock-cow-c" ]
	sandlock run --cow --bundle "$bundle" c
	grep -q more "$bundle/.sandlock-cow-c/root/etc/motd"
	run sandlock run --cow --cow-keep=never --bundle "$bundle" d
	assert_failure 1
	assert_output_has "--cow-keep" "never"
	run sandlock run --cow --cow-keep=commit --bundle "$bundle" d
	assert_failure 1
	assert_output_has "--commit-to"
	run sandlock run --cow=off --cow-keep=commit --commit-to . --bundle "$bundle" d
	assert_failure 1
	assert_output_has "no copy-on-write"
	run sandlock run --cow --cow-keep=commit --commit-to nosuch --bundle "$bundle" d
	assert_failure 1
	assert_output_has "nosuch" "No such file"
}

# covers: command run --dry-run
@test "run --dry-run shows the changes and throws them away" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'echo out; rm /etc/group; touch /new; exit 3'
	snapshot_tree "$bundle/rootfs" >before
	run sandlock run --dry-run --bundle "$bundle" c
	assert_failure 3
	assert_output $'out\nD /etc/group\nA /new'
	assert_tree_unchanged before "$bundle/rootfs"
	[ "$(status_of c)" = gone ]
	[ ! -e "$bundle/.sandlock-cow-c" ]
	run sandlock run --dry-run --detach --bundle "$bundle" c
	assert_failure 1
	assert_output_has "--dry-run"
}

@test "wrong use" {
	bundle=$(make_bundle)
	sandlock create --cow --bundle "$bundle" c
	run sandlock commit c
	assert_failure 1
	assert_output_has "--to" "--upper"
	run sandlock commit --to a --upper b c
	assert_failure 1
	run sandlock commit --to nosuch c
	assert_failure 1
	assert_output_has "nosuch"
	run sandlock commit --to "$bundle/.sandlock-cow-c/root" c
	assert_failure 1
	assert_output_has "own live root"
	sandlock create --cow=off --bundle "$bundle" d
	run sandlock commit --to "$bundle/rootfs" d
	assert_failure 1
	assert_output_has "without copy-on-write"
}

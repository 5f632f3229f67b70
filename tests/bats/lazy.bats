#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers whose live root is populated lazily: what they see and leave behind is what an eagerly populated one does. The calls one by
# one are in guard.bats.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# lazily BUNDLE: from now on.
lazily() {
	edit_config "$1" '.annotations["run.sandlock.cow.populate"] = "lazy"'
}

eagerly() {
	edit_config "$1" '.annotations["run.sandlock.cow.populate"] = "eager"'
}

# Everything that programs show of a tree, but link counts of files: those of shared ones count the live roots.
show_all() { # BUNDLE
	set_script "$1" <<-'END'
		find / -xdev | sort
		find / -xdev -type d -exec stat -c '%n %a %u:%g %h %Y' {} + | grep -vE '^(/|/dev|/proc|/sys|/etc|/run) ' | sort
		find / -xdev ! -type d -exec stat -c '%n %a %u:%g %s %Y %N' {} + | sort
		ls -lR /usr /bin | sed -E 's/^total .*//; s/^(-[^ ]+ +)[0-9]+ /\1/'
		cd / && tar cf - usr bin etc root home | tar tvf - | sort
		find / -xdev -type f -exec du {} + | sort
		find / -xdev -type f -exec md5sum {} + | sort
	END
}

same_as_eager() {
	local first=$T/eager second=$T/lazy
	show_all "$BUNDLE"
	snapshot_tree "$1" >"$T/before"
	eagerly "$BUNDLE"
	sandlock run --cow=on --bundle "$BUNDLE" e >"$first"
	lazily "$BUNDLE"
	sandlock run --cow=on --bundle "$BUNDLE" l >"$second"
	[ "$(wc -l <"$first")" -gt "$2" ]
	diff "$first" "$second"
	SANDLOCK_COW_FILL=no sandlock run --cow=on --bundle "$BUNDLE" l >"$second"
	diff "$first" "$second"
	assert_tree_unchanged "$T/before" "$1"
}

@test "find, ls -lR, tar, du and md5sum of busybox show the same as in an eager root" {
	BUNDLE=$(make_bundle)
	ln "$BUNDLE/rootfs/etc/motd" "$BUNDLE/rootfs/home/motd"
	ln "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/usr/bin/busybox"
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE"
	same_as_eager "$BUNDLE/rootfs" 500
}

@test "the same as a user with a single id" {
	requires_test_users
	AS=$NOSUB_USER
	BUNDLE=$(make_bundle)
	ln "$BUNDLE/rootfs/etc/motd" "$BUNDLE/rootfs/home/motd"
	give_to "$AS" "$BUNDLE"
	same_as_eager "$BUNDLE/rootfs" 500
}

@test "the same of Debian, where every first program needs an interpreter and libraries" {
	requires_root
	local image=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}/debian
	[ -e "$image.complete" ] || skip "host: no Debian image in ${image%/*} (quickstart makes one)"
	BUNDLE=$(make_bundle "$T/bundle" "$image")
	same_as_eager "$image" 20000
}

@test "scripts whose interpreters nobody has touched; dynamic programs from a static one" {
	requires_root
	local image=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}/debian
	[ -e "$image.complete" ] || skip "host: no Debian image in ${image%/*} (quickstart makes one)"
	mkdir -p "$T/extra/opt/bin" "$T/extra/opt/a/b" "$T/extra/opt/c/d"
	cp "$(command -v busybox)" "$T/extra/opt/bin/busybox"
	printf '#!/opt/a/b/interp\necho never\n' >"$T/extra/opt/bin/script"
	printf '#!/opt/c/d/busybox sh\necho chain "$@"\n' >"$T/extra/opt/a/b/interp"
	cp "$(command -v busybox)" "$T/extra/opt/c/d/busybox"
	chmod 0755 "$T"/extra/opt/bin/script "$T/extra/opt/a/b/interp"
	BUNDLE=$(make_bundle "$T/bundle" "$T/extra")
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow.lower"] = $lower' --arg lower "$image"
	lazily "$BUNDLE"
	set_args "$BUNDLE" /opt/bin/busybox sh -c '/opt/bin/script && /usr/bin/sort --version | /opt/bin/busybox head -1'
	export SANDLOCK_COW_FILL=no
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output_has 'chain /opt/bin/script' 'sort (GNU coreutils)'
}

@test "many processes at once see whole directories only" {
	BUNDLE=$(make_bundle)
	local i j
	for ((i = 0; i < 12; i++)); do
		mkdir -p "$BUNDLE/rootfs/many/$i/sub"
		for ((j = 0; j < 60; j++)); do
			echo "$i $j" >"$BUNDLE/rootfs/many/$i/sub/$j"
		done
	done
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE"
	lazily "$BUNDLE"
	set_script "$BUNDLE" <<-'END'
		look() {
			for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
				[ "$(ls /many/$i/sub | wc -l)" = 60 ] || echo "$1: $i incomplete"
				[ "$(cat /many/$i/sub/59)" = "$i 59" ] || echo "$1: $i/59"
			done
		}
		for p in 1 2 3 4 5 6 7 8; do look $p & done
		wait
	END
	for i in 1 2 3; do
		run sandlock run --cow=on --bundle "$BUNDLE" c
		assert_success
		assert_output ""
	done
}

@test "changes, diff and the image are as with an eager root" {
	BUNDLE=$(make_bundle)
	mkdir -p "$BUNDLE/rootfs/srv/tree/a/b" "$BUNDLE/rootfs/srv/gone/x"
	echo x >"$BUNDLE/rootfs/srv/tree/a/b/f"
	echo x >"$BUNDLE/rootfs/srv/gone/x/f"
	ln "$BUNDLE/rootfs/srv/tree/a/b/f" "$BUNDLE/rootfs/srv/gone/other"
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE"
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	set_script "$BUNDLE" <<-'END'
		echo more >>/etc/motd
		mv /srv/tree /srv/moved
		rm -r /srv/gone/x
		echo changed >>/srv/gone/other
		[ "$(cat /srv/moved/a/b/f)" = "x
		changed" ]
		mkdir /srv/tree
		chmod 0700 /var/lib
	END
	local mode
	for mode in eager lazy; do
		edit_config "$BUNDLE" '.annotations["run.sandlock.cow.populate"] = $mode' --arg mode "$mode"
		for fill in yes no; do
			SANDLOCK_COW_FILL=$fill sandlock create --cow=on --bundle "$BUNDLE" c
			sandlock start c
			wait_for 10 is_status c stopped
			sandlock diff c | sort >"$T/diff-$mode-$fill"
			sandlock delete c
		done
	done
	[ "$(wc -l <"$T/diff-eager-yes")" -gt 8 ]
	diff "$T/diff-eager-yes" "$T/diff-lazy-yes"
	diff "$T/diff-eager-yes" "$T/diff-lazy-no"
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "exec into a lazily populated container: command, cwd and files that nobody has touched" {
	BUNDLE=$(make_bundle)
	mkdir -p "$BUNDLE/rootfs/opt/deep/bin" "$BUNDLE/rootfs/opt/cwd"
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/opt/deep/bin/busybox"
	echo inside >"$BUNDLE/rootfs/opt/cwd/file"
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE"
	lazily "$BUNDLE"
	set_args "$BUNDLE" sleep 100
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	run sandlock exec --cwd /opt/cwd c /opt/deep/bin/busybox cat file
	assert_success
	assert_output inside
	sandlock kill c KILL
	wait_for 10 is_status c stopped
	sandlock delete c
}

@test "tmpcopyup, masked paths and a cwd find their directories populated" {
	requires_root
	BUNDLE=$(make_bundle)
	mkdir -p "$BUNDLE/rootfs/var/x/y" "$BUNDLE/rootfs/opt/secret/s" "$BUNDLE/rootfs/opt/cwd/c"
	echo copied >"$BUNDLE/rootfs/var/x/y/f"
	echo secret >"$BUNDLE/rootfs/opt/secret/s/f"
	lazily "$BUNDLE"
	edit_config "$BUNDLE" '.mounts += [{destination: "/var/x", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]
		| .linux.maskedPaths += ["/opt/secret/s/f"] | .process.cwd = "/opt/cwd/c"'
	set_script "$BUNDLE" <<-'END'
		cat /var/x/y/f
		cat /opt/secret/s/f
		pwd
	END
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_success
	assert_output $'copied\n/opt/cwd/c'
}

@test "the server is killed while directories are filled: nothing is missing" {
	BUNDLE=$(make_bundle)
	local i pid
	for ((i = 0; i < 300; i++)); do
		mkdir -p "$BUNDLE/rootfs/many/$i/sub"
		echo "$i" >"$BUNDLE/rootfs/many/$i/sub/f"
	done
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE"
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	lazily "$BUNDLE"
	set_script "$BUNDLE" <<-'END'
		i=299
		while [ $i -ge 0 ]; do
			[ "$(cat /many/$i/sub/f)" = $i ] || echo "$i"
			echo more >>/many/$i/sub/f
			i=$((i - 1))
		done
	END
	SANDLOCK_COW_FILL=no sandlock create --cow=on --bundle "$BUNDLE" c >"$T/out" 2>&1
	sandlock start c
	for i in 1 2 3; do
		sleep 0.15
		pid=$(pgrep -P "$(jq -r '."supervisor-pid"' "$(state_root)/c/status")") && kill -9 "$pid"
	done
	wait_for 60 is_status c stopped
	[ ! -s "$T/out" ]
	[ "$(sandlock diff c | grep -c '^C /many/.*/sub/f$')" = 300 ]
	sandlock delete c
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "auto: an image of some thousand entries is populated lazily only where it must be copied" {
	local other bundle
	other=$(mktemp -d /dev/shm/sandlock-test.XXXXXX)
	[ "$(stat -c %d "$other")" != "$(stat -c %d "$T")" ] || { rmdir "$other"; skip "host: /dev/shm is the file system of the tests"; }
	bundle=$(make_bundle)
	mkdir -p "$bundle/rootfs/srv/many"
	(cd "$bundle/rootfs/srv/many" && seq 3100 | xargs touch)
	sandlock create --cow=on --cow-dir "$other/s" --bundle "$bundle" far
	[ -e "$other/s/lazy" ]
	sandlock delete --force far
	rmdir "$other"
	sandlock create --cow=on --cow-dir "$(user_dir store)/s" --bundle "$bundle" near
	[ ! -e "$T/store/s/lazy" ]
	sandlock delete --force near
}

@test "populate: words, configuration and hooks" {
	BUNDLE=$(make_bundle)
	edit_config "$BUNDLE" '.annotations["run.sandlock.cow.populate"] = "later"'
	run sandlock run --cow=on --bundle "$BUNDLE" c
	assert_failure
	assert_output_has run.sandlock.cow.populate later
	lazily "$BUNDLE"
	edit_config "$BUNDLE" '.hooks.createRuntime = [{path: "/bin/true"}]'
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	sandlock create --cow=on --cow-dir "$(user_dir store)/s" --bundle "$BUNDLE" c
	[ ! -e "$T/store/s/lazy" ] # hooks may look at the root from outside: populated eagerly
	sandlock delete --force c
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A supervisor that is killed: its shepherd starts another one, and no call of the container notices.

load helpers

setup() {
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

supervisor_pid() { # ID: the shepherd
	jq -r '."supervisor-pid"' "$(state_root)/$1/status"
}

server_pid() { # ID
	pgrep -P "$(supervisor_pid "$1")"
}

# Kills the server again and again until the container is not running any more. Prints how often.
kill_servers() { # ID ROOT
	local n=0 pid
	while [ "$(status_of "$1")" = running ]; do
		pid=$(server_pid "$1") && kill -9 "$pid" 2>/dev/null && n=$((n + 1))
		[ $n -lt 3 ] || touch "$2/enough"
		sleep 0.4
	done
	echo "$n"
}

# Many processes that change files of the image in every guarded way, each counting what failed.
busy_bundle() { # ROUNDS
	BUNDLE=$(make_bundle)
	mkdir "$BUNDLE/rootfs/data"
	local i
	for ((i = 0; i < 400; i++)); do
		echo "image $i" >"$BUNDLE/rootfs/data/$i"
	done
	[ -z "${AS:-}" ] || give_to "$AS" "$BUNDLE/rootfs"
	sed "s/ROUNDS/$1/" <<-'END' | set_script "$BUNDLE"
		work() {
			i=$1
			while [ $i -lt 400 ]; do
				r=0
				while [ $r -lt ROUNDS ]; do
					echo "$r" >>/data/$i || echo "append $i" >>/failed
					chmod 0$((600 + r % 2 * 40)) /data/$i || echo "chmod $i" >>/failed
					touch -d 2001-01-01 /data/$i || echo "touch $i" >>/failed
					r=$((r + 1))
				done
				i=$((i + 8))
			done
		}
		for w in 0 1 2 3 4 5 6 7; do
			work $w &
		done
		# on a busy machine all that is done before there were kills enough
		while [ ! -e /enough ]; do
			chmod 0600 /data/0 || echo "chmod" >>/failed
		done
		wait
		[ ! -e /failed ] || { cat /failed; exit 1; }
	END
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
}

nothing_is_lost() { # ROUNDS
	local i root killed
	busy_bundle "$1"
	sandlock create --cow=on --cow-dir "$(user_dir store)/s" --bundle "$BUNDLE" c
	sandlock start c
	killed=$(kill_servers c "$T/store/s/root")
	echo "killed $killed times"
	[ "$killed" -ge 3 ]
	root=$T/store/s/root
	[ ! -e "$root/failed" ] || { head "$root/failed"; false; }
	for ((i = 0; i < 400; i++)); do
		[ "$(wc -l <"$root/data/$i")" = $((1 + $1)) ] || { echo "$i:"; cat "$root/data/$i"; false; }
	done
	[ -z "$(ls -A "$T/store/s/work")" ]
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
	sandlock delete c
	[ ! -e "$T/store/s" ]
}

@test "kill -9 of the server under load: nothing is lost, no call fails" {
	nothing_is_lost 12
}

@test "the same for an ordinary user's container" {
	requires_test_users
	AS=$TEST_USER
	nothing_is_lost 12
}

@test "a write that waits for a FIFO's reader survives the server" {
	BUNDLE=$(make_bundle)
	set_script "$BUNDLE" <<-'END'
		mkfifo /pipe
		echo through >/pipe &
		: >/waiting
		while [ ! -e /go ]; do sleep 0.05; done
		cat /pipe >/got
		wait
	END
	sandlock create --cow=on --cow-dir "$(user_dir store)/s" --bundle "$BUNDLE" c
	sandlock start c
	wait_for 10 test -e "$T/store/s/root/waiting"
	sleep 0.3
	kill -9 "$(server_pid c)"
	wait_for 10 server_pid c
	sandlock exec c touch /go
	wait_for 10 is_status c stopped
	[ "$(cat "$T/store/s/root/got")" = through ]
}

@test "without its shepherd the server goes on, and exec works" {
	BUNDLE=$(make_bundle)
	set_args "$BUNDLE" /bin/sleep 60
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	kill -9 "$(supervisor_pid c)"
	sandlock exec c sh -c 'echo more >>/etc/motd && chmod 0600 /etc/motd'
	sandlock exec c grep more /etc/motd
	# exec'ed listeners reach a successor as well as the first one, but there is none any more
	sandlock kill c KILL
	wait_for 10 is_status c stopped
	sandlock delete c
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "shepherd and server killed: guarded calls fail, the image is not touched" {
	local server
	BUNDLE=$(make_bundle)
	set_args "$BUNDLE" /bin/sleep 60
	snapshot_tree "$BUNDLE/rootfs" >"$T/before"
	sandlock create --cow=on --bundle "$BUNDLE" c
	sandlock start c
	server=$(server_pid c)
	kill -9 "$(supervisor_pid c)"
	kill -9 "$server"
	run sandlock exec c sh -c 'echo more >>/etc/motd'
	assert_failure
	sandlock delete --force c
	assert_tree_unchanged "$T/before" "$BUNDLE/rootfs"
}

@test "processes of exec are served by the successor too" {
	BUNDLE=$(make_bundle)
	set_args "$BUNDLE" /bin/sleep 60
	sandlock create --cow=on --cow-dir "$(user_dir store)/s" --bundle "$BUNDLE" c
	sandlock start c
	sandlock exec c sh -c ': >/ready; while [ ! -e /go ]; do sleep 0.05; done; echo more >>/etc/motd; chmod 0600 /etc/motd; echo done >/done' &
	wait_for 10 test -e "$T/store/s/root/ready"
	kill -9 "$(server_pid c)"
	wait_for 10 server_pid c
	sandlock exec c touch /go
	wait $!
	[ "$(tail -1 "$T/store/s/root/etc/motd")" = more ]
	[ "$(stat -c %a "$T/store/s/root/etc/motd")" = 600 ]
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A real systemd for tests, whatever the host's PID 1 is: it runs the host's files in namespaces of its own (pid, mount, cgroup, ipc, uts, net), in a cgroup v2 that
# it sees alone, with nothing to start but a target without dependencies. boot_systemd DIR; then `in_systemd COMMAND...` runs in its namespaces; end_systemd.

SYSTEMD=/lib/systemd/systemd

# Runs as root. DIR (on any file system) gets the files pid and log.
boot_systemd() {
	SD=$1
	SD_GROUP=sandlock-systemd-$$
	export SD SD_GROUP
	unshare --mount --propagation slave bash -ec '
		[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || { umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
		for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
			echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control || true
		done
		mkdir -p "/sys/fs/cgroup/$SD_GROUP"
		exec unshare --pid --fork --kill-child bash -ec "
			echo 0 >\"/sys/fs/cgroup/$SD_GROUP/cgroup.procs\"
			exec unshare --mount --cgroup --ipc --uts --net bash -ec \"
				mount --make-rprivate /
				mount -t proc proc /proc
				umount /sys/fs/cgroup
				mount -t cgroup2 cgroup2 /sys/fs/cgroup
				mount -t tmpfs tmpfs /run
				mount -t tmpfs tmpfs /etc/systemd
				mkdir -p /run/lock /etc/systemd/system
				printf \\\"[Unit]\nDefaultDependencies=no\n\\\" >/etc/systemd/system/test.target
				exec env -i container=sandlock-test PATH=/usr/sbin:/usr/bin:/sbin:/bin $0 --system --unit=test.target --log-target=console --show-status=no
			\"
		"
	' "$SYSTEMD" >"$SD/log" 2>&1 </dev/null 3>&- &
	echo $! >"$SD/pid"
	for _ in $(seq 100); do
		SD_PID=$(pgrep -f "^$SYSTEMD --system --unit=test.target" -P "$(pgrep -P "$(cat "$SD/pid")" -o || echo 0)" 2>/dev/null || pgrep -P "$(cat "$SD/pid")" -f "^$SYSTEMD" || true)
		export SD_PID
		[ -n "$SD_PID" ] && in_systemd systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && return 0
		sleep 0.1
	done
	cat "$SD/log" >&2
	return 1
}

in_systemd() {
	nsenter --target "$SD_PID" --mount --pid --cgroup --ipc --uts --net "$@"
}

end_systemd() {
	[ -n "${SD:-}" ] || return 0
	kill -9 "$SD_PID" 2>/dev/null || true
	kill -9 "$(cat "$SD/pid")" 2>/dev/null || true
	# its groups, from below
	unshare --mount --propagation slave bash -c '
		[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || { umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
		for _ in $(seq 30); do
			find "/sys/fs/cgroup/$SD_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null
			[ -d "/sys/fs/cgroup/$SD_GROUP" ] || exit 0
			sleep 0.1
		done' || true
}

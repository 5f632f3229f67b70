# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2089,SC2090 # scripts in variables, chosen by name and run by eval
#
# A real systemd for tests, whatever the host's PID 1 is: it runs the host's files in namespaces of its own (pid, mount, cgroup, ipc, uts, net), in a cgroup v2 that
# it sees alone, with nothing to start but a target without dependencies. boot_systemd DIR; then `in_systemd COMMAND...` runs in its namespaces; end_systemd.
# boot_systemd DIR v1: in the host's hierarchies of v1, with the name=systemd and the cgroup2 that it mounts itself: hybrid, as distributions had it.

SYSTEMD=/lib/systemd/systemd

# The host's side: a group for it in cgroup v2, with what controllers v1 does not hold, or in each hierarchy of v1.
SD_MAKE_v2='
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || { umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
	for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
		echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control || true
	done
	mkdir -p "/sys/fs/cgroup/$SD_GROUP"'
SD_MAKE_v1='
	umount -R /sys/fs/cgroup
	mount -t tmpfs tmpfs /sys/fs/cgroup
	for h in $SD_HIERARCHIES; do
		mkdir "/sys/fs/cgroup/$h"
		case $h in
		unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified ;;
		systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ;;
		*) mount -t cgroup -o "$h" cgroup "/sys/fs/cgroup/$h" ;;
		esac
		mkdir -p "/sys/fs/cgroup/$h/$SD_GROUP"
		for f in cpus mems; do
			[ ! -e "/sys/fs/cgroup/$h/cpuset.$f" ] || cat "/sys/fs/cgroup/$h/cpuset.$f" >"/sys/fs/cgroup/$h/$SD_GROUP/cpuset.$f"
		done
	done'
# Its own side, in a cgroup namespace.
SD_MOUNT_v2='
	umount /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup'
SD_MOUNT_v1='
	for h in $SD_HIERARCHIES; do
		umount "/sys/fs/cgroup/$h"
		case $h in
		unified) ;; # it does that itself
		systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ;;
		*) mount -t cgroup -o "$h" cgroup "/sys/fs/cgroup/$h" ;;
		esac
	done
	rmdir /sys/fs/cgroup/unified'
SD_INIT='
	mount --make-rprivate /
	mount -t proc proc /proc
	eval "$SD_MOUNT"
	mount -t tmpfs tmpfs /run
	mount -t tmpfs tmpfs /etc/systemd
	mkdir -p /run/lock /etc/systemd/system /etc/systemd/user
	printf "[Unit]\nDefaultDependencies=no\n" | tee /etc/systemd/system/test.target >/etc/systemd/user/test.target
	exec env -i container=sandlock-test PATH=/usr/sbin:/usr/bin:/sbin:/bin "$SYSTEMD" --system --unit=test.target --log-target=console --show-status=no'

# Runs as root. DIR (on any file system) gets the files pid and log.
boot_systemd() {
	local version=${2:-v2} make=SD_MAKE_${2:-v2} mount=SD_MOUNT_${2:-v2}
	SD=$1
	SD_GROUP=sandlock-systemd-$version-$$
	SD_HIERARCHIES=
	[ "$version" = v2 ] || SD_HIERARCHIES="$(v1_hierarchies | xargs) systemd unified"
	export SD SD_GROUP SD_HIERARCHIES SYSTEMD SD_INIT
	SD_MAKE=${!make} SD_MOUNT=${!mount} unshare --mount --propagation slave bash -ec '
		eval "$SD_MAKE"
		exec unshare --pid --fork --kill-child bash -ec '"'"'
			for procs in "/sys/fs/cgroup/$SD_GROUP/cgroup.procs" /sys/fs/cgroup/*/"$SD_GROUP/cgroup.procs"; do
				[ ! -e "$procs" ] || echo 0 >"$procs"
			done
			exec unshare --mount --cgroup --ipc --uts --net bash -ec "$SD_INIT"
		'"'"'
	' >"$SD/log" 2>&1 </dev/null 3>&- &
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

# Controllers that the host has mounted as v1, one hierarchy a line ("cpu,cpuacct").
v1_hierarchies() {
	sed -n 's/^[0-9]*:\([^:=]\{1,\}\):.*/\1/p' /proc/self/cgroup
}

in_systemd() {
	nsenter --target "$SD_PID" --mount --pid --cgroup --ipc --uts --net "$@"
}

end_systemd() {
	[ -n "${SD:-}" ] || return 0
	kill -9 "$SD_PID" 2>/dev/null || true
	kill -9 "$(cat "$SD/pid")" 2>/dev/null || true
	# its groups, from below; the host may have mounted none of the places where they are
	SD_GROUPS="${SD_HIERARCHIES:-unified}" unshare --mount --propagation slave bash -c '
		umount -R /sys/fs/cgroup
		mount -t tmpfs tmpfs /sys/fs/cgroup
		for h in $SD_GROUPS; do
			mkdir "/sys/fs/cgroup/$h"
			case $h in
			unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified ;;
			systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ;;
			*) mount -t cgroup -o "$h" cgroup "/sys/fs/cgroup/$h" ;;
			esac
		done
		for _ in $(seq 30); do
			find /sys/fs/cgroup/*/"$SD_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null
			ls -d /sys/fs/cgroup/*/"$SD_GROUP" >/dev/null 2>&1 || exit 0
			sleep 0.1
		done' || true
}

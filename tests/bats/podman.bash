# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podman with settings of its own, in a mount namespace that shows pure cgroup v1 where the host mixes v1 and v2. RUNTIME: sandlock (default) or another.

# podman_xdg USER: a directory of this test alone, for others may run at the same time. Short: containers/storage allows 50 characters.
podman_xdg() {
	echo "/run/sandlock-test-podman.$(cksum <<<"$T" | cut -d' ' -f1)${1:+.u}"
}

# The pause process of rootless podman holds its namespaces; nobody else ends it. It is not dumpable: /proc shows root as its owner.
stop_pause() {
	local pid xdg
	xdg=$(podman_xdg "$1")
	pid=$(cat "$xdg/libpod/tmp/pause.pid" 2>/dev/null) && case $(cat "/proc/$pid/comm" 2>/dev/null) in podman* | catatonit) kill "$pid" ;; esac
	rm -rf "$xdg" "$(podman_xdg '')"
}

# Settings that work where journald, systemd, CNI and raised rlimits are missing.
podman_conf() {
	local dir=$1 hard_files hard_procs
	hard_files=$(ulimit -Hn)
	hard_procs=$(ulimit -Hu)
	[ "$hard_files" != unlimited ] || hard_files=1048576
	{ [ "$hard_procs" != unlimited ] && [ "$hard_procs" -le 32768 ]; } || hard_procs=32768
	cat >"$dir/containers.conf" <<-EOS
		[containers]
		default_ulimits = ["nofile=1024:$hard_files", "nproc=$hard_procs:$hard_procs"]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime_supports_json = ["crun", "runc", "sandlock"]
		runtime_supports_nocgroup = ["crun", "sandlock"]
		[engine.runtimes]
		sandlock = ["$SANDLOCK_OCI"]
		[network]
		network_backend = "netavark"
	EOS
	cat >"$dir/storage.conf" <<-EOS
		[storage]
		driver = "vfs"
		graphroot = "$dir/graph"
		runroot = "$dir/run"
		rootless_storage_path = "$dir/graph"
	EOS
}

# podman_as USER ARGS...; USER empty: root. A new mount namespace per call as root; rootless podman keeps its own.
podman_as() {
	local user=$1 home xdg
	shift
	home=$T/home${user:+-$user}
	xdg=$(podman_xdg "$user")
	if [ ! -d "$home" ]; then
		mkdir -p "$home" "$xdg"
		chmod 0700 "$xdg"
		podman_conf "$home"
		[ -z "$user" ] || chown -R "$user:" "$home" "$xdg"
	fi
	unshare --mount --propagation slave sh -c '
		umount /sys/fs/cgroup/unified 2>/dev/null
		user=$1 home=$2 xdg=$3
		shift 3
		cd /
		set -- env -i "HOME=$home" "XDG_RUNTIME_DIR=$xdg" PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin \
			"CONTAINERS_CONF=$home/containers.conf" "CONTAINERS_STORAGE_CONF=$home/storage.conf" \
			PODMAN_IGNORE_CGROUPSV1_WARNING=1 podman --runtime="${RUNTIME:-sandlock}" "$@"
		[ -z "$user" ] || set -- setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all "$@"
		exec "$@"
	' sh "$user" "$home" "$xdg" "$@" </dev/null 3>&-
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# podman with storage of its own, so that several kinds of storage and runtime can be compared. Everything lies below $PODMAN_BASE, which the
# caller sets; nothing of the host's podman is touched (locks are files, not shared memory).
#
#   podman_host		once: the mount and pid namespace all commands run in: pure cgroup v1 where the host mixes v1 and v2, usable /dev/fuse and
#			/dev/net/tun (in virtual machines they often are root's)
#   in_namespaces COMMAND...	there
#   in_podman KIND USER COMMAND...	with the settings of KIND: sandlock, overlay, fuse or vfs. USER '': root
#   podman_stop KIND USER	removes containers
#   podman_gone		removes it all
#   podman_setup, podman_teardown	all of that for a bats test that has loaded helpers.bash: in $T/podman, with the material of `commands`
#
# SANDLOCK_OCI and SANDLOCK_MOUNT name the programs. PODMAN_MOUNTOPT: mountopt of storage.conf.

PODMAN_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

podman_host() {
	local ns=$PODMAN_BASE/ns shell=$PODMAN_BASE/ns/shell.pid
	mkdir -p "$ns" "$PODMAN_BASE/dev"
	# Its first process reaps at once: rootless podman run waits for its conmon to be gone, up to 20 s where the host's first process takes its time.
	unshare --mount --propagation slave --pid --fork --kill-child --mount-proc bash -c 'while :; do sleep 1 & wait; done' \
		</dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$ns/unshare.pid"
	until pgrep -P "$(cat "$ns/unshare.pid")" >"$shell"; do sleep 0.05; done
	in_namespaces sh -c '
		umount /sys/fs/cgroup/unified 2>/dev/null
		for d in "fuse 229 /dev/fuse" "tun 200 /dev/net/tun"; do
			set -- "$1" $d
			[ -c "$4" ] || continue
			mknod -m 666 "$1/$2" c 10 "$3" && mount --bind "$1/$2" "$4"
		done
		# whose ids root takes for --userns=auto
		for f in subuid subgid; do
			{ grep -v ^containers: "/etc/$f"; echo containers:200000000:1000000; } >"$1/$f" && mount --bind "$1/$f" "/etc/$f"
		done
		:
	' sh "$PODMAN_BASE/dev"
}

# in_namespaces COMMAND...: among podman's mounts and processes.
in_namespaces() {
	local pid
	pid=$(cat "$PODMAN_BASE/ns/shell.pid")
	nsenter --target "$pid" --mount --pid "$@"
}

podman_gone() {
	local run
	# all processes end with the namespace's first one, and with them the mounts
	[ ! -s "$PODMAN_BASE/ns/unshare.pid" ] || kill -9 "$(cat "$PODMAN_BASE/ns/shell.pid")" 2>/dev/null
	for run in /run/sandlock."$(podman_key)".*; do
		[ -d "$run" ] || continue
		umount -l "$run"/*/*/* 2>/dev/null
		rm -rf "$run"
	done
	rm -rf "${PODMAN_BASE:?}"
}

# Run directories have short names: containers/storage allows 50 characters, and rootless adds /containers. With more, everything seems to work, but
# conmon's `podman container cleanup` fails, and each podman run waits 20 s for it.
podman_key() {
	cksum <<<"$PODMAN_BASE" | cut -d' ' -f1
}

podman_run_dir() { # KIND USER
	echo "/run/sandlock.$(podman_key).$1${2:+.u}"
}

# Limits that may be asked for without CAP_SYS_RESOURCE.
podman_ulimits() {
	local files procs
	files=$(ulimit -Hn)
	procs=$(ulimit -Hu)
	[ "$files" != unlimited ] || files=1048576
	{ [ "$procs" != unlimited ] && [ "$procs" -le 32768 ]; } || procs=32768
	echo "\"nofile=1024:$files\", \"nproc=$procs:$procs\""
}

podman_settings() { # KIND USER DIR RUN
	local driver=overlay program='' runtime=crun mountopt=''
	[ -z "${PODMAN_MOUNTOPT:-}" ] || mountopt="mountopt = \"$PODMAN_MOUNTOPT\""
	case $1 in
	sandlock*) runtime=sandlock program="mount_program = \"$SANDLOCK_MOUNT\"" ;;
	fuse) program="mount_program = \"$(command -v fuse-overlayfs)\"" ;;
	vfs) driver=vfs ;;
	esac
	cat >"$3/containers.conf" <<-EOS
		[containers]
		default_ulimits = [$(podman_ulimits)]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
		runtime = "$runtime"
		runtime_supports_json = ["crun", "runc", "sandlock"]
		runtime_supports_nocgroup = ["crun", "sandlock"]
		tmp_dir = "$4/libpod"
		[engine.runtimes]
		sandlock = ["$SANDLOCK_OCI"]
		[network]
		network_backend = "netavark"
	EOS
	cat >"$3/storage.conf" <<-EOS
		[storage]
		driver = "$driver"
		graphroot = "$3/graph"
		runroot = "$4/run"
		rootless_storage_path = "$3/graph"
		[storage.options.overlay]
		$program
		skip_mount_home = "true"
		$mountopt
	EOS
}

podman_dir() { # KIND USER
	local dir=$PODMAN_BASE/$1${2:+-$2} run
	run=$(podman_run_dir "$1" "$2")
	if [ ! -d "$dir" ]; then
		mkdir -p "$dir/tmp" "$run"
		chmod 0700 "$run"
		podman_settings "$1" "$2" "$dir" "$run"
		[ -z "$2" ] || chown -R "$2:" "$dir" "$run"
	fi
	echo "$dir"
}

in_podman() {
	local kind=$1 user=$2 dir run
	shift 2
	dir=$(podman_dir "$kind" "$user")
	run=$(podman_run_dir "$kind" "$user")
	# shellcheck disable=SC2016 # the inner shell's
	in_namespaces sh -c '
		user=$1 dir=$2 run=$3
		shift 3
		cd /
		set -- env -i "HOME=$dir" "TMPDIR=$dir/tmp" "XDG_RUNTIME_DIR=$run" PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin LC_ALL=C TERM=dumb \
			"CONTAINERS_CONF=$dir/containers.conf" "CONTAINERS_STORAGE_CONF=$dir/storage.conf" PODMAN_IGNORE_CGROUPSV1_WARNING=1 "$@"
		[ -z "$user" ] || set -- setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all "$@"
		exec "$@"
	' sh "$user" "$dir" "$run" "$@" 3>&-
}

podman_stop() {
	[ -d "$(podman_run_dir "$1" "$2")" ] || return 0
	in_podman "$1" "$2" podman pod rm --all --force --time 0 >/dev/null 2>&1 </dev/null
	in_podman "$1" "$2" podman rm --all --force --time 0 >/dev/null 2>&1 </dev/null
	return 0
}

# layers KIND USER: the diff directories of image layers.
podman_layers() {
	local dir
	dir=$(podman_dir "$1" "$2")
	find "$dir/graph/overlay" -mindepth 2 -maxdepth 2 -name 'diff*' | sort
}

# podman_material ROOT: what `commands` works on, from a busybox root: $PODMAN_BASE/busybox.tar, $PODMAN_BASE/shared with files and Containerfiles.
podman_material() {
	local root=$PODMAN_BASE/root context=$PODMAN_BASE/shared/context
	chmod 0755 "$PODMAN_BASE"
	cp -a "$1" "$root"
	mkdir -p "$root/opt" "$root/mnt" "$context"
	yes data | head -c 100000 >"$root/opt/data"
	cp "$root/bin/busybox" "$root/opt/setuid"
	chmod 4755 "$root/opt/setuid"
	echo daemon >"$root/etc/daemon"
	setfattr -n user.word -v value "$root/opt/data"
	cp "$root/bin/busybox" "$root/opt/caps"
	setcap cap_net_raw+ep "$root/opt/caps"
	tar -C "$root" --owner=0 --group=0 --numeric-owner --xattrs --xattrs-include='*' -cf "$PODMAN_BASE/busybox.tar" .
	rm -rf "$root"
	echo shared >"$PODMAN_BASE/shared/file"
	cp "$PODMAN_TESTS/image-list" "$PODMAN_BASE/shared/"
	echo data >"$context/file"
	cat >"$context/Containerfile" <<-'EOS'
		FROM localhost/busybox:test AS one
		RUN echo one >/one && chmod 0700 /var && rm /bin/vi && mkdir -p /d/e && chown 1:1 /d/e && echo x >>/etc/motd
		COPY --chown=1:1 file /etc/file
		RUN rm -rf /d/e && mkdir /d/e && touch /d/e/new /d/f && chmod 4711 /opt/data
		FROM localhost/busybox:test
		COPY --from=one /one /d /two/
		COPY --chown=daemon:daemon --chmod=640 file /etc/copied
		RUN rm -rf /home /bin/vi && ln -s /etc /lnk && echo z >>/opt/data && echo y >>/etc/motd && ln /etc/motd /etc/linked && mv /opt/caps /opt/moved && mkdir -m 1777 /data && chown daemon /data
		ARG WHAT=arg
		ENV A=$WHAT
		WORKDIR /new/work
		VOLUME /vol
		USER daemon
		RUN id -u >/tmp/id && touch /data/mine
		LABEL l=v
		ENTRYPOINT []
		CMD ["cat", "/tmp/id"]
	EOS
	printf 'FROM localhost/busybox:test\nRUN --mount=type=secret,id=s cat /run/secrets/s >/seen\n' >"$context/Secret"
	printf 'FROM localhost/busybox:test\nRUN echo x >>/etc/motd && exit 3\n' >"$context/Fails"
	chmod -R a+rX "$PODMAN_BASE/shared" "$PODMAN_BASE/busybox.tar"
}

podman_setup() {
	requires_command podman conmon buildah setfattr setcap
	ensure_test_users
	setup_sandlock
	SANDLOCK_MOUNT=$(find_program sandlock-mount)
	PODMAN_BASE=$T/podman
	export SANDLOCK_MOUNT PODMAN_BASE
	podman_host
	podman_material "$(shared_busybox_root)"
}

podman_teardown() {
	local user
	[ -n "${PODMAN_BASE:-}" ] || return 0
	for user in '' "$TEST_USER"; do
		podman_stop sandlock "$user"
		podman_stop overlay "$user"
	done
	podman_gone
	teardown_sandlock
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# containerd with this program in place of runc: a private containerd (its own root, state and socket), driven by ctr.
# covers: caller containerd

load helpers

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	command -v containerd ctr >/dev/null || return 0
	# sockets need a short path
	D=$(mktemp -d /run/sandlock-oci-ctr.XXXXXX)
	export D
	cat >"$D/config.toml" <<-END
		version = 2
		root = "$BATS_FILE_TMPDIR/root"
		state = "$D/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		  address = "$D/sock"
		[ttrpc]
		  address = "$D/sock.ttrpc"
		[debug]
		  level = "warn"
	END
	start_containerd
	make_image "$BATS_FILE_TMPDIR/image" && CTR image import --snapshotter native "$BATS_FILE_TMPDIR/image.tar" >&2
}

teardown_file() {
	local p
	[ -n "${D:-}" ] || return 0
	stop_containerd
	# shims of containers that a failed test left
	for p in $(pgrep -f "containerd-shim-runc-v2.*$D/sock"); do kill -9 "$p" || true; done
	umount "$D"/state/*/*/*/rootfs 2>/dev/null || true
	rm -rf "$D" "$BATS_FILE_TMPDIR/root" 2>/dev/null || true
}

start_containerd() {
	containerd --config "$D/config.toml" >>"$D/log" 2>&1 3>&- &
	echo $! >"$D/pid"
	for _ in $(seq 100); do
		CTR version >/dev/null 2>&1 && return
		sleep 0.1
	done
	cat "$D/log" >&2
	return 1
}

stop_containerd() {
	local pid
	pid=$(cat "$D/pid")
	kill "$pid"
	for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
	kill -9 "$pid"
}

CTR() {
	timeout 60 ctr -a "$D/sock" "$@"
}

# run_ctr ARGS...: ctr run with our program.
run_ctr() {
	CTR run --snapshotter native --runc-binary "$SANDLOCK_OCI" --runc-root "$D/runc" "$@"
}

# make_image DIR: DIR.tar, an OCI archive with one layer of busybox, named localhost/busybox:test.
make_image() {
	local dir=$1 layer config manifest size
	mkdir -p "$dir/blobs/sha256"
	make_busybox_root "$dir.root"
	tar -C "$dir.root" --owner=0 --group=0 --numeric-owner -cf "$dir/blob" .
	layer=$(digest "$dir")
	echo '{"architecture":"'"$(dpkg_arch)"'","os":"linux","config":{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:'"$layer"'"]}}' >"$dir/blob"
	config=$(digest "$dir")
	echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' \
		'"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:'"$config"'","size":'"$(stat -c %s "$dir/blobs/sha256/$config")"'},' \
		'"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:'"$layer"'","size":'"$(stat -c %s "$dir/blobs/sha256/$layer")"'}]}' >"$dir/blob"
	manifest=$(digest "$dir")
	size=$(stat -c %s "$dir/blobs/sha256/$manifest")
	echo '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:'"$manifest"'","size":'"$size"',' \
		'"annotations":{"io.containerd.image.name":"localhost/busybox:test","org.opencontainers.image.ref.name":"test"}}]}' >"$dir/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
	tar -C "$dir" -cf "$dir.tar" blobs index.json oci-layout
	rm -r "$dir.root"
}

digest() {
	local sum
	sum=$(sha256sum <"$1/blob" | cut -d' ' -f1)
	mv "$1/blob" "$1/blobs/sha256/$sum"
	echo "$sum"
}

dpkg_arch() {
	case $(uname -m) in aarch64) echo arm64 ;; *) echo amd64 ;; esac
}

setup() {
	setup_sandlock
	requires_root
	requires_command containerd ctr
}

teardown() {
	local c
	if [ -n "${D:-}" ] && [ "$(id -u)" = 0 ]; then
		for c in $(CTR container ls -q); do
			CTR task kill -s KILL "$c" >/dev/null 2>&1 || true
			wait_for 5 is_stopped "$c" || true
			CTR task rm -f "$c" >/dev/null 2>&1 || true
			CTR container rm "$c" >/dev/null 2>&1 || true
		done
	fi
	teardown_sandlock
}

is_stopped() {
	refute eval 'CTR task ls | grep -qE "^$1 .*(RUNNING|PAUSED|CREATED)"'
}

state_of() {
	CTR task ls | awk -v c="$1" '$1 == c { print $3 }'
}

@test "run: output, exit status, nothing left" {
	run run_ctr --rm localhost/busybox:test c1 sh -c 'echo hello; exit 7'
	[ "$status" = 7 ]
	assert_output_has hello
	[ -z "$(CTR container ls -q)" ]
	[ ! -e "$D/runc/default/c1" ]
	run run_ctr --rm localhost/busybox:test c1 /no/such
	assert_failure
	assert_output_has 'executable file `/no/such` not found'
	[ ! -e "$D/runc/default/c1" ]
}

@test "exec, ps, pause, resume, metrics, kill, delete" {
	run_ctr -d localhost/busybox:test c2 sleep 1000
	[ "$(state_of c2)" = RUNNING ]
	run CTR task exec --exec-id e1 c2 sh -c 'echo in; exit 5'
	[ "$status" = 5 ]
	assert_output_has in
	CTR task ps c2 | grep -q "^$(CTR task ls | awk '$1 == "c2" { print $2 }')"
	CTR task pause c2
	[ "$(state_of c2)" = PAUSED ]
	CTR task resume c2
	[ "$(state_of c2)" = RUNNING ]
	CTR task metrics c2 >"$T/metrics"
	grep -qE 'memory.usage_in_bytes +[1-9]|memory.usage +[1-9]' "$T/metrics"
	CTR task kill -s KILL c2
	wait_for 10 is_stopped c2
	run CTR task rm c2
	assert_output_has "137"
	CTR container rm c2
	[ ! -e "$D/runc/default/c2" ]
}

@test "a terminal" {
	requires_command script
	run timeout 30 script -qec "ctr -a $D/sock run -t --rm --snapshotter native --runc-binary $SANDLOCK_OCI --runc-root $D/runc localhost/busybox:test c3 tty" /dev/null
	assert_success
	assert_output_has /dev/pts/0
}

@test "limits: given, and changed by update" {
	run_ctr -d --memory-limit 67108864 localhost/busybox:test c4 sleep 1000
	pid=$(CTR task ls | awk '$1 == "c4" { print $2 }')
	"$SANDLOCK_OCI" --root "$D/runc/default" events --stats c4 | jq -e '.data.memory.usage.limit == 67108864'
	# as the shim calls it
	"$SANDLOCK_OCI" --root "$D/runc/default" update --resources - c4 <<<'{"memory": {"limit": 33554432}}'
	"$SANDLOCK_OCI" --root "$D/runc/default" events --stats c4 | jq -e '.data.memory.usage.limit == 33554432'
	kill -0 "$pid"
}

@test "containerd restarts: the container goes on" {
	run_ctr -d localhost/busybox:test c5 sleep 1000
	stop_containerd
	start_containerd
	[ "$(state_of c5)" = RUNNING ]
	run CTR task exec --exec-id e2 c5 echo after
	assert_success
	assert_output after
}

@test "the shim is killed: containerd cleans up, the id is free again" {
	run_ctr -d localhost/busybox:test c6 sleep 1000
	pid=$(CTR task ls | awk '$1 == "c6" { print $2 }')
	shim=$(pgrep -f "containerd-shim-runc-v2.*-id c6 .*$D/sock")
	kill -9 "$shim"
	wait_for 10 refute kill -0 "$pid"
	wait_for 10 test ! -e "$D/runc/default/c6"
	CTR task rm -f c6 >/dev/null 2>&1 || true
	CTR container rm c6
	run run_ctr --rm localhost/busybox:test c6 echo again
	assert_success
	assert_output again
}

# covers: caller containerd: CRI
@test "the drop-in for CRI is what containerd accepts" {
	cat >"$T/config.toml" <<-END
		version = 2
		imports = ["${top_srcdir:-$HELPERS_DIR/../..}/contrib/kubernetes/containerd.toml"]
		root = "$T/root"
		state = "$T/state"
	END
	containerd --config "$T/config.toml" config dump >"$T/dump"
	grep -A20 'runtimes.sandlock' "$T/dump" | grep -q 'runtime_type = "io.containerd.runc.v2"'
	grep -A20 'runtimes.sandlock.options' "$T/dump" | grep -q 'BinaryName = "/usr/bin/sandlock-oci"'
}

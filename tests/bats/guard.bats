#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The write guard by itself (tests/guard): every way to modify a file of the image gives what it gives in a plain copy of the image, and
# the image does not change. Without the rest of the runtime; cow.bats does it in containers.

load helpers

setup() {
	setup_sandlock
	local d=${top_builddir:-$HELPERS_DIR/../..}/tests/guard
	PROBE=$d/guard-probe
	RUNNER=$d/guard-run
	[ -x "$PROBE" ] && [ -x "$RUNNER" ] || {
		echo "build them first: make tests/guard/guard-probe tests/guard/guard-run" >&2
		return 1
	}
}

# Everything below runs as root, or as root of a user namespace with subordinate ids: the cases need several ids.
as_some_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		requires_subids
		unshare --user --map-root-user --map-auto "$@"
	fi
}

# image, and as many plain copies of it as asked for, made by the probe itself.
make_image() { # COPIES
	mkdir -p image/proc image/dev
	cp "$PROBE" image/guard-probe
	as_some_root image/guard-probe make "$T/image/p"
	local i
	for ((i = 1; i <= $1; i++)); do
		as_some_root cp -a image "native$i"
	done
}

natively() { # ROOT MODE
	# shellcheck disable=SC2016 # for the inner shell
	as_some_root timeout 400 unshare --mount --pid --fork sh -c \
		'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" /guard-probe "$1" /p' "$1" "$2"
}

guarded() { # STORE MODE
	export SANDLOCK_GUARD_LAZY
	[ -n "${SANDLOCK_GUARD_LAZY:-}" ] || unset SANDLOCK_GUARD_LAZY
	as_some_root timeout 400 "$RUNNER" "$T/$1" "$T/image" /guard-probe "$2" /p
}

@test "every way to write, in a lazily populated root" {
	SANDLOCK_GUARD_LAZY=1 every_way
}

@test "every way to write: same results as natively, image unchanged" {
	every_way
}

every_way() {
	make_image 2
	natively native1 run >native.log
	natively native2 user >>native.log
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >before
	guarded store1 run >guarded.log
	guarded store2 user >>guarded.log
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >after
	[ "$(wc -l <native.log)" -gt 200 ]
	diff native.log guarded.log
	diff before after
	as_some_root rm -rf store1 store2 native1 native2 image
}

@test "a second thread swaps what the call is about: image unchanged" {
	swapping
}

@test "a second thread swaps paths, in a lazily populated root" {
	SANDLOCK_GUARD_LAZY=1 swapping
}

swapping() {
	make_image 0
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >before
	guarded store race >log
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >after
	grep -qx 'race: done' log
	diff before after
	# the attack was real: most files have been written to in the live root
	[ "$(as_some_root find store/root/p -name 'swap-0*' ! -size 9c | wc -l)" -gt 50 ]
	[ -z "$(as_some_root ls -A store/work)" ]
	as_some_root rm -rf store image
}

@test "every path call as the first access to a directory of a lazily populated root" {
	mkdir -p image/proc image/dev
	cp "$(dirname "$PROBE")/path-probe" image/path-probe
	as_some_root image/path-probe make "$T/image/p" >/dev/null
	# scripts name their interpreters by the path they will have
	as_some_root find image/p -type f -size +1c -exec sed -i "s|^#!$T/image/|#!/|" {} +
	as_some_root cp -a image native
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >before
	# shellcheck disable=SC2016 # for the inner shell
	as_some_root timeout 60 unshare --mount --pid --fork sh -c \
		'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" /path-probe run /p' "$T/native" >native.log
	SANDLOCK_GUARD_LAZY=1 SANDLOCK_COW_FILL=no as_some_root timeout 60 "$RUNNER" "$T/store" "$T/image" /path-probe run /p >lazy.log
	grep -qx 'done' native.log
	[ "$(wc -l <native.log)" -gt 100 ]
	grep -qx 'execve: E2BIG' native.log # exit status 7 of the interpreter's interpreter
	diff native.log lazy.log
	as_some_root bash -c ". '$HELPERS_DIR/../lib/snapshot.bash'; snapshot_tree image" >after
	diff before after
	# it was lazy: what nobody touched is still marked
	[ "$(as_some_root ls -A store/root/p/stat/a/sub/deep | wc -l)" = 0 ]
	as_some_root rm -rf store native image
}

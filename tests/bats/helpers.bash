# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by all .bats files: `load helpers` at the top, `setup_sandlock` in setup(), `teardown_sandlock` in teardown().
#
# The suite runs twice: as root and as an ordinary user (quickstart test does both). A test that makes sense in one of them only
# says requires_root or requires_user. Missing features of the host are the only other reason to skip: see requires_*.
#
# After setup_sandlock there are
#   T       directory of this test, on one file system, may be entered by every user
#   AS      the user that `sandlock` and `as` act for; empty: whoever runs the test. Set it to $TEST_USER or $NOSUB_USER (root only)

bats_require_minimum_version 1.5.0 2>/dev/null || true

TEST_USER=sandlock-test	  # an ordinary user with subordinate ids
NOSUB_USER=sandlock-nosub # an ordinary user without
TEST_MARK="sandlock-oci tests"

BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120}
export BATS_TEST_TIMEOUT
# Debian keeps useradd, mount helpers and the like in sbin, which an ordinary user's PATH lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
HELPERS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# --- set-up ---------------------------------------------------------------------------------------------------------------

setup_sandlock() {
	T=$BATS_TEST_TMPDIR
	AS=
	# bats makes its directories 0700; other users have to get at bundles and at the binary. T itself: whoever the test acts for may
	# create bundles in it.
	if [ "$(id -u)" = 0 ]; then
		chmod 0755 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_FILE_TMPDIR"
		chmod 0755 "$BATS_RUN_TMPDIR"/test "$BATS_RUN_TMPDIR"/file 2>/dev/null || true
		chmod 0755 "$T"
	fi
	SANDLOCK_OCI=$(find_binary) || return 1
	unset SANDLOCK_COW
	export SANDLOCK_OCI T
	cd "$T" || return 1
}

# Removes the containers of this test, whatever became of them, and demands that nothing of them is left.
teardown_sandlock() {
	local state id left
	[ -n "${T:-}" ] && [ -d "$T" ] || return 0
	cd / || return 1
	for state in "$T"/state "$T"/state-*; do
		[ -d "$state" ] || continue
		AS=${state#"$T/state"}
		AS=${AS#-}
		for id in $(sandlock list -q 2>/dev/null); do
			sandlock delete --force "$id" || true
		done
	done
	# a supervisor goes by itself, but a moment after its container; what removes a root in the background has its turn when nobody else wants one
	wait_for 30 no_container_processes 2>/dev/null || true
	left=$(container_processes)
	if [ -n "$left" ]; then
		echo "# processes left behind by this test:" >&2
		# shellcheck disable=SC2086 # a list of pids
		ps -o pid,ppid,user,stat,args -p ${left//$'\n'/,} >&2 || true
		# shellcheck disable=SC2086
		kill -9 $left 2>/dev/null
		return 1
	fi
}

# Pids that have this test's directory in a mount namespace of their own (containers) or our program's name and the directory in the
# command line (supervisors, half-made containers). Few forks: it runs after every test.
container_processes() {
	local name file arg0 host first
	# what is left of the path in mountinfo depends on the file system it lies on; this part is unique
	name=$(basename "$BATS_RUN_TMPDIR")${T#"$BATS_RUN_TMPDIR"}/
	host=$(readlink /proc/self/ns/mnt)
	# the shell may live in another one than the machine's first process, and may be unable to look at that
	first=$(readlink /proc/1/ns/mnt) || first=$host
	{
		grep -lF "$name" /proc/[0-9]*/mountinfo | grep -vx /proc/1/mountinfo | while read -r file; do
			case $(readlink "${file%/*}/ns/mnt") in
			"$host" | "$first") ;;
			*) echo "$file" ;;
			esac
		done
		grep -lF "$name" /proc/[0-9]*/cmdline | while read -r file; do
			IFS= read -r -d '' arg0 <"$file" && [[ $arg0 == *sandlock* ]] && echo "$file"
		done
	} 2>/dev/null | sed -n 's|^/proc/\([0-9]*\)/.*|\1|p' | sort -un
}

# cgroups_named PATTERN: the directories of that name (the pattern may have a slash) in the upper levels of every hierarchy. Not by find(1), which
# fails when a group of another test goes away under its feet.
cgroups_named() {
	local above
	for above in "" "*/" "*/*/"; do
		compgen -G "/sys/fs/cgroup/$above$1" || true
	done
}

no_container_processes() {
	[ -z "$(container_processes)" ]
}

# The program under test. $SANDLOCK_OCI wins, then the build directory, then an in-tree build. As root a copy is made that every user
# can execute (a build tree below /root cannot be entered).
find_binary() {
	local src=${SANDLOCK_OCI:-} copy=$BATS_RUN_TMPDIR/bin/${1:-sandlock-oci}
	if [ -z "$src" ]; then
		src=${top_builddir:-$HELPERS_DIR/../..}/sandlock-oci
	fi
	[ -x "$src" ] || { echo "no program to test: $src (set SANDLOCK_OCI or build first)" >&2; return 1; }
	if [ "$(id -u)" != 0 ] || [ "$src" = "$copy" ]; then
		readlink -f "$src"
		return
	fi
	if [ ! -x "$copy" ]; then
		mkdir -p "${copy%/*}"
		cp "$src" "$copy.$$" && chmod 0755 "$copy.$$" && mv "$copy.$$" "$copy" || return 1
	fi
	echo "$copy"
}

# find_program NAME: another program of the build, as find_binary.
find_program() {
	SANDLOCK_OCI=${top_builddir:-$HELPERS_DIR/../..}/$1 find_binary "$1"
}

# --- users ----------------------------------------------------------------------------------------------------------------

# Root only: makes the two users, once. A user of that name that is not ours is an error.
ensure_test_users() {
	local u
	(
		flock 9
		for u in "$TEST_USER" "$NOSUB_USER"; do
			if getent passwd "$u" >/dev/null; then
				[ "$(getent passwd "$u" | cut -d: -f5)" = "$TEST_MARK" ] || {
					echo "a user $u exists that these tests did not make" >&2
					exit 1
				}
			else
				useradd --create-home --shell /bin/sh --comment "$TEST_MARK" "$u" || exit 1
			fi
		done
		# only if need be: a file that is replaced takes away mounts that podman's tests have on it in their namespaces
		! grep -qs "^$NOSUB_USER:" /etc/subuid /etc/subgid || sed -i "/^$NOSUB_USER:/d" /etc/subuid /etc/subgid
		give_subids "$TEST_USER"
	) 9>/run/lock/sandlock-oci-test-users
}

# as USER COMMAND...: with a clean environment, the user's own HOME and XDG_RUNTIME_DIR and no capabilities, as after a login.
# USER empty or oneself: just runs it.
as() {
	local user=$1 xdg pass
	shift
	if [ -z "$user" ] || [ "$user" = "$(id -un)" ]; then
		"$@"
		return
	fi
	xdg=$T/xdg-$user
	[ -d "$xdg" ] || install -d -m 0700 -o "$user" -g "$user" "$xdg"
	pass=()
	for v in SANDLOCK_COW TERM; do
		[ -z "${!v:-}" ] || pass+=("$v=${!v}")
	done
	setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all \
		env -i "HOME=$(getent passwd "$user" | cut -d: -f6)" "USER=$user" "LOGNAME=$user" "XDG_RUNTIME_DIR=$xdg" \
		PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin "SANDLOCK_OCI=$SANDLOCK_OCI" "T=$T" \
		"${pass[@]}" "$@"
}

# Directory that AS owns, for bundles and stores: $T/NAME.
user_dir() {
	local dir=$T/$1
	mkdir -p "$dir"
	[ -z "${AS:-}" ] || chown "$AS:" "$dir"
	echo "$dir"
}

# --- the program ----------------------------------------------------------------------------------------------------------

# State root of AS.
state_root() {
	local dir=$T/state${AS:+-$AS}
	if [ ! -d "$dir" ]; then
		install -d -m 0700 "$dir"
		[ -z "${AS:-}" ] || chown "$AS:" "$dir"
	fi
	echo "$dir"
}

# sandlock ARGS...: the program as AS with a state root of this test.
sandlock() {
	as "${AS:-}" "$SANDLOCK_OCI" --root "$(state_root)" "$@"
}

# status_of ID: the status word of `state`, or "gone".
status_of() {
	local doc
	doc=$(sandlock state "$1" 2>/dev/null) && jq -r .status <<<"$doc" || echo gone
}

pid_of() {
	sandlock state "$1" | jq -r .pid
}

# wait_for SECONDS COMMAND...: repeats the command until it succeeds; four times as long on a machine that has more to do.
wait_for() {
	local end=$((SECONDS + 4 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*" >&2; return 1; }
		sleep 0.05
	done
}

is_status() {
	[ "$(status_of "$1")" = "$2" ]
}

# shift_owners DIR USER, subid uid|gid USER
# shellcheck source=../lib/subids.bash
. "$HELPERS_DIR/../lib/subids.bash"

# --- roots and bundles ----------------------------------------------------------------------------------------------------

# make_busybox_root DIR: a small root file system, owned by whoever calls (see give_to).
make_busybox_root() {
	local dir=$1 bb a
	bb=$(command -v busybox) || { echo "busybox is not installed" >&2; return 1; }
	mkdir -p "$dir"/{bin,etc,root,home,proc,sys,dev,run,usr/bin,var/log,var/lib}
	mkdir -p "$dir/tmp"
	cp "$bb" "$dir/bin/busybox"
	for a in $("$bb" --list); do
		[ -e "$dir/bin/$a" ] || ln -s busybox "$dir/bin/$a"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' >"$dir/etc/passwd"
	printf 'root:x:0:\ndaemon:x:1:\nuser:x:1000:\n' >"$dir/etc/group"
	echo "hello from the image" >"$dir/etc/motd"
	chmod 0755 "$dir" "$dir"/*/
	chmod 1777 "$dir/tmp"
}

# A root that all tests of the run share and none changes (it is checked by nobody: take a copy to write to it). Prints its path.
shared_busybox_root() {
	local dir=$BATS_RUN_TMPDIR/busybox-root
	(
		flock 9
		[ -d "$dir" ] || { make_busybox_root "$dir.new" && mv "$dir.new" "$dir"; }
	) 9>"$BATS_RUN_TMPDIR/busybox-root.lock" >&2
	echo "$dir"
}

# give_to USER DIR...: the tree and everything in it becomes the user's (its uid appears as 0 in its user namespace).
give_to() {
	local user=$1
	shift
	chown -hR "$user:$(id -g "$user")" "$@"
}

# make_bundle [DIR [ROOTFS]]: a bundle of AS in $T/bundle (or DIR) with the config.json of `spec`, no terminal, and args /bin/true. ROOTFS: a
# directory to point root.path at; default: a private copy of the busybox root. Prints the bundle's path.
make_bundle() {
	local dir=${1:-$T/bundle} rootfs=${2:-} rootless=
	mkdir -p "$dir"
	if [ -z "$rootfs" ]; then
		cp -a "$(shared_busybox_root)" "$dir/rootfs"
		rootfs=rootfs
	fi
	[ -z "${AS:-}" ] || give_to "$AS" "$dir"
	[ "$(as "${AS:-}" id -u)" = 0 ] || rootless=--rootless
	sandlock spec $rootless --bundle "$dir" >&2 || return 1
	edit_config "$dir" '.process.terminal = false | .process.args = ["/bin/true"] | .root.readonly = false | .root.path = $rootfs' \
		--arg rootfs "$rootfs" || return 1
	echo "$dir"
}

# edit_config BUNDLE JQ-FILTER [JQ-OPTION...]: changes config.json; the file keeps its owner.
edit_config() {
	local file=$1/config.json filter=$2
	shift 2
	jq "$filter" "$@" <"$file" >"$BATS_TEST_TMPDIR/config.new" && cat "$BATS_TEST_TMPDIR/config.new" >"$file"
}

# map_root BUNDLE: a user namespace whose root is 300000 here, and to whom the root file system belongs. As root.
map_root() {
	chown -hR 300000:300000 "$1/rootfs"
	edit_config "$1" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 300000, size: 1000}] |
		.linux.gidMappings = .linux.uidMappings'
}

# set_args BUNDLE ARG...: process.args.
set_args() {
	local dir=$1
	shift
	edit_config "$dir" '.process.args = $ARGS.positional' --args -- "$@"
}

# set_script BUNDLE: process.args becomes /bin/sh -ec with the script on stdin.
set_script() {
	set_args "$1" /bin/sh -ec "$(cat)"
}

# --- proof that a tree did not change -------------------------------------------------------------------------------------

# snapshot_tree DIR: one text for the whole tree.
# shellcheck source=../lib/snapshot.bash
. "$HELPERS_DIR/../lib/snapshot.bash"

# assert_tree_unchanged SNAPSHOT-FILE DIR
assert_tree_unchanged() {
	snapshot_tree "$2" >"$BATS_TEST_TMPDIR/snapshot.now" || return 1
	if ! cmp -s "$1" "$BATS_TEST_TMPDIR/snapshot.now"; then
		echo "$2 has changed:" >&2
		diff "$1" "$BATS_TEST_TMPDIR/snapshot.now" | head -20 >&2
		return 1
	fi
}

# --- assertions -----------------------------------------------------------------------------------------------------------
# After `run`; they print what was there, which bats shows when the test fails.

assert_success() {
	# shellcheck disable=SC2154 # set by run
	[ "$status" -eq 0 ] || { printf 'exit status %s, output:\n%s\n' "$status" "$output" >&2; return 1; }
}

# assert_failure [STATUS]
assert_failure() {
	if [ "$status" -eq 0 ] || { [ $# -gt 0 ] && [ "$status" -ne "$1" ]; }; then
		printf 'exit status %s, wanted %s, output:\n%s\n' "$status" "${1:-a failure}" "$output" >&2
		return 1
	fi
	# a crash is never the failure that was meant
	if [ "$status" -ge 132 ] && [ "$status" -ne 137 ] && [ "$status" -ne 143 ] && [ $# -eq 0 ]; then
		printf 'died by signal %s, output:\n%s\n' $((status - 128)) "$output" >&2
		return 1
	fi
}

assert_output() {
	[ "$output" = "$1" ] || { printf 'output:\n%s\nwanted:\n%s\n' "$output" "$1" >&2; return 1; }
}

# assert_output_has TEXT...: each as a plain substring.
assert_output_has() {
	local text
	for text; do
		[[ $output == *"$text"* ]] || { printf 'output:\n%s\nlacks: %s\n' "$output" "$text" >&2; return 1; }
	done
}

assert_output_lacks() {
	[[ $output != *"$1"* ]] || { printf 'output:\n%s\nmust not have: %s\n' "$output" "$1" >&2; return 1; }
}

# refute COMMAND...: fails if the command succeeds. A bare `! command` cannot fail a bats test.
refute() {
	if "$@"; then
		echo "succeeded, but must not: $*" >&2
		return 1
	fi
}

# --- requires -------------------------------------------------------------------------------------------------------------
# "other part" is no real skip: the test runs in the suite's other half. "host" names what this machine lacks.

requires_root() {
	[ "$(id -u)" = 0 ] || skip "other part: needs root"
}

requires_user() {
	[ "$(id -u)" != 0 ] || skip "other part: needs an ordinary user"
}

# Root that can act for ordinary users.
requires_test_users() {
	requires_root
	ensure_test_users
}

requires_command() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip "host: no command $c"
	done
}

# requires_kernel MAJOR.MINOR
requires_kernel() {
	local have
	have=$(uname -r)
	[ "$(printf '%s\n%s\n' "$1" "${have%%-*}" | sort -V | head -1)" = "$1" ] || skip "host: kernel $have is older than $1"
}

requires_userns() {
	as "${AS:-}" unshare -U true 2>/dev/null || skip "host: no user namespaces for $(as "${AS:-}" id -un)"
}

# Subordinate ids of the acting user, and the setuid helpers.
requires_subids() {
	local user=${AS:-$(id -un)}
	requires_command newuidmap newgidmap
	if ! grep -q "^$user:" /etc/subuid || ! grep -q "^$user:" /etc/subgid; then
		skip "host: no subordinate ids for $user"
	fi
}

requires_cgroup_v2() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "host: no pure cgroup v2"
}

# requires_landlock ABI
requires_landlock() {
	local abi
	requires_command perl
	abi=$(perl -e 'print syscall(444, 0, 0, 1)') # landlock_create_ruleset, LANDLOCK_CREATE_RULESET_VERSION
	[ "$abi" -ge "$1" ] || skip "host: Landlock ABI $abi, not $1"
}

requires_overlayfs() {
	grep -qw overlay /proc/filesystems || skip "host: no overlayfs"
}

# requires_xattrs DIR: user.* extended attributes.
requires_xattrs() {
	requires_command setfattr
	: >"$1/.xattr-probe"
	setfattr -n user.probe -v 1 "$1/.xattr-probe" 2>/dev/null || { rm -f "$1/.xattr-probe"; skip "host: no user xattrs in $1"; }
	rm -f "$1/.xattr-probe"
}

requires_reflink() {
	: >"$1/.reflink-probe"
	cp --reflink=always "$1/.reflink-probe" "$1/.reflink-probe2" 2>/dev/null || { rm -f "$1"/.reflink-probe*; skip "host: no reflinks in $1"; }
	rm -f "$1"/.reflink-probe*
}

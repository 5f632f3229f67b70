#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Many containers at once: none is lost, nothing is left. SANDLOCK_PARALLEL says how many (default 40; 200 is what is asked of a release).
# covers: concurrency

# many processes at once on a machine that may have other things to do
export BATS_TEST_TIMEOUT=400

load helpers

setup() {
	setup_sandlock
	N=${SANDLOCK_PARALLEL:-40}
}

teardown() {
	teardown_sandlock
}

# each FUNCTION: for c1 ... cN, 24 at a time; fails if one fails.
each() {
	# shellcheck disable=SC2163 # the function of that name
	export -f "$1" as sandlock state_root
	export AS TEST_USER T SANDLOCK_OCI
	seq "$N" | xargs -P 24 -I{} bash -c "$1 c{}"
}

make_one() { sandlock create --bundle "$T/bundle" "$@" >"$T/out-$1" 2>&1 </dev/null || { cat "$T/out-$1" >&2; return 255; }; }
start_one() { sandlock start "$1"; }
exec_one() { sandlock exec "$1" sh -c "echo ran >>/tmp/it"; }
kill_one() { sandlock kill "$1" KILL; }
delete_one() { sandlock delete --force "$1"; }
run_one() { [ "$(sandlock run --bundle "$T/bundle" "$1" 2>"$T/err-$1")" = hello ] || { cat "$T/err-$1" >&2; return 255; }; }

left() {
	ls "$(state_root)"
	pgrep -f "$T/bundle" || true
	grep -F "$T" /proc/self/mountinfo || true
	cgroups_named "c*-$SUFFIX"
	ls -d "$T"/bundle/.sandlock-cow-* 2>/dev/null || true
}

bundle() {
	mkdir "$T/bundle"
	make_bundle "$T/bundle" "$(shared_busybox_root)" >/dev/null
	set_args "$T/bundle" "$@"
	# the groups' names end with a hash of the state root
	sandlock create --bundle "$T/bundle" probe
	SUFFIX=$(jq -r '."cgroup-path" // "none"' "$(state_root)/probe/status")
	SUFFIX=${SUFFIX##*-}
	sandlock delete --force probe
}

life_of_many() {
	each make_one
	sandlock list --format json >"$T/list"
	jq -e --argjson n "$N" 'length == $n and all(.[]; .status == "created")' "$T/list"
	[ "$(jq '[.[].pid] | unique | length' "$T/list")" = "$N" ]
	each start_one
	each exec_one
	sandlock list --format json | jq -e --argjson n "$N" 'length == $n and all(.[]; .status == "running")'
	each kill_one
	each delete_one
	left >"$T/left"
	[ ! -s "$T/left" ] || { cat "$T/left"; return 1; }
}

# covers: lifecycle many at once
@test "create, start, exec, kill, delete of many at once" {
	bundle sleep 1000
	edit_config "$T/bundle" '.root.readonly = true | .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]'
	life_of_many
}

# covers: lifecycle many at once
@test "the same with copy-on-write: roots that are populated at once" {
	many_roots eager
}

@test "the same with copy-on-write: roots that are populated lazily" {
	many_roots lazy
}

many_roots() {
	bundle sleep 1000
	snapshot_tree "$(shared_busybox_root)" >"$T/before"
	edit_config "$T/bundle" '.annotations = {"run.sandlock.cow": "on", "run.sandlock.cow.populate": $how}' --arg how "$1"
	life_of_many
	assert_tree_unchanged "$T/before" "$(shared_busybox_root)"
}

@test "run of many at once, each with a copy-on-write root of its own" {
	bundle sh -c 'echo hello; echo mine >/etc/motd; [ "$(cat /etc/motd)" = mine ]'
	snapshot_tree "$(shared_busybox_root)" >"$T/before"
	edit_config "$T/bundle" '.annotations = {"run.sandlock.cow": "on"}'
	each run_one
	assert_tree_unchanged "$T/before" "$(shared_busybox_root)"
	left >"$T/left"
	[ ! -s "$T/left" ] || { cat "$T/left"; return 1; }
}

@test "one id for many creates: one wins, the others say so" {
	bundle sleep 1000
	same_one() { sandlock create --bundle "$T/bundle" same >"$T/out-$1" 2>&1 </dev/null && echo "$1" >>"$T/winners" || grep -q 'already exists' "$T/out-$1"; }
	each same_one
	[ "$(wc -l <"$T/winners")" = 1 ]
	[ "$(sandlock list -q)" = same ]
	sandlock start same
	# and one delete wins; with --force all succeed
	same_delete() { sandlock delete --force same; }
	each same_delete
	left >"$T/left"
	[ ! -s "$T/left" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The proof of all COW tests is snapshot_tree: it has to notice every kind of change.

load helpers

setup() {
	T=$BATS_TEST_TMPDIR
	mkdir -p "$T/tree/dir"
	echo one >"$T/tree/file"
	echo two >"$T/tree/dir/it's a \"file\""
	printf x >"$T/tree/dir/"$'new\nline'
	ln -s file "$T/tree/link"
	mkfifo "$T/tree/fifo"
	snapshot_tree "$T/tree" >"$T/before"
}

changed() {
	! assert_tree_unchanged "$T/before" "$T/tree" 2>/dev/null
}

@test "a tree that nobody touches has not changed" {
	cat "$T/tree/file" >/dev/null
	assert_tree_unchanged "$T/before" "$T/tree"
}

@test "a hard link outside of the tree is no change" {
	ln "$T/tree/file" "$T/other"
	assert_tree_unchanged "$T/before" "$T/tree"
}

@test "same size, same mtime, other content is noticed" {
	touch -r "$T/tree/file" "$T/ref"
	echo eno >"$T/tree/file"
	touch -r "$T/ref" "$T/tree/file"
	changed
}

@test "a mode is noticed" {
	chmod u+s "$T/tree/file"
	changed
}

@test "one nanosecond of mtime is noticed" {
	touch -d '2001-02-03 04:05:06.000000001' "$T/tree/file"
	snapshot_tree "$T/tree" >"$T/before"
	touch -d '2001-02-03 04:05:06.000000002' "$T/tree/file"
	changed
}

@test "an owner is noticed" {
	requires_root
	chown 4711 "$T/tree/file"
	changed
}

@test "an xattr is noticed" {
	requires_xattrs "$T"
	setfattr -n user.x -v 1 "$T/tree/dir/it's a \"file\""
	changed
}

@test "a deleted, an added and a renamed name are noticed" {
	mv "$T/tree/dir/"$'new\nline' "$T/tree/dir/"$'new\nlin'
	changed
}

@test "a link's target is noticed" {
	ln -sfn elif "$T/tree/link"
	changed
}

@test "a changed file whose name has a newline is noticed" {
	printf y >"$T/tree/dir/"$'new\nline'
	changed
}

@test "processes that a test leaves behind are found" {
	setup_sandlock
	make_bundle >/dev/null
	set_args "$T/bundle" /bin/sleep 50
	[ -z "$(container_processes)" ]
	sandlock create --cow=on -b "$T/bundle" c 3>&-
	sandlock start c
	pid=$(pid_of c)
	grep -qx "$pid" <(container_processes)
	# the container, its supervisor and the shepherd of that
	[ "$(container_processes | wc -l)" = 3 ]
	sandlock delete -f c
	teardown_sandlock
}

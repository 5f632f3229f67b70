#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What make install puts where, and that make uninstall takes it away.

load helpers

setup() {
	[ -f "${top_builddir:-}/Makefile" ] || skip "other part: no build directory"
	command -v make >/dev/null || skip "host: no command make"
	T=$BATS_TEST_TMPDIR
	make -s -C "$top_builddir" install DESTDIR="$T/d" >/dev/null 2>&1 3>&-
	prefix=$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")
}

@test "the program, its short name and the podman drop-in are installed" {
	[ -x "$T/d$prefix/bin/sandlock-oci" ]
	[ "$(readlink "$T/d$prefix/bin/sandlock")" = sandlock-oci ]
	conf=$(find "$T/d" -name 50-sandlock.conf)
	[[ $conf == */containers/containers.conf.d/50-sandlock.conf ]]
	grep -qx "sandlock = \\[\"$prefix/bin/sandlock-oci\"\\]" "$conf"
	refute grep -q '@' "$conf"
}

@test "every manual page is installed, if there is anything to make them with" {
	if ! command -v go-md2man >/dev/null && [ ! -f "${top_srcdir:-.}/docs/man/sandlock-oci.1" ]; then
		skip "host: no command go-md2man"
	fi
	for page in "${top_srcdir:-$HELPERS_DIR/../..}"/docs/man/*.1.md; do
		[ -s "$T/d$prefix/share/man/man1/$(basename "$page" .md)" ]
	done
}

@test "uninstall leaves no file" {
	make -s -C "$top_builddir" uninstall DESTDIR="$T/d" >/dev/null 2>&1 3>&-
	[ -z "$(find "$T/d" ! -type d)" ]
}

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

# covers: caller podman: what it looks up by the name of the runtime
@test "the program, its short name and the podman drop-in are installed" {
	[ -x "$T/d$prefix/bin/sandlock-oci" ]
	[ "$(readlink "$T/d$prefix/bin/sandlock")" = sandlock-oci ]
	conf=$(find "$T/d" -name 50-sandlock.conf)
	[[ $conf == */containers/containers.conf.d/50-sandlock.conf ]]
	grep -qx "sandlock = \\[\"$prefix/bin/sandlock-oci\"\\]" "$conf"
	refute grep -q '@' "$conf"
}

@test "podman's storage: the mount program, the wrapper and its storage.conf name each other" {
	[ -x "$T/d$prefix/bin/sandlock-mount" ]
	grep -qx "bindir=$prefix/bin" "$T/d$prefix/bin/sandlock-podman"
	grep -qx "datadir=$prefix/share/sandlock-oci" "$T/d$prefix/bin/sandlock-podman"
	grep -qx "mount_program = \"$prefix/bin/sandlock-mount\"" "$T/d$prefix/share/sandlock-oci/storage.conf"
	refute grep -q '@[a-z]*@' "$T/d$prefix/bin/sandlock-podman" "$T/d$prefix/share/sandlock-oci/storage.conf"
}

@test "sandlock-podman refuses what would bypass the guard, but not a container's own words" {
	local bin=$T/stub
	mkdir "$bin"
	printf '#!/bin/sh\necho "$0: $*; $CONTAINERS_STORAGE_CONF $BUILDAH_RUNTIME"\n' >"$bin/podman"
	cp "$bin/podman" "$bin/buildah"
	chmod +x "$bin"/*
	export PATH=$bin:$PATH SANDLOCK_STORAGE_CONF=$T/d$prefix/share/sandlock-oci/storage.conf
	wrapper=$T/d$prefix/bin/sandlock-podman
	for words in "--runtime crun run x" "--runtime=crun ps" "build --isolation chroot ." "--log-level=info build --isolation=chroot ." \
		"--buildah bud --runtime crun ." "--buildah run --isolation chroot c"; do
		# shellcheck disable=SC2086
		run "$wrapper" $words
		assert_failure 125
		assert_output_has "would write through hard links"
	done
	BUILDAH_ISOLATION=chroot run "$wrapper" ps
	assert_failure 125
	run "$wrapper" run x --runtime=y --isolation=chroot
	assert_success
	assert_output "$bin/podman: --runtime=$prefix/bin/sandlock-oci run x --runtime=y --isolation=chroot; $SANDLOCK_STORAGE_CONF $prefix/bin/sandlock-oci"
	run "$wrapper" --buildah run c -- --runtime z
	assert_success
	SANDLOCK_STORAGE_CONF=$T/none run "$wrapper" ps
	assert_failure 125
	assert_output_has "cannot read $T/none"
}

@test "sandlock-build is installed with what it runs" {
	program=$(sed -n "s/^exec python3 -B '\(.*\)' .*/\1/p" "$T/d$prefix/bin/sandlock-build")
	python3 -B "$T/d$program" --help | grep -q -- --clear-cache
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

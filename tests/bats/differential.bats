#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random file operations with copy-on-write and on a plain copy of the image: tests/differential. A few hundred seeds; `make check-differential` tries more.

export BATS_TEST_TIMEOUT=300 # on a busy machine
load helpers

setup() {
	setup_sandlock
	RUN=${top_srcdir:-$HELPERS_DIR/../..}/tests/differential/run
	FILEOPS=${FILEOPS:-${top_builddir:-$HELPERS_DIR/../..}/tests/differential/fileops}
	[ -x "$FILEOPS" ] || { echo "build it first: make tests/differential/fileops" >&2; return 1; }
	if [ "$(id -u)" = 0 ]; then # where every user can execute it
		cp "$FILEOPS" "$T/fileops"
		FILEOPS=$T/fileops
	fi
	export FILEOPS
}

teardown() {
	teardown_sandlock
}

@test "as whoever runs it: 60 seeds, linked and copied" {
	[ "$(id -u)" = 0 ] || requires_userns
	# 0: what differed once
	"$RUN" --seeds 60 --from 0 --modes "link copy" --dir "$T"
}

@test "a difference is found, shrunk to the operation that matters, and shown" {
	requires_root
	# a runtime whose containers with copy-on-write cannot chown
	cat >"$T/fake" <<-END
		#!/bin/sh
		case "\$*" in
		*--cow=on*) for a; do [ ! -e "\$a/config.json" ] || sed -i 's/"CAP_CHOWN",//' "\$a/config.json"; done ;;
		esac
		exec "$SANDLOCK_OCI" "\$@"
	END
	chmod +x "$T/fake"
	SANDLOCK_OCI=$T/fake run "$RUN" --seeds 5 --from 1 --dir "$T" --shrink 1
	assert_failure 1
	assert_output_has 'with copy-on-write the first difference is'
	# seed, and the few operations that are left
	[[ $output =~ '--- seed '[0-9]+':'[0-9,]+', root, link' ]]
	[ "$(grep -c '^[0-9]* .*chown' <<<"$output")" -ge 1 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Some 300 configurations, odd ones among them, have the same outcome with crun; or another, for a reason that ../configs/cases names.

# Several hundred containers; the default is for one.
BATS_TEST_TIMEOUT=900
export BATS_TEST_TIMEOUT

load helpers

setup() {
	setup_sandlock
	requires_root
	requires_command crun jq
}

teardown() {
	teardown_sandlock
}

# covers: lifecycle create fails atomically
@test "the outcome of each configuration is crun's, or the difference is meant" {
	mkdir "$T/configs"
	"$HELPERS_DIR/../configs/run" "$HELPERS_DIR/../configs/cases" "$T/configs" >"$T/tap" 2>&1 || { grep -E '^(#|not ok)' "$T/tap"; return 1; }
	[ "$(grep -c '^ok' "$T/tap")" -gt 280 ]
	# crun gives its input away
	[ "$(stat -c %u /dev/null)" = 0 ]
}

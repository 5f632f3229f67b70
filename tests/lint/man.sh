#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual and the program name the same commands: the rows are in src/cli/*.c, one `.name = "…"` per struct command.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

commands=$(sources src/cli -- '*.c' | while read -r f; do
	awk '/^(static )?const struct command cmd_[a-z_]* = \{/ { row = 1 }
		row && match($0, /\.name = "[a-z]+"/) { print substr($0, RSTART + 9, RLENGTH - 10); row = 0 }' "$f"
done | sort -u)
pages=$(find docs/man -name 'sandlock-oci-*.1.md' 2>/dev/null | sed 's|.*/sandlock-oci-\(.*\)\.1\.md|\1|' | sort)

result "the program has commands" "$([ -n "$commands" ] || echo "no rows found in src/cli (const struct command cmd_X = { .name = ...)")"
result "every command has a manual page" "$(comm -23 <(echo "$commands") <(echo "$pages") | sed '/^$/d; s|.*|docs/man/sandlock-oci-&.1.md is missing|')"
result "every manual page has a command" "$(comm -13 <(echo "$commands") <(echo "$pages") | sed '/^$/d; s|.*|docs/man/sandlock-oci-&.1.md: no such command|')"
result "sandlock-oci(1) lists every command" "$(for c in $commands; do
	tr -d '*' <docs/man/sandlock-oci.1.md | grep -qF "sandlock-oci-$c(1)" || echo "docs/man/sandlock-oci.1.md does not name sandlock-oci-$c(1)"
done)"
result "the automake lists have every page" "$(for p in docs/man/*.md; do
	grep -qF "${p%.md}" docs/Makemodule.am || echo "docs/Makemodule.am does not name ${p%.md}"
done)"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual and the program name the same commands and options. Commands are the rows of commands[] (&cmd_NAME) in src/cli/main.c, options the rows
# `{ "name", 'n', OPTION_…` of struct option_row in src/cli.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

commands=$(awk '/commands\[\] = \{/ { rows = 1 } rows { print } rows && /\};/ { exit }' src/cli/main.c 2>/dev/null |
	grep -oE '&cmd_[a-z]+' | sed 's/&cmd_//' | sort -u)
pages=$(find docs/man -name 'sandlock-oci-*.1.md' 2>/dev/null | sed 's|.*/sandlock-oci-\(.*\)\.1\.md|\1|' | sort)

result "the program has commands" "$([ -n "$commands" ] || echo "no rows found in src/cli/main.c, commands[]")"
result "every command has a manual page" "$(comm -23 <(echo "$commands") <(echo "$pages") | sed '/^$/d; s|.*|docs/man/sandlock-oci-&.1.md is missing|')"
result "every manual page has a command" "$(comm -13 <(echo "$commands") <(echo "$pages") | sed '/^$/d; s|.*|docs/man/sandlock-oci-&.1.md: no such command|')"
result "sandlock-oci(1) lists every command" "$(for c in $commands; do
	tr -d '*' <docs/man/sandlock-oci.1.md | grep -qF "sandlock-oci-$c(1)" || echo "docs/man/sandlock-oci.1.md does not name sandlock-oci-$c(1)"
done)"

# options FILE: long options of a file's rows
options() {
	sed -n 's/^[[:space:]]*{ \{0,1\}"\([a-z-]*\)", .*OPTION_.*/\1/p' "$1" 2>/dev/null
}
# page NAME FILE...: the options of FILEs that a page does not name
forgotten() {
	local page=docs/man/$1.1.md f o
	shift
	[ -f "$page" ] || return 0
	for f; do
		for o in $(options "$f"); do
			tr -d '*' <"$page" | grep -qE "^(-., )?--$o( |\[|=|$)" || echo "$page does not describe --$o"
		done
	done
}
result "every option is in its manual page" "$(for c in $commands; do
	forgotten "sandlock-oci-$c" "src/cli/$c.c"
	! grep -qs create_options.h "src/cli/$c.c" || forgotten "sandlock-oci-$c" src/cli/create_options.h
done
forgotten sandlock-oci src/cli/main.c
forgotten sandlock-mount src/cli/mount_main.c)"
result "the automake lists have every page" "$(for p in docs/man/*.md; do
	grep -qF "${p%.md}" docs/Makemodule.am || echo "docs/Makemodule.am does not name ${p%.md}"
done)"
done_testing

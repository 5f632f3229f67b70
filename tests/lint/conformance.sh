#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/oci-conformance.md: every row has a test or a reason why not, every marker has a row, every key that the parser knows has one, and the page is the one that
# tests/conformance/table prints.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

table=$lint_dir/../conformance/table
[ -d tests/conformance ] || skip_all "no table in this tree"

result "every row has a test or a reason, every marker a row" "$("$table" --problems . 2>&1)"
# ROW_KIND("key", ...) in libocispec; the parts of rows, between dots, braces and commas
result "every key of the parser has a row" "$(comm -23 \
	<(sed -n 's/.*ROW_[A-Z]*("\([A-Za-z0-9]*\)".*/\1/p' libocispec/oci_*.c 2>/dev/null | sort -u) \
	<(cut -f1 tests/conformance/config.rows | grep -v '^[#=]' | tr '.{},' '\n' | sort -u) |
	sed 's/.*/tests\/conformance\/config.rows has no row for the key "&"/')"
# shellcheck disable=SC2046 # names without blanks
# option COMMAND NAME, from the tables that make --help; create and run share theirs, "-" are the global ones
result "every command and every option has a row" "$(comm -23 \
	<(awk -f "$lint_dir/../../contrib/completions/rows.awk" $(ls src/cli/main.c src/cli/create_options.h src/cli/*.c 2>/dev/null) | awk -F'\t' '
		$1 == "command" { print "command " $2 }
		$1 == "option" { print $2 == "-" ? "option --" $3 : "command " $2 " --" $3 }' | sort -u) \
	<(for kind in option command; do cut -f1 "tests/conformance/$kind.rows" 2>/dev/null | sed -n "/^[#=]/d; /./s/^/$kind /p"; done | sort -u) |
	sed 's/.*/tests\/conformance has no row for "&"/')"
result "docs/oci-conformance.md is current" "$("$table" . 2>&1 | diff docs/oci-conformance.md - >/dev/null 2>&1 ||
	echo "it is not what tests/conformance/table prints: run make conformance")"
done_testing

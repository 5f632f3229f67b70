#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Formatting as .clang-format says. Versions of clang-format differ in details: 14 is the reference.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

tool=$(command -v clang-format-14 || command -v clang-format) || skip_all "host: no command clang-format"
"$tool" --version | grep -q 'version 14\.' || skip_all "host: clang-format is not version 14"

while read -r f; do
	result "$f" "$("$tool" --dry-run --Werror "$f" 2>&1 | grep -E 'error|warning' | head -3)"
done < <(sources src libocispec tests -- '*.c' '*.h')
done_testing

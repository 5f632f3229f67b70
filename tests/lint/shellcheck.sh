#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs shellcheck over all scripts and .bats files.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

command -v shellcheck >/dev/null || skip_all "host: no command shellcheck"

scripts() {
	sources . -- '*.sh' '*.bats' '*.bash' | grep -v '^./build-aux/'
	# scripts without an ending
	find . -maxdepth 1 -type f -perm -u+x
	find .ci contrib tests -type f -perm -u+x ! -name '*.*' 2>/dev/null
}

while read -r f; do
	case $(head -c 80 "$f" | head -1) in
	'#!'*sh | '#!'*bats | '# SPDX'*) ;;
	*) continue ;;
	esac
	case $f in configure* | config.status | libtool | conftest*) continue ;; esac
	result "${f#./}" "$(shellcheck -f gcc "$f" 2>&1 | head -10)"
done < <(scripts | sed 's|^\./||' | sort -u)
done_testing

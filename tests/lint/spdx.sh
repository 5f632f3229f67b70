#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every source file names its licence in the first two lines (configure.ac and Makefile.am too).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

want='SPDX-License-Identifier: GPL-2.0-or-later'
problems=$({
	sources src libocispec tests contrib docs -- '*.c' '*.h' '*.def' '*.sh' '*.bats' '*.bash' '*.awk'
	find .ci contrib tests -type f -perm -u+x ! -name 'test-*' ! -name 'fuzz-*' ! -name '*.*' 2>/dev/null
	ls configure.ac Makefile.am autogen.sh quickstart .ci/run 2>/dev/null
} | sort -u | while read -r f; do
	head -2 "$f" | grep -qF "$want" || { head -3 "$f" | grep -qF "$want" && head -1 "$f" | grep -q '^#!'; } || echo "$f"
done)
result "every source file has an SPDX line" "$problems"
done_testing

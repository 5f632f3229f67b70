#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every system call number of the build headers has exactly one row in handlers/syscalls.def, for each architecture that has a compiler here; and
# the code of the guard compiles for it. TAP.
set -uo pipefail
src=${top_srcdir:-$(cd "$(dirname "$0")/../../.." && pwd)}
build=${top_builddir:-$src}
n=0
failed=0

result() { # OK DESCRIPTION
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# Names that the headers define.
header_names() { # CC
	echo '#include <asm/unistd.h>' | "$1" -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/\1/p' |
		grep -vxE 'syscalls|arch_specific_syscall' | sort
}

# Names that the table has for that compiler's architecture.
table_names() { # CC
	{
		for m in ALLOW REFUSE FANOTIFY OPEN OPENAT IOCTL MOUNT NOTIFY PATH SENDTO; do
			echo "#define $m(name, ...) ROW name"
		done
		cat "$src/src/handlers/syscalls.def"
	} | "$1" -E - 2>/dev/null | sed -n 's/^ROW \([a-z0-9_]*\).*/\1/p' | sort
}

check_arch() { # CC NAME
	local missing twice
	missing=$(comm -23 <(header_names "$1") <(table_names "$1"))
	# shellcheck disable=SC2086 # one line per name
	[ -z "$missing" ] || printf '# no verdict: %s\n' $missing
	[ "$(header_names "$1" | wc -l)" -gt 250 ] && [ -z "$missing" ]
	result $? "$2: every number of the headers has a verdict"
	twice=$(table_names "$1" | uniq -d)
	# shellcheck disable=SC2086
	[ -z "$twice" ] || printf '# twice: %s\n' $twice
	[ -z "$twice" ]
	result $? "$2: no number has two"
}

compile_for() { # CC NAME
	local f log bad=0
	for f in "$src"/src/{host,tracee,handlers,supervisor}/*.c "$src"/src/seccomp/notify_set.c "$src"/src/cow/*.c; do
		log=$("$1" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-missing-field-initializers -fsyntax-only \
			-I"$build" -I"$src" -I"$src/src" -include config.h -include base/banned.h "$f" 2>&1) || {
			printf '%s\n' "$log" | sed 's/^/# /'
			bad=1
		}
	done
	return $bad
}

check_arch "${CC:-cc}" "$(uname -m)"
if cross=$(command -v aarch64-linux-gnu-gcc) && echo '#include <asm/unistd.h>' | "$cross" -E - >/dev/null 2>&1; then
	check_arch "$cross" aarch64
	compile_for "$cross"
	result $? "aarch64: the guard compiles"
else
	n=$((n + 1))
	echo "ok $n - aarch64 # SKIP no cross compiler (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)"
fi
echo "1..$n"
exit $failed

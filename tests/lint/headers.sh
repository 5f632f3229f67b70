#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every header compiles alone and has its guard.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cc=${CC:-gcc}
command -v "${cc%% *}" >/dev/null || cc=cc
[ -f "$build/config.h" ] || skip_all "no config.h: configure first"

while read -r h; do
	name=${h#src/}
	# shellcheck disable=SC2086 # CC may have flags
	out=$(printf '#include "%s"\n' "$name" | $cc -std=gnu11 -Wall -Werror -Wno-unused -fsyntax-only -I"$build" -Isrc -I. -Itests \
		-include config.h -x c - 2>&1 | head -5)
	guard=SANDLOCK_$(echo "${name%.h}" | tr 'a-z/-' 'A-Z__')_H
	case $name in
	tests/lib/*) alt=SANDLOCK_TESTS_$(basename "${name%.h}" | tr 'a-z-' 'A-Z_')_H ;;
	libocispec/*) alt=${guard#SANDLOCK_LIBOCISPEC_} ;; # oci_config.h: OCI_CONFIG_H
	*) alt=$guard ;;
	esac
	grep -qE "^#ifndef ($guard|$alt|SANDLOCK_$alt)$" "$h" || out+="$h: the guard is to be $guard"
	result "$name" "$out"
done < <(sources src libocispec tests/lib -- '*.h')
done_testing

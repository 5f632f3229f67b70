# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the lints: where the sources are, and TAP. A lint takes the source tree as $1 (selftest.sh passes bad samples); default: the tree it
# lies in. All lints also run from a release tarball: no git here.

set -u
export LC_ALL=C
lint_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${1:-$(cd "$lint_dir/../.." && pwd)}
# shellcheck disable=SC2034 # used by headers.sh
build=${top_builddir:-$root}
cd "$root" || exit 99
count=0
failed=0

# result NAME PROBLEMS: one test; PROBLEMS empty means ok, else they are shown.
result() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$count"
	[ "$failed" = 0 ]
	exit
}

# sources DIR... -- PATTERN...: files below DIRs by name, sorted; what builds leave behind is not ours.
sources() {
	local dirs=() names=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		[ ! -e "$1" ] || dirs+=("$1")
		shift
	done
	shift
	while [ $# -gt 0 ]; do
		names+=(-o -name "$1")
		shift
	done
	[ ${#dirs[@]} -gt 0 ] || return 0
	find "${dirs[@]}" \( -name 'build*' -o -name '.git' -o -name autom4te.cache -o -name '*.new' -o -path './sandlock-oci-*' \) -prune -o \
		-type f \( "${names[@]:1}" \) -print | sort
}

# code FILE: its text without comments and without the insides of strings and characters; line numbers stay.
code() {
	awk '
	{
		line = $0
		out = ""
		n = length(line)
		for (i = 1; i <= n; i++) {
			c = substr(line, i, 1)
			two = substr(line, i, 2)
			if (comment) {
				if (two == "*/") { comment = 0; i++ }
				continue
			}
			if (quote != "") {
				if (c == "\\") i++
				else if (c == quote) { quote = ""; out = out c }
				continue
			}
			if (two == "/*") { comment = 1; i++; out = out " "; continue }
			if (c == "\"" || c == "\047") quote = c
			out = out c
		}
		# a string does not cross lines in C, but an include keeps its name
		quote = ""
		if (line ~ /^[ \t]*#[ \t]*include/) out = line
		print out
	}' "$1"
}

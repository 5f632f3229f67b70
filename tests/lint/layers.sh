#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which folder may include which: src/LAYERS. An entry there is a folder, or folder/file for a single header.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

[ -f src/LAYERS ] || { echo "Bail out! no src/LAYERS"; exit 99; }

# edges FOLDER: what it may include
edges() {
	sed -n "s/^$1:[[:space:]]*//p" src/LAYERS
}

is_allowed() {
	local from=$1 header=$2 e
	for e in "$from" base $(edges "$from"); do
		case $header in "$e" | "$e"/*) return 0 ;; esac
	done
	return 1
}

for dir in libocispec src/*/; do
	folder=$(basename "$dir")
	problems=
	[ -d "$dir" ] || continue
	if ! grep -q "^$folder:" src/LAYERS; then
		result "$folder" "src/$folder has no line in src/LAYERS"
		continue
	fi
	while IFS=: read -r file line header; do
		[ -n "$file" ] || continue
		if [[ $header != */* ]]; then
			problems+="$file:$line: \"$header\" is to be included as \"folder/file.h\""$'\n'
		elif ! is_allowed "$folder" "$header"; then
			problems+="$file:$line: $folder may not include \"$header\" (src/LAYERS)"$'\n'
		fi
	done < <(sources "$dir" -- '*.c' '*.h' '*.def' | while read -r f; do
		grep -Hn '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$f"
	done | sed 's/^\([^:]*\):\([0-9]*\):[^"]*"\([^"]*\)".*/\1:\2:\3/')
	result "$folder includes only what src/LAYERS allows" "${problems%$'\n'}"
done

# The edges themselves: only folders that exist, no cycle.
problems=$(awk -F: '
	/^#/ || NF < 2 { next }
	{ seen[$1] = 1; n = split($2, e, " "); for (i = 1; i <= n; i++) { if (e[i] ~ /\//) continue; to[$1] = to[$1] " " e[i]; used[e[i]] = $1 } }
	END {
		for (u in used) if (!(u in seen)) print "LAYERS: " used[u] " names " u ", which has no line"
		# repeated removal of folders without edges: what remains is a cycle
		for (round = 0; round < 100; round++)
			for (f in seen) {
				n = split(to[f], e, " "); open = 0
				for (i = 1; i <= n; i++) if (!(e[i] in gone)) open = 1
				if (!open) gone[f] = 1
			}
		for (f in seen) if (!(f in gone)) print "LAYERS: " f " is part of a cycle"
	}' src/LAYERS)
result "src/LAYERS has no cycle" "$problems"
done_testing

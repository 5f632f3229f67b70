#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for bash, zsh and fish: has the commands and options that the program has.

load helpers

setup() {
	setup_sandlock
	# once is enough, and the copy for the other half of the suite has no build tree
	requires_root
	C=${top_builddir:-$HELPERS_DIR/../..}/contrib/completions
	[ -e "$C/sandlock-oci" ] || { echo "build it first: make" >&2; return 1; }
}

teardown() {
	teardown_sandlock
}

# complete WORD...: what bash offers for the last word, sorted, in one line.
complete_bash() {
	bash -c '
		. "$1/sandlock-oci"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		COMPREPLY=()
		_sandlock_oci
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$C" "$@" | sort | tr '\n' ' ' | sed 's/ $//'
}

# options_of COMMAND...: as --help prints them, sorted, in one line.
options_of() {
	"$SANDLOCK_OCI" "$@" --help | sed -n '/^Options:/,$p' | grep -oE '^ +(-., +)?--[a-z0-9-]+' | tr -d ',' | tr -s ' ' '\n' | grep . | sort | tr '\n' ' ' | sed 's/ $//'
}

commands() {
	"$SANDLOCK_OCI" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "bash: every command and every option" {
	[ "$(complete_bash sandlock-oci '')" = "$(commands | sort | tr '\n' ' ' | sed 's/ $//')" ]
	[ "$(complete_bash sandlock-oci -)" = "$(options_of)" ]
	for command in $(commands); do
		[ "$(complete_bash sandlock-oci "$command" -)" = "$(options_of "$command")" ] || {
			echo "$command: $(complete_bash sandlock-oci "$command" -)" >&2
			echo "wanted: $(options_of "$command")" >&2
			return 1
		}
	done
}

@test "bash: values, ids, signals, files" {
	[ "$(complete_bash sandlock-oci list --format '')" = "json table" ]
	[ "$(complete_bash sandlock-oci list --format = j)" = json ]
	[ "$(complete_bash sandlock-oci --log-level deb)" = debug ]
	[ "$(complete_bash sandlock-oci create --cow = of)" = off ]
	bundle=$(make_bundle)
	sandlock create --bundle "$bundle" one
	sandlock create --bundle "$bundle" other
	[ "$(complete_bash "$SANDLOCK_OCI" --root "$(state_root)" kill o)" = "one other" ]
	[ "$(complete_bash "$SANDLOCK_OCI" --root "$(state_root)" exec --tty on)" = one ]
	[ "$(complete_bash "$SANDLOCK_OCI" --root "$(state_root)" kill one SIGKI)" = SIGKILL ]
	[ "$(complete_bash sandlock-oci create --bundle "$T/bun")" = "$T/bundle" ]
	# another program's options
	[ -z "$(complete_bash sandlock-oci exec one ls -)" ]
}

@test "zsh and fish: valid, with every command and option" {
	requires_command zsh fish
	zsh -n "$C/_sandlock-oci"
	fish -n "$C/sandlock-oci.fish"
	for command in $(commands); do
		HOME=$T fish -c "source $C/sandlock-oci.fish; complete -C 'sandlock-oci $command -'" | cut -f1 >"$T/fish"
		sed -n "/^\t\t$command)\$/,/;;\$/p" "$C/_sandlock-oci" >"$T/zsh"
		for option in $(options_of "$command" | tr ' ' '\n' | grep -e --); do
			[ "$option" != --help ] || continue
			grep -qx -e "$option" "$T/fish" || grep -q -e "^$option=" "$T/fish" || { echo "fish: $command $option" >&2; cat "$T/fish" >&2; return 1; }
			grep -qE -e "$option"'[=[]' "$T/zsh" || { echo "zsh: $command $option" >&2; return 1; }
		done
	done
	# really loads and answers
	zsh -fc "fpath=($C \$fpath); autoload -Uz compinit; compinit -u -d $T/dump; [[ \$_comps[sandlock-oci] == _sandlock-oci ]]"
}

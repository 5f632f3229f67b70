# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands and options of the program, from the same tables that make its help: struct command and struct option_row in src/cli/*.c. Output, separated by tabs:
#	command NAME ARGS SUMMARY
#	option NAME LONG LETTER KIND ARG HELP		NAME "-" for a global option; LETTER and ARG may be "-"; KIND: flag, value or optional
# Input: main.c and create_options.h first, then the other files.

FNR == 1 { again = FILENAME in known }
again { next }
{ text[FILENAME] = text[FILENAME] $0 "\n"; if (!(FILENAME in known)) { known[FILENAME] = 1; files[++n_files] = FILENAME } }

# The next C string (adjacent ones joined) at the beginning of s; rest: what is behind it.
function c_string(s,   out) {
	out = ""
	while (match(s, /^[ \t\n\\]*"([^"\\]|\\.)*"/)) {
		piece = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		sub(/^[ \t\n\\]*"/, "", piece)
		sub(/"$/, "", piece)
		out = out piece
	}
	rest = s
	gsub(/\\"/, "\"", out)
	return out
}

function kind_of(word) {
	if (word ~ /OPTIONAL/) return "optional"
	if (word == "OPTION_FLAG" || word == "OPTION_IGNORED") return "flag"
	return "value"
}

# Prints the option rows of s for a command.
function options(s, name,   long, letter, kind, arg, help) {
	while (match(s, /\{ ?"[a-z][a-z0-9-]*", ('.'|0), OPTION_[A-Z_]+, /)) {
		row = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		match(row, /"[a-z][a-z0-9-]*"/)
		long = substr(row, RSTART + 1, RLENGTH - 2)
		letter = match(row, /'.'/) ? substr(row, RSTART + 1, 1) : "-"
		match(row, /OPTION_[A-Z_]+/)
		kind = kind_of(substr(row, RSTART, RLENGTH))
		sub(/^[^,]*,[ \t\n\\]*/, "", s)
		if (s ~ /^NULL/) {
			arg = "-"
			sub(/^NULL,/, "", s)
		} else {
			arg = c_string(s)
			s = rest
			sub(/^,/, "", s)
		}
		help = c_string(s)
		s = rest
		print "option", name, long, letter, kind, arg, help
	}
}

function member(s, key) {
	if (!match(s, "\\." key " = *[ \t\n]*\""))
		return ""
	s = substr(s, RSTART)
	sub(/^[^"]*/, "", s)
	return c_string(s)
}

END {
	OFS = "\t"
	for (i = 1; i <= n_files; i++) {
		s = text[files[i]]
		if (files[i] ~ /create_options\.h$/) { shared = s; continue }
		if (files[i] ~ /\/main\.c$/) { options(s, "-"); continue }
		blocks = s
		while (match(blocks, /const struct command cmd_[a-z]+ = \{[^}]*\}/)) {
			block = substr(blocks, RSTART, RLENGTH)
			blocks = substr(blocks, RSTART + RLENGTH)
			name = member(block, "name")
			print "command", name, member(block, "args"), member(block, "summary")
			if (s ~ /create_options\.h/) options(shared, name)
			options(s, name)
		}
	}
}

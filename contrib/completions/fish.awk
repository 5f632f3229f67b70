# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion from the lines of rows.awk.
BEGIN {
	FS = "\t"
	print "# fish completion for sandlock-oci. Made from the program's tables: contrib/completions."
}
function quote(s) { gsub(/\\/, "\\\\", s); gsub(/'/, "\\'", s); return "'" s "'" }
function line(condition, rest) {
	printf "complete -c sandlock-oci -n %s %s\n", quote(condition), rest
}
$1 == "command" { names[++n] = $2; args[$2] = $3; summary[$2] = $4 }
$1 == "option" { option[++m] = $0 }
END {
	for (i = 1; i <= n; i++) all = all " " names[i]
	print "complete -c sandlock-oci -f"
	print "complete -c sandlock -w sandlock-oci"
	print "complete -c sandlock-oci -l help -s h -d 'show help'"
	print "complete -c sandlock-oci -l usage -d 'show its first line'"
	for (i = 1; i <= n; i++) line("not __fish_seen_subcommand_from" all, "-a " names[i] " -d " quote(summary[names[i]]))
	for (i = 1; i <= m; i++) {
		split(option[i], f, FS)
		condition = f[2] == "-" ? "not __fish_seen_subcommand_from" all : "__fish_seen_subcommand_from " f[2]
		rest = "-l " f[3] (f[4] != "-" ? " -s " f[4] : "")
		if (f[5] == "value") rest = rest " -r"
		if (f[6] ~ /FILE$|PATH$|DIR$|DEST$/) rest = rest " -F"
		if (f[6] ~ /^[a-z0-9]+(\|[a-z0-9]+)+$/) { words = f[6]; gsub(/\|/, " ", words); rest = rest " -a " quote(words) }
		line(condition, rest " -d " quote(f[7]))
	}
	for (i = 1; i <= n; i++) if (args[names[i]] ~ /ID/) line("__fish_seen_subcommand_from " names[i], "-a " quote("(sandlock-oci list -q 2>/dev/null)"))
}

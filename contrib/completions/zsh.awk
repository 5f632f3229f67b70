# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion from the lines of rows.awk.
BEGIN { FS = "\t" }
function quote(s) { gsub(/'/, "'\\''", s); return "'" s "'" }
function plain(s) { gsub(/[\[\]:]/, "\\\\&", s); return s }
function action(arg,   words) {
	if (arg ~ /FILE$|PATH$|DEST$/) return ":" plain(arg) ":_files"
	if (arg ~ /DIR$/) return ":" plain(arg) ":_files -/"
	if (arg ~ /^[a-z0-9]+(\|[a-z0-9]+)+$/) { words = arg; gsub(/\|/, " ", words); return ":value:(" words ")" }
	return ":" plain(arg) ":"
}
function spec(long, letter, kind, arg, help,   names, tail) {
	tail = "[" plain(help) "]"
	if (kind == "value") return (letter != "-" ? quote("*-" letter "+" tail action(arg)) " " : "") quote("*--" long "=" tail action(arg))
	if (kind == "optional") return quote("--" long "=-" tail ":" action(arg))
	return (letter != "-" ? quote("-" letter tail) " " : "") quote("--" long tail)
}
$1 == "command" { names[++n] = $2; args[$2] = $3; summary[$2] = $4 }
$1 == "option" { specs[$2] = specs[$2] " \\\n\t\t\t" spec($3, $4, $5, $6, $7) }
END {
	print "#compdef sandlock-oci sandlock"
	print "# zsh completion for sandlock-oci. Made from the program's tables: contrib/completions."
	print "_sandlock_oci_ids() {\n\tlocal -a ids\n\tids=(${(f)\"$(sandlock-oci list -q 2>/dev/null)\"})\n\tcompadd -a ids\n}"
	print "_sandlock_oci() {\n\tlocal context state line\n\tlocal -A opt_args\n\tlocal -a commands\n\tcommands=("
	for (i = 1; i <= n; i++) print "\t\t" quote(plain(names[i]) ":" plain(summary[names[i]]))
	print "\t)"
	print "\t_arguments -C" specs["-"] " \\\n\t\t\t'(-h --help)'{-h,--help}'[show help]' '--usage[show its first line]' '1: :->command' '*:: :->rest' && return"
	print "\tcase $state in\n\tcommand) _describe command commands ;;\n\trest)\n\t\tcase $words[1] in"
	for (i = 1; i <= n; i++) {
		c = names[i]
		tail = args[c] ~ /ID/ ? " '1:id:_sandlock_oci_ids'" : ""
		if (c == "kill") tail = tail " '2:signal:_signals'"
		if (args[c] ~ /\.\.\.\]$/) tail = tail " '*::arg:_normal'"
		print "\t\t" c ")\n\t\t\t_arguments -s" specs[c] " \\\n\t\t\t'(-h --help)'{-h,--help}'[show help]' '--usage[show its first line]'" tail " ;;"
	}
	print "\t\tesac ;;\n\tesac\n}\n_sandlock_oci \"$@\""
}

# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion from the lines of rows.awk.
BEGIN { FS = "\t" }
function quote(s) { gsub(/'/, "'\\''", s); return "'" s "'" }
$1 == "command" { commands = commands (commands ? " " : "") $2; args[$2] = $3 }
$1 == "option" {
	words = "--" $3 ($4 != "-" ? " -" $4 : "")
	list[$2] = list[$2] (list[$2] ? " " : "") words
	if ($5 != "flag") {
		value[++n] = "[" quote($2 " --" $3) "]=" quote($6)
		if ($4 != "-" && $5 == "value") value[++n] = "[" quote($2 " -" $4) "]=" quote($6)
		if ($5 == "optional") optional[++n_opt] = "[" quote($2 " --" $3) "]=1"
	}
}
END {
	print "# bash completion for sandlock-oci. Made from the program's tables: contrib/completions."
	print "_sandlock_oci() {"
	print "\tlocal commands=" quote(commands)
	print "\tlocal -A options=("
	printf "\t\t[-]=%s\n", quote(list["-"] " --help -h --usage")
	m = split(commands, names, " ")
	for (i = 1; i <= m; i++) printf "\t\t[%s]=%s\n", names[i], quote((list[names[i]] ? list[names[i]] " " : "") "--help -h --usage")
	print "\t)\n\tlocal -A values=("
	for (i = 1; i <= n; i++) print "\t\t" value[i]
	print "\t)\n\tlocal -A optional=("
	for (i = 1; i <= n_opt; i++) print "\t\t" optional[i]
	print "\t)\n\tlocal -A args=("
	for (i = 1; i <= m; i++) printf "\t\t[%s]=%s\n", names[i], quote(args[names[i]])
	print "\t)"
	while ((getline line < body) > 0) print line
}

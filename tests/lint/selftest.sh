#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lint that cannot fail is worth nothing: each gets a small tree that is good and then the same tree with one fault.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

good_tree() {
	rm -rf "$tmp/t"
	mkdir -p "$tmp"/t/{src/{base,host,cow,cli,init},libocispec,docs/man,tests/lib,contrib}
	cd "$tmp/t" || exit 99
	printf 'base:\nhost:\nlibocispec:\ncow: host\ninit: host\ncli: cow\n' >src/LAYERS
	echo '/* config */' >config.h
	cp "$lint_dir/../../.clang-format" "$lint_dir/../../.shellcheckrc" .
	for h in base/fd host/at cow/cow; do
		g=SANDLOCK_$(echo $h | tr a-z/ A-Z_)_H
		printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\n#ifndef %s\n#define %s\n\nint %s(int fd);\n\n#endif\n' "$g" "$g" "${h##*/}_x" >src/$h.h
	done
	# words of banned calls in comments, strings and longer names are no hits
	cat >src/cow/cow.c <<'END'
/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "cow/cow.h"
#include "host/at.h"

/* open(path) and printf("x") are not called here // really */
int cow_x(int fd)
{
	const char *text = "open(\"x\") // exit(1)";

	return text[0] == '"' ? 0 : fd;
}
END
	cat >src/cli/main.c <<'END'
/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "cow/cow.h"

static const struct command *const commands[] = {
	&cmd_run,
};
static const struct option_row rows[] = {
	{"root", 'r', OPTION_STRING, NULL, NULL, NULL},
};
END
	printf '**-r**, **--root** *DIR*\nsee sandlock-oci-run(1)\n' >docs/man/sandlock-oci.1.md
	echo 'run' >docs/man/sandlock-oci-run.1.md
	echo 'docs/man/sandlock-oci.1 docs/man/sandlock-oci-run.1' >docs/Makemodule.am
	mkdir -p tests/{bats,conformance}
	printf '= Things\n\nhostname\tgood\nother\trefused: why\n' >tests/conformance/config.rows
	printf -- '--root\trefused: why\n' >tests/conformance/option.rows
	printf '# SPDX-License-Identifier: GPL-2.0-or-later\n# covers: config hostname\n@test "it has a name" {\n\ttrue\n}\n' >tests/bats/x.bats

	"$lint_dir/../conformance/table" . >docs/oci-conformance.md
	printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\necho "$1"\n' >tests/x.sh
	printf '# SPDX-License-Identifier: GPL-2.0-or-later\n' | tee configure.ac >Makefile.am
}

run_lint() {
	top_builddir=$tmp/t bash "$lint_dir/$1.sh" "$tmp/t" >"$tmp/out" 2>&1
}

# passes LINT: the good tree
passes() {
	good_tree
	result "$1 accepts a good tree" "$(run_lint "$1" || grep -A3 -E '^not ok|Bail|rror' "$tmp/out")"
}

# fails LINT WHAT SCRIPT: the good tree after SCRIPT
fails() {
	good_tree
	eval "$3"
	run_lint "$1"
	case $? in
	0) result "$1 notices $2" "$(grep -q '^1..0 # SKIP' "$tmp/out" || echo "it did not")" ;;
	*) result "$1 notices $2" "$(grep -q '^not ok' "$tmp/out" || cat "$tmp/out")" ;;
	esac
}

passes layers
fails layers "an include against the flow" "echo '#include \"cli/main.h\"' >>src/cow/cow.c"
fails layers "an include without a folder" "echo '#include \"at.h\"' >>src/cow/cow.c"
fails layers "a folder without a line" "mkdir src/new; echo '#include \"base/fd.h\"' >src/new/x.c"
fails layers "a cycle" "sed -i 's/^host:/host: cow/' src/LAYERS"
passes banned
fails banned "a path call" "echo 'int f(void) { return open(\"/x\", 0); }' >>src/cow/cow.c"
fails banned "system" "echo 'int f(void) { return system(\"x\"); }' >>src/cli/main.c"
fails banned "a raw system call" "echo 'long f(void) { return syscall(SYS_read); }' >>src/cow/cow.c"
fails banned "printf" "echo 'void f(void) { printf(\"x\"); }' >>src/init/a.c"
fails banned "fprintf to stderr" "echo 'void f(void) { fprintf(stderr, \"x\"); }' >>src/init/a.c"
fails banned "exit" "echo 'void f(void) { exit(1); }' >>src/init/a.c"
fails banned "_exit in a library" "echo 'void f(void) { _exit(1); }' >>src/cow/cow.c"
fails banned "assert" "echo 'void f(int a) { assert(a); }' >>src/cow/cow.c"
fails banned "AT_FDCWD in a served path" "echo 'int f(void) { return openat(AT_FDCWD, p, 0); }' >>src/cow/cow.c"
fails banned "a // comment" "echo 'int a; // here' >>src/cow/cow.c"
fails banned "a missing <config.h>" "sed -i /config.h/d src/cow/cow.c"
passes headers
fails headers "a header that needs another" "echo 'size_t cow_y(struct stat *st);' >>src/cow/cow.h"
fails headers "a wrong guard" "sed -i s/SANDLOCK_COW_COW_H/COW_H/ src/cow/cow.h"
passes format
fails format "bad indentation" "echo 'int  f ( void ){return 0;}' >>src/cow/cow.c"
passes shellcheck
fails shellcheck "an unquoted variable" "echo 'rm \$1' >>tests/x.sh"
passes spdx
fails spdx "a C file without the line" "sed -i 1d src/cow/cow.c"
fails spdx "a script without the line" "sed -i 2d tests/x.sh"
passes man
fails man "a command without a page" "rm docs/man/sandlock-oci-run.1.md"
fails man "a page without a command" "echo x >docs/man/sandlock-oci-nope.1.md"
fails man "a command that the main page forgets" "echo >docs/man/sandlock-oci.1.md"
fails man "an option that its page forgets" "sed -i s/--root/--rot/ docs/man/sandlock-oci.1.md"
fails man "a page that is not installed" "echo >docs/Makemodule.am"
passes conformance
fails conformance "a row without a test" "echo domainname >>tests/conformance/config.rows"
fails conformance "a marker without a row" "sed -i s/hostname/hostnam/ tests/bats/x.bats"
fails conformance "an option without a row" "sed -i s/--root/--rot/ tests/conformance/option.rows"
fails conformance "a page that is old" "echo >>docs/oci-conformance.md"
fails conformance "a key of the parser without a row" "echo '/* ROW_BOOL(\"privileged\", */' >libocispec/oci_x.c"
cd /
done_testing

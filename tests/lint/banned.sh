#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Calls that are allowed in few folders only (tests/lint/banned.allow), or nowhere.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

allow=$lint_dir/banned.allow

# is_allowed RULE FILE
is_allowed() {
	local rule path
	while IFS=$'\t' read -r rule path _; do
		[ "$rule" = "$1" ] || continue
		case $2 in "$path" | "$path"/*) return 0 ;; esac
	done <"$allow"
	return 1
}

# All code once, as FILE:LINE:TEXT without comments and strings.
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
sources src libocispec -- '*.c' '*.h' | while read -r f; do
	code "$f" | awk -v f="$f" '{ print f ":" NR ":" $0 }'
done >"$stripped"

# rule NAME REGEX TEXT: REGEX are function names; a member or a longer name is no hit, a prototype of ours neither.
rule() {
	local name=$1 regex=$2 text=$3 file hit problems=''
	while IFS= read -r hit; do
		file=${hit%%:*}
		is_allowed "$name" "$file" || problems+="$hit"$'\n'
	done < <(grep -E "(^|[^A-Za-z0-9_.>])($regex)[[:space:]]*\\(" "$stripped")
	result "$text" "${problems%$'\n'}"
}

rule never 'system|popen|execlp|execvp|execvpe|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|mktemp|tmpnam|alloca' \
	"functions that are used nowhere"
rule path 'open|creat|stat|lstat|access|readlink|realpath|chdir|chroot|chown|lchown|chmod|rename|unlink|rmdir|mkdir|mknod|mkfifo|link|symlink|truncate|utime|utimes|opendir|fopen|mount|umount|umount2|getxattr|setxattr|lgetxattr|lsetxattr|removexattr|lremovexattr|statfs|remove|nftw|ftw|glob|scandir' \
	"calls that take a path only where the path is the host's"
rule syscall 'syscall' "raw system calls only in src/host and src/seccomp"
rule print 'printf|vprintf|puts|putchar|perror|psignal|warn|warnx|err|errx' "printing only in src/cli"
rule exit 'exit' "exit only in src/cli"
rule abort 'abort|assert' "no assertion on input; BUG() is in base"
rule _exit '_exit|_Exit' "_exit only in processes of our own making"

problems=$(grep -E 'fprintf[[:space:]]*\((stdout|stderr)|[(, ](stdout|stderr)[),;]' "$stripped" | while IFS= read -r hit; do
	is_allowed print "${hit%%:*}" || echo "$hit"
done)
result "stdout and stderr only in src/cli" "$problems"
# the same as `path` for descriptors that stand for a directory nobody has checked
problems=$(grep -E '^src/(handlers|cow|tracee|supervisor)/.*[^A-Za-z0-9_]AT_FDCWD[^A-Za-z0-9_]' "$stripped" | while IFS= read -r hit; do
	is_allowed path "${hit%%:*}" || echo "$hit"
done)
result "no AT_FDCWD where a container's paths are served" "$(printf '%s' "$problems" | grep -vE 'dirfd|==|!=|case' || true)"
problems=$(grep -E '//' "$stripped" | grep -vE '^[^:]*:[0-9]*:[[:space:]]*#')
result "comments are /* */" "$problems"
problems=$(sources src libocispec tests -- '*.c' '*.h' | tr '\n' '\0' | xargs -0r grep -nE '^#[[:space:]]*include[[:space:]]*"config.h"' /dev/null)
result "autoconf's header is <config.h>" "$problems"
problems=$(sources src libocispec -- '*.c' | while read -r f; do
	first=$(grep -m1 -E '^#[[:space:]]*include' "$f")
	[ -z "$first" ] || [[ $first == *'<config.h>'* ]] || echo "$f: $first"
done)
result "every .c file includes <config.h> first" "$problems"
done_testing

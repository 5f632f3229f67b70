# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The proof that an image did not change: a text of everything in a tree. Used by the bats tests and by quickstart.

# snapshot_tree DIR: one text for the whole tree: per entry type, mode, owner, size, mtime with nanoseconds, link target, device; all xattrs
# (ACLs and capabilities are xattrs); sha256 of each regular file. Not in it: atime, ctime, st_nlink, which a reader or a hard
# link may change.
snapshot_tree() {
	(
		cd "$1" || exit 1
		export LC_ALL=C
		# newlines in names become \1, so that a line stays a line; the size of a directory is the file system's business
		find . \( -type d -printf '%p\t%y\t%m\t%U:%G\t-\t%T@\0' \) -o -printf '%p\t%y\t%m\t%U:%G\t%s\t%T@\t%l\0' |
			sort -z | tr '\n\0' '\1\n'
		find . \( -type b -o -type c \) -print0 | sort -z | xargs -0r stat -c 'device %n %t:%T'
		find . -print0 | sort -z | xargs -0r getfattr --no-dereference --dump --match=- --encoding=hex 2>/dev/null
		find . -type f -print0 | sort -z | xargs -0r sha256sum --
	)
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Subordinate ids, for the bats tests and for quickstart.

# subid uid|gid USER: first subordinate id
subid() {
	awk -F: -v u="$2" '$1 == u { print $2; exit }' "/etc/sub$1"
}

# give_subids USER: a range above all others, unless it has one. As root.
give_subids() {
	local start
	if grep -q "^$1:" /etc/subuid 2>/dev/null && grep -q "^$1:" /etc/subgid 2>/dev/null; then
		return
	fi
	sed -i "/^$1:/d" /etc/subuid /etc/subgid 2>/dev/null || true
	start=$(cat /etc/subuid /etc/subgid 2>/dev/null |
		awk -F: 'BEGIN { top = 100000 } NF == 3 && $2 + $3 > top { top = $2 + $3 } END { print top }')
	echo "$1:$start:65536" >>/etc/subuid
	echo "$1:$start:65536" >>/etc/subgid
}

# shift_owners DIR USER: owners 0, 1, 2... become what USER's user namespace shows as 0, 1, 2...: the user itself, then its subordinate ids.
# chown takes setuid bits away: they are put back. DIR has no file capabilities (Debian's minbase has none).
shift_owners() {
	local dir=$1 user=$2 lists uid gid sub subg u g entry
	lists=$(mktemp -d)
	uid=$(id -u "$user")
	gid=$(id -g "$user")
	sub=$(subid uid "$user")
	subg=$(subid gid "$user")
	# all lists before the first chown, one chown for each pair of owners
	find "$dir" ! -type l -perm /7000 -printf '%m %p\0' >"$lists/bits"
	find "$dir" -printf '%U %G\n' | sort -u >"$lists/owners"
	while read -r u g; do
		find "$dir" -uid "$u" -gid "$g" -print0 >"$lists/$u-$g"
	done <"$lists/owners"
	while read -r u g; do
		xargs -0r chown -h "$((u ? sub + u - 1 : uid)):$((g ? subg + g - 1 : gid))" -- <"$lists/$u-$g"
	done <"$lists/owners"
	while IFS= read -r -d '' entry; do
		chmod -- "${entry%% *}" "${entry#* }"
	done <"$lists/bits"
	rm -rf "$lists"
}

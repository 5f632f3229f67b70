#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian, copy-on-write: what package managers do, and the proof that not one bit of the image changed. As root, as a user whose ids
# own the image (hard links), and as users for whom real root's image is shifted (copies).

load helpers

setup() {
	requires_root
	ensure_test_users
	image=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}
	debs=$image/debs
	image=$image/debian
	[ -e "$image.complete" ] || skip "host: no Debian image in ${image%/*} (quickstart makes one)"
	setup_sandlock
}

teardown() {
	teardown_sandlock
}

# debian_bundle LOWER: bundle of AS in $T/bundle, ids mapped, packages on /mnt, the script on stdin.
debian_bundle() {
	local lower=$1 user=${AS:-} maps='.'
	make_bundle "$T/bundle" "$lower" >/dev/null
	if [ -n "$user" ]; then
		maps='.linux.uidMappings = [{containerID: 0, hostID: $u, size: 1}, {containerID: 1, hostID: $su, size: 65535}]
			| .linux.gidMappings = [{containerID: 0, hostID: $g, size: 1}, {containerID: 1, hostID: $sg, size: 65535}]'
	fi
	edit_config "$T/bundle" "$maps"' | .process.noNewPrivileges = false
		| .process.capabilities |= with_entries(.value =
			["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT"])
		| .mounts += [{destination: "/mnt", type: "none", source: $debs, options: ["rbind", "ro"]}]' \
		--arg debs "$debs" --argjson u "$(id -u "${user:-root}")" --argjson g "$(id -g "${user:-root}")" \
		--argjson su "$(first_id "$user")" --argjson sg "$(first_id "$user")"
	set_script "$T/bundle"
}

first_id() {
	local id
	id=$(subid uid "$1")
	echo "${id:-0}"
}

workload() {
	cat <<'EOS'
export DEBIAN_FRONTEND=noninteractive
echo "edited" >>/etc/issue
sed -i 's/^root:x:/root:*:/' /etc/passwd
adduser --quiet --disabled-password --gecos '' alice
su alice -c 'echo "by $(id -un)" >~/note'
dpkg -i /mnt/hello.deb /mnt/less.deb
hello | grep -q Hello
[ "$(readlink /etc/alternatives/pager)" = /usr/bin/less ]
dpkg --verify hello less
mkdir /var/tmp/links
find /usr/bin -type f -exec ln -t /var/tmp/links {} +
find /usr/sbin -type f -exec chmod o-x {} +
find /usr/share/perl5 -type f -exec touch -d 2001-01-01 {} +
rm -rf /usr/share/doc/bash
mv /usr/share/info /usr/share/information
truncate -s 1 /etc/debian_version
setpriv --reuid=65534 --clear-groups sh -c 'echo x >>/etc/motd' && exit 71
ls -ln /usr/bin/passwd | grep -q '^-rwsr-xr-x' || exit 72
echo finished
EOS
}

# Paths that diff has to name after the workload, and what it may not name.
check_diff() {
	local line
	run sandlock diff deb
	assert_success
	for line in 'C /etc/issue' 'C /etc/passwd' 'A /home/alice/note' 'A /usr/bin/hello' 'A /usr/bin/less' 'A /var/tmp/links' \
		'C /usr/sbin/adduser' 'D /usr/share/doc/bash' 'D /usr/share/info' 'A /usr/share/information' 'C /etc/debian_version'; do
		grep -qxE "${line% *} /?${line#* /}" <<<"$output" || { echo "diff lacks: $line"; return 1; }
	done
	for line in /usr/bin/bash /etc/hostname /usr/share/doc/apt /bin; do
		! grep -qxE ". /?${line#/}" <<<"$output" || { echo "diff names $line, which nobody touched"; return 1; }
	done
}

run_workload() {
	snapshot_tree "$1" >"$T/before"
	workload | debian_bundle "$1"
	run sandlock run --cow=on --keep --bundle "$T/bundle" deb
	assert_success
	[ "${lines[-1]}" = finished ]
	check_diff
	assert_tree_unchanged "$T/before" "$1"
	sandlock delete --force deb
	assert_tree_unchanged "$T/before" "$1"
	[ ! -e "$T/bundle/.sandlock-cow-deb" ]
}

@test "Debian as an ordinary user, image in the user's ids, by hard links" {
	AS=$TEST_USER
	requires_userns
	requires_subids
	cp -a "$image" "$T/image"
	shift_owners "$T/image" "$AS"
	run_workload "$T/image"
}

@test "Debian as an ordinary user, image of real root, ids shifted" {
	AS=$TEST_USER
	requires_userns
	requires_subids
	# what a user cannot read no runtime can copy for it: a shared image has to be readable
	cp -a "$image" "$T/image"
	chmod -R a+rX "$T/image"
	run_workload "$T/image"
}

@test "Debian as root, by hard links" {
	cp -a "$image" "$T/image"
	run_workload "$T/image"
}

@test "two containers of one image at the same time do not see each other" {
	cp -a "$image" "$T/image"
	snapshot_tree "$T/image" >"$T/before"
	debian_bundle "$T/image" <<-'EOS'
		echo "$$ was here" >>/etc/issue
		for i in 1 2 3 4 5; do chmod 711 /usr/bin/[a-m]*; chmod 755 /usr/bin/[a-m]*; echo $i >>/etc/passwd; done
		cat /etc/passwd | grep -c '^[1-5]$'
	EOS
	cp -R "$T/bundle" "$T/bundle2"
	sandlock run --cow=on --bundle "$T/bundle" one >"$T/out1" 2>&1 &
	run sandlock run --cow=on --bundle "$T/bundle2" two
	wait $!
	assert_success
	[ "$output" = 5 ]
	[ "$(cat "$T/out1")" = 5 ]
	assert_tree_unchanged "$T/before" "$T/image"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# export: the changes of a container as an image layer, and whether the tools that read layers make the container's root of it again.

load helpers

setup() {
	[ "$(id -u)" = 0 ] || { requires_userns; requires_subids; }
	setup_sandlock
	sandlock export --help | grep -q compression
}

teardown() {
	[ -z "${PODMAN_HOME:-}" ] || podman_here rm --all --force >/dev/null 2>&1 || true
	teardown_sandlock
}

# All kinds of changes, made inside; then, as the host, what busybox cannot make. $live is the live root.
changed_container() {
	bundle=$(make_bundle)
	set_script "$bundle" <<-'EOS'
		echo more >>/etc/motd
		rm /etc/group /bin/vi
		chmod 0711 /var/log
		mkdir -p /new/deep /new/empty
		echo content >/new/file
		chmod 4750 /new/file
		ln /new/file /new/deep/hard
		ln /etc/passwd /new/passwd
		ln -s /nowhere/at/all /new/dangling
		ln -s ../../../../../../../../etc /new/escaping
		mkfifo -m 0640 /new/fifo
		truncate -s 3M /new/sparse && echo end >>/new/sparse
		touch -d '2001-02-03 04:05:06' /new/old
		echo n >"/new/$(printf 'new\nline')"
		echo b >"/new/$(printf 'by\377te')"
		echo u >"/new/$(printf 'gr\303\274n')"
		n=$(printf '%0255d' 0)
		mkdir -p "/new/$n/$n"
		echo long >"/new/$n/$n/$n"
		rm -r /home && echo file >/home
		rm /bin/wget && mkdir /bin/wget && echo x >/bin/wget/in
		mkdir /new/closed && echo s >/new/closed/secret && chmod 0300 /new/closed
		mv /var/lib /var/moved
	EOS
	sandlock run --keep --cow --bundle "$bundle" c
	live=$bundle/.sandlock-cow-c/root
}

# Equal trees, but for the time of the root itself.
assert_same_tree() {
	touch -d @1 "$1" "$2"
	snapshot_tree "$1" >"$T/want"
	assert_tree_unchanged "$T/want" "$2"
}

# base_image ROOTFS: an image in the OCI layout L, tag base.
base_image() {
	umoci init --layout L
	umoci new --image L:empty
	tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -cf base.tar .
	umoci raw add-layer --image L:empty --tag base base.tar
}

# podman with everything below $T and plain directories as storage.
podman_here() {
	mkdir -p "$PODMAN_HOME"
	cat >"$PODMAN_HOME/storage.conf" <<-EOS
		[storage]
		driver = "vfs"
		graphroot = "$PODMAN_HOME/graph"
		runroot = "$PODMAN_HOME/run"
	EOS
	env -i "HOME=$PODMAN_HOME" PATH="$PATH" "CONTAINERS_STORAGE_CONF=$PODMAN_HOME/storage.conf" \
		unshare --mount --propagation slave podman --cgroup-manager=cgroupfs --events-backend=file "$@"
}

# covers: command export
@test "whiteouts, links, types, names in the archive" {
	changed_container
	sandlock export -o layer.tar c
	tar tf layer.tar >list
	for name in etc/motd etc/.wh.group bin/.wh.vi new/deep/hard new/fifo home bin/wget/in var/.wh.lib var/moved/; do
		grep -qxF "$name" list || { echo "no $name" >&2; cat list >&2; return 1; }
	done
	refute grep -qF ./ list
	refute grep -q etc/shadow list
	tar tvf layer.tar | grep -q '^hrwsr-x---.* new/file link to new/deep/hard$'
	# both names, though only one of them is new
	tar tvf layer.tar | grep -q '^h.* new/passwd link to etc/passwd$'
	tar tvf layer.tar | grep -q '^p.* new/fifo'
}

@test "the same changes are the same bytes" {
	changed_container
	for c in none gzip zstd; do
		sandlock export --compression $c -o a c
		sandlock export --compression $c -o b c
		cmp a b
	done
	sandlock export --sparse -o a c
	sandlock export --sparse -o b c
	cmp a b
}

# covers: command export --compression --output
@test "compressions by name and by option, to stdout" {
	requires_command zstd
	changed_container
	sandlock export -o l.tar c
	sandlock export -o l.tar.gz c
	sandlock export -o l.tar.zst c
	gzip -dc l.tar.gz | cmp - l.tar
	zstd -dqc l.tar.zst | cmp - l.tar
	sandlock export -o - c | cmp - l.tar
	sandlock export --compression zstd -o - c | zstd -dqc | cmp - l.tar
	[ "$(stat -c %a l.tar)" = "$(printf '%o' $((0666 & ~$(umask))))" ]
}

# covers: command export --sparse
@test "tar unpacks it to what was inside, sparse or not" {
	requires_root
	changed_container
	for option in '' --sparse; do
		# shellcheck disable=SC2086 # no word
		sandlock export $option -o layer.tar c
		rm -rf out && mkdir out
		tar -C out --xattrs --xattrs-include='*' -xpf layer.tar
		cmp "$live/new/sparse" out/new/sparse
		[ "$(stat -c '%a %u:%g %y' out/new/file)" = "$(stat -c '%a %u:%g %y' "$live/new/file")" ]
		[ out/new/file -ef out/new/deep/hard ]
		[ "$(stat -c %Y out/new/old)" = "$(stat -c %Y "$live/new/old")" ]
		[ "$(readlink out/new/escaping)" = ../../../../../../../../etc ]
	done
	[ "$(stat -c %b out/new/sparse)" -lt 100 ]
}

@test "a layer for umoci, skopeo and podman" {
	requires_root
	requires_command umoci skopeo podman setfattr setcap
	changed_container
	# what needs privileges that the container has not
	setfattr -n user.note -v "$(printf 'a\nb')" "$live/new/file"
	setcap cap_net_raw+ep "$live/new/old"
	chown 1234567:7654321 "$live/new/empty"
	mknod "$live/new/null" c 1 3
	mknod "$live/new/disk" b 7 200
	base_image "$bundle/rootfs"
	sandlock export -o layer.tar.gz c
	gzip -dc layer.tar.gz >layer.tar
	umoci raw add-layer --image L:base --tag new layer.tar
	umoci unpack --image L:new B
	# umoci writes no attributes to what it cannot open
	assert_same_tree "$live" B/rootfs
	[ B/rootfs/new/file -ef B/rootfs/new/deep/hard ]
	[ B/rootfs/new/passwd -ef B/rootfs/etc/passwd ]

	skopeo --insecure-policy copy oci:L:new docker-archive:archive.tar:localhost/sandlock:new
	skopeo inspect docker-archive:archive.tar | jq -e '.Layers | length == 2'

	PODMAN_HOME=$T/podman
	podman_here load -i archive.tar
	podman_here create --name x localhost/sandlock:new /bin/true
	mkdir x
	podman_here export x | tar -C x --xattrs --xattrs-include='*' -xpf -
	# podman's own mount points
	(cd "$live" && find . -path ./dev -o -path ./proc -o -path ./sys -o -path ./run -o -printf '%p %y %m %U:%G %l\0' | sort -z) >want
	(cd x && find . -path ./dev -o -path ./proc -o -path ./sys -o -path ./run -o -printf '%p %y %m %U:%G %l\0' | sort -z) >got
	cmp want got || { diff <(tr '\0' '\n' <want) <(tr '\0' '\n' <got) >&2; return 1; }
	podman_here rm x
	podman_here rmi --all
}

@test "ids are those of the container, as a user with subordinate ids" {
	requires_test_users
	AS=$TEST_USER
	requires_subids
	bundle=$(make_bundle)
	set_script "$bundle" <<-'EOS'
		echo a >/a
		chown 5:7 /a
		chown 1000:1000 /etc/motd
		rm /etc/group
	EOS
	edit_config "$bundle" '.process.capabilities |= with_entries(.value += ["CAP_CHOWN"] | .value |= unique)'
	edit_config "$bundle" 'del(.linux.uidMappings, .linux.gidMappings)
		| .linux.uidMappings = [{containerID: 0, hostID: $u, size: 1}, {containerID: 1, hostID: $su, size: 65535}]
		| .linux.gidMappings = [{containerID: 0, hostID: $g, size: 1}, {containerID: 1, hostID: $sg, size: 65535}]' \
		--argjson u "$(id -u "$AS")" --argjson g "$(id -g "$AS")" \
		--argjson su "$(subid uid "$AS")" --argjson sg "$(subid gid "$AS")"
	sandlock run --keep --cow --bundle "$bundle" c
	sandlock export -o - c >layer.tar
	tar --numeric-owner -tvf layer.tar >list
	grep -q ' 5/7 .* a$' list
	grep -q ' 1000/1000 .* etc/motd$' list
	grep -q ' 0/0 .* etc/.wh.group$' list
	refute grep -q "$(id -u "$AS")/" list
}

@test "sockets are left out" {
	requires_root
	requires_command python3
	changed_container
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$live/s"
	sandlock export -o layer.tar c
	refute grep -qx s <(tar tf layer.tar)
}

@test "names that begin with .wh. are refused before anything is written" {
	bundle=$(make_bundle)
	set_args "$bundle" sh -c 'touch /etc/a; touch /etc/.wh.motd'
	sandlock run --keep --cow --bundle "$bundle" c
	echo old >layer.tar
	run sandlock export -o layer.tar c
	assert_failure 1
	assert_output_has 'begins with .wh.' 'etc/.wh.motd'
	[ "$(cat layer.tar)" = old ]
	[ "$(echo layer*)" = layer.tar ]
}

@test "a running container and a full disk" {
	bundle=$(make_bundle)
	set_script "$bundle" <<-'EOS'
		touch /ready
		while :; do
			i=$((i + 1))
			mkdir -p /x/$((i % 7))
			head -c 30000 /bin/busybox >/x/$((i % 7))/f
			rm -rf /x/$(((i + 3) % 7))
		done
	EOS
	sandlock create --cow --bundle "$bundle" c
	sandlock start c
	wait_for 10 sandlock exec c test -e /ready
	for _ in 1 2 3 4 5; do
		sandlock export -o layer.tar.gz c
		tar tf layer.tar.gz >/dev/null
	done
	run sandlock export -o /dev/full c
	assert_failure 1
	assert_output_has "No space left"
	sandlock kill c KILL
}

@test "wrong use" {
	bundle=$(make_bundle)
	run sandlock export -o x nosuch
	assert_failure 1
	assert_output_has "does not exist"
	sandlock create --cow=off --bundle "$bundle" c
	run sandlock export -o x c
	assert_failure 1
	assert_output_has "without copy-on-write"
	run sandlock export c
	assert_failure 1
	assert_output_has "--output"
	run sandlock export --compression lz77 -o x c
	assert_failure 1
	assert_output_has "lz77"
	run sandlock export -o /nosuch/dir/x c
	assert_failure 1
	assert_output_has "/nosuch/dir/x"
	[ ! -e x ]
}

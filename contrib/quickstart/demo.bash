# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The demonstration: a fresh ordinary user runs Debian from a shared directory, copy-on-write, without overlayfs, FUSE or a mount privilege of
# its own. Sourced by ../../quickstart after common.bash.

DEMO_USER=sandlock-demo
DEMO=$CACHE/demo
# shellcheck source=../../tests/lib/snapshot.bash
. "$SRC/tests/lib/snapshot.bash"

demo() {
	say "1/6 packages"
	install_packages "$PACKAGES_BUILD" "$PACKAGES_DEMO"
	say "2/6 building"
	bootstrap
	build demo --prefix=/usr/local --sysconfdir=/etc || die "the build failed"
	install -D -m 0755 "$SRC/build/demo/sandlock-oci" "$CACHE/bin/sandlock-oci"
	RT=$CACHE/bin/sandlock-oci
	note "$("$RT" --version | head -1)"
	say "3/6 images"
	make_debian
	make_busybox
	say "4/6 the user $DEMO_USER and the image"
	ensure_user "$DEMO_USER"
	demo_image
	say "5/6 $DEMO_USER runs Debian: edits, adduser, dpkg -i, storms of chmod, touch and hard links"
	demo_debian
	say "6/6 a busybox image that belongs to root, for everybody"
	demo_busybox
	demo_epilogue
}

cleanup() {
	local id
	[ -n "${RT:-}" ] && getent passwd "$DEMO_USER" >/dev/null || return 0
	for id in demo-debian demo-busybox; do
		run_as "$DEMO_USER" "$RT" delete --force "$id" >/dev/null 2>&1 || true
	done
	rm -rf "$DEMO/bundle" "$DEMO/bundle-busybox"
}

# The image as the user's namespace is to see it: owned by its ids. It stays, and is the same in every run.
demo_image() {
	install -d -m 0755 "$DEMO"
	if [ ! -e "$DEMO/image.complete" ] || [ "$CACHE/debian.complete" -nt "$DEMO/image.complete" ] ||
		[ "$(cat "$DEMO/image.complete")" != "$(subid uid "$DEMO_USER")" ]; then
		rm -rf "$DEMO/image" "$DEMO/image.complete"
		cp -a "$CACHE/debian" "$DEMO/image"
		shift_owners "$DEMO/image" "$DEMO_USER"
		subid uid "$DEMO_USER" >"$DEMO/image.complete"
	fi
	note "$DEMO/image: $(find "$DEMO/image" | wc -l) entries, $(du -sh "$DEMO/image" | cut -f1)"
	snapshot_tree "$DEMO/image" >"$LOGS/image.before"
	note "snapshot of all types, modes, owners, times, xattrs and contents: $(sha256sum <"$LOGS/image.before" | cut -c1-16)…"
}

# demo_bundle DIR ROOT: config.json as `spec --rootless` makes it, for root.path ROOT and with all of the user's ids mapped.
demo_bundle() {
	local dir=$1 root=$2
	rm -rf "$dir"
	install -d -m 0700 -o "$DEMO_USER" -g "$(id -gn "$DEMO_USER")" "$dir"
	run_as "$DEMO_USER" "$RT" spec --rootless --bundle "$dir" || die "sandlock-oci spec failed"
	# shellcheck disable=SC2016 # $… are jq's
	jq --arg root "$root" --arg debs "$CACHE/debs" \
		--argjson uid "$(id -u "$DEMO_USER")" --argjson gid "$(id -g "$DEMO_USER")" \
		--argjson subuid "$(subid uid "$DEMO_USER")" --argjson subgid "$(subid gid "$DEMO_USER")" '
		.root = {path: $root, readonly: false}
		| .process.terminal = false
		| .process.args = ["/bin/sh", "-ec", $ARGS.positional[0]]
		| .process.capabilities |= with_entries(.value =
			["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT"])
		| .process.noNewPrivileges = false
		| .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}, {containerID: 1, hostID: $subuid, size: 65535}]
		| .linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}, {containerID: 1, hostID: $subgid, size: 65535}]
		| .mounts += [{destination: "/mnt", type: "none", source: $debs, options: ["rbind", "ro"]}]
		' "$dir/config.json" --args -- "$(cat)" >"$dir/config.new"
	chown --reference="$dir" "$dir/config.new"
	mv "$dir/config.new" "$dir/config.json"
}

demo_debian() {
	local start
	demo_bundle "$DEMO/bundle" "$DEMO/image" <<-'EOS'
		echo "I am $(id -un) in Debian $(cat /etc/debian_version)"
		echo "edited by the container" >>/etc/issue
		sed -i "\$a# a line more" /etc/login.defs
		adduser --quiet --disabled-password --gecos "" alice
		su alice -c "echo written by \$(id -un) >~/note"
		export DEBIAN_FRONTEND=noninteractive
		dpkg -i /mnt/hello.deb /mnt/less.deb >/var/log/dpkg-demo.log 2>&1 || { cat /var/log/dpkg-demo.log; exit 1; }
		hello
		mkdir /var/tmp/links
		find /usr/bin -type f -exec ln -t /var/tmp/links {} +
		find /usr/sbin -type f -exec chmod o-x {} +
		find /usr/share/perl5 -type f -exec touch {} +
		rm -rf /usr/share/doc
		mv /usr/share/zoneinfo /usr/share/zones 2>/dev/null || mv /usr/share/info /usr/share/information
	EOS
	start=$(date +%s.%N)
	run_as "$DEMO_USER" "$RT" run --cow=on --keep --bundle "$DEMO/bundle" demo-debian </dev/null ||
		die "the container failed"
	note "create, run and exit: $(date +%s.%N | awk -v s="$start" '{ printf "%.1f s", $1 - s }')"
	run_as "$DEMO_USER" "$RT" diff demo-debian >"$LOGS/diff" || die "sandlock-oci diff failed"
	note "sandlock-oci diff demo-debian: $(wc -l <"$LOGS/diff") lines" \
		"($(grep -c '^A' "$LOGS/diff") added, $(grep -c '^C' "$LOGS/diff") changed, $(grep -c '^D' "$LOGS/diff") deleted), among them:"
	grep -E ' /?(etc/(issue|passwd|login.defs)|home/alice/note|usr/bin/(hello|less)|usr/share/doc|usr/share/(zones|information)|usr/sbin/adduser|var/tmp/links/ls)$' \
		"$LOGS/diff" | sed 's/^/        /'
	run_as "$DEMO_USER" "$RT" delete --force demo-debian || die "delete failed"
	demo_check_image "$DEMO/image" "$LOGS/image.before"
	grep -q ' /\?usr/bin/hello$' "$LOGS/diff" || die "diff does not name usr/bin/hello"
}

# demo_check_image DIR SNAPSHOT
demo_check_image() {
	snapshot_tree "$1" >"$LOGS/image.after"
	if ! cmp -s "$2" "$LOGS/image.after"; then
		diff "$2" "$LOGS/image.after" | head -20 >&2
		die "the image HAS CHANGED (this is a bug)"
	fi
	note "${GREEN}$1 is unchanged${PLAIN}: $(sha256sum <"$LOGS/image.after" | cut -c1-16)…"
}

# Owned by real root, ids shifted at populate, files copied instead of linked.
demo_busybox() {
	snapshot_tree "$CACHE/busybox" >"$LOGS/busybox.before"
	demo_bundle "$DEMO/bundle-busybox" "$CACHE/busybox" <<-'EOS'
		echo "busybox as $(id -un), / belongs to $(stat -c %U /)"
		echo "x:x:1:1::/:/bin/sh" >>/etc/passwd
		rm /bin/vi
		chmod 700 /bin/busybox
	EOS
	run_as "$DEMO_USER" "$RT" run --cow=on --keep --bundle "$DEMO/bundle-busybox" demo-busybox </dev/null || die "the container failed"
	run_as "$DEMO_USER" "$RT" diff demo-busybox | sed 's/^/        /'
	run_as "$DEMO_USER" "$RT" delete --force demo-busybox
	demo_check_image "$CACHE/busybox" "$LOGS/busybox.before"
}

demo_epilogue() {
	say "done"
	note "The program is $RT (also $SRC/build/demo/sandlock-oci)."
	note "Install it:     sudo make -C $SRC/build/demo install     (then: podman --runtime=sandlock run --rootfs DIR CMD)"
	note "Run all tests:  sudo ./quickstart test"
	note "Clean up:       sudo ./quickstart clean"
}

clean() {
	local u
	for u in "$DEMO_USER" sandlock-test sandlock-nosub; do
		case $(getent passwd "$u" | cut -d: -f5) in
		"$MARK" | "sandlock-oci tests")
			userdel --remove "$u" 2>/dev/null || true
			sed -i "/^$u:/d" /etc/subuid /etc/subgid
			note "removed the user $u"
			;;
		esac
	done
	rm -rf "$CACHE" "$SRC/build"
	note "removed $CACHE and $SRC/build"
}

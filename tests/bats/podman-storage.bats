#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman on storage whose mount program is sandlock-mount, with sandlock-oci as the runtime: podman sees what containers change, and image layers do not change.
# podman-commands.bats compares with overlayfs.

# Many commands; the default is for one.
BATS_TEST_TIMEOUT=500
export BATS_TEST_TIMEOUT

load helpers
# shellcheck source=../podman/host.bash
. "$HELPERS_DIR/../podman/host.bash"

setup() {
	requires_root
	podman_setup
}

teardown() {
	podman_teardown
}

podman_as() { # USER ARGS...
	local user=$1
	shift
	in_podman sandlock "$user" podman "$@" </dev/null
}

import() { # USER
	podman_as "$1" import --change 'CMD ["/bin/sh"]' "$PODMAN_BASE/busybox.tar" localhost/busybox:test >/dev/null 2>&1
	layer=$(podman_layers sandlock "$1")
	snapshot_tree "$layer" >"$T/layer"
}

# What is to be right in one container. (Its name is no hexadecimal number: podman diff, for one, looks for images whose id begins like that first.)
# That is: its own changes, podman's views of them, the image.
one_container() { # USER
	import "$1"
	run podman_as "$1" run -d --name box --network=none localhost/busybox:test sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	assert_success
	run podman_as "$1" exec box sh -c 'echo more >>/etc/motd && echo x >>/bin/busybox && chmod 0700 /var && rm /bin/vi && tail -n 1 /etc/motd'
	assert_success
	assert_output more
	echo copied >"$T/file"
	# neither overlayfs nor FUSE
	run podman_as "$1" exec box sh -c 'grep " / " /proc/mounts; grep -E " (overlay|fuse)" /proc/mounts'
	assert_output_has " / "
	assert_output_lacks overlay
	assert_output_lacks fuse
	run podman_as "$1" cp "$T/file" box:/etc/file
	assert_success
	run podman_as "$1" exec box cat /etc/file
	assert_output copied
	run podman_as "$1" stop --time 5 box
	assert_success
	diff <(podman_as "$1" diff box | sort) - <<-'END'
		A /etc/file
		C /bin
		C /bin/busybox
		C /etc
		C /etc/motd
		C /var
		D /bin/vi
	END
	run podman_as "$1" start box
	assert_success
	run podman_as "$1" exec box tail -n 1 /etc/motd
	assert_output more
	run podman_as "$1" commit -q box localhost/changed
	assert_success
	run podman_as "$1" run --rm --network=none localhost/changed sh -c 'cat /etc/file; ls -ld /var | cut -c1-10; ls /bin/vi'
	assert_output_has copied drwx------ "No such file"
	assert_tree_unchanged "$T/layer" "$layer"
}

@test "root: a container's changes are podman's, and the image's layer stays as it is" {
	one_container ''
}

@test "rootless: a container's changes are podman's, and the image's layer stays as it is" {
	one_container "$TEST_USER"
}

@test "root: --privileged does not lead past the guard, not even through the image's disk" {
	local device type
	import ''
	read -r device type < <(findmnt -n -o SOURCE,FSTYPE --target "$T")
	[ -b "$device" ] || skip "host: $T is not on a disk"
	place=$(findmnt -n -o FSROOT,TARGET --target "$T" | awk '{ print $1 == "/" && $2 == "/" }')
	[ "$place" = 1 ] || skip "host: $T is not on the root file system"
	run podman_as '' run --rm --privileged --network=none localhost/busybox:test sh -c "
		mkdir /m && mount -t $type $device /m || exit 9
		echo x >>/m$layer/opt/data && exit 1
		chmod 0600 /m$layer/opt/data && exit 2
		touch /m$layer/opt/data && exit 3
		umount /m
		mkdir /b && mount --bind /opt /b && mount -o remount,bind,rw /b && echo x >>/b/data || exit 4
		tail -c 2 /opt/data"
	assert_success
	assert_output_has x
	assert_tree_unchanged "$T/layer" "$layer"
}

@test "root: copy-on-write cannot be switched off on a live root, which is found through bind mounts and refused from inside" {
	import ''
	run podman_as '' run --rm --network=none --annotation run.sandlock.cow=off localhost/busybox:test true
	assert_failure
	assert_output_has "cannot be off"
	run podman_as '' run -d --name box --network=none localhost/busybox:test sleep 1000
	assert_success
	live=$(podman_as '' inspect --format '{{.GraphDriver.Data.MergedDir}}' box)
	bundle=$(make_bundle "$T/b" "$live/opt")
	refute in_namespaces "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$bundle" x
	mkdir "$T/elsewhere"
	in_namespaces mount --bind "$live" "$T/elsewhere"
	edit_config "$bundle" '.root.path = $dir' --arg dir "$T/elsewhere"
	set_script "$bundle" <<<'echo x >>/opt/data; tail -c 2 /opt/data'
	run in_namespaces "$SANDLOCK_OCI" --root "$(state_root)" run --bundle "$bundle" x
	assert_output x
	in_namespaces umount "$T/elsewhere"
	assert_tree_unchanged "$T/layer" "$layer"
}

mapped_container() { # USER OPTION...
	local user=$1
	shift
	import "$user"
	run podman_as "$user" run --name mapped --network=none "$@" localhost/busybox:test \
		sh -c 'echo mapped >>/etc/motd; echo new >/etc/new; chown 1:1 /etc/new; rm /bin/vi'
	assert_success
	diff <(podman_as "$user" diff mapped | sort) - <<-'END'
		A /etc/new
		C /bin
		C /etc
		C /etc/motd
		D /bin/vi
	END
	run podman_as "$user" commit -q mapped localhost/mapped
	assert_success
	run podman_as "$user" run --rm --network=none localhost/mapped \
		sh -c 'stat -c "%u %g" /etc/motd /etc/new /opt/data; tail -n 1 /etc/motd; test -e /bin/vi || echo gone'
	assert_output $'0 0\n1 1\n0 0\nmapped\ngone'
	assert_tree_unchanged "$T/layer" "$layer"
}

@test "rootless: what a container with an id mapping changed is committed in the ids of the image" {
	mapped_container "$TEST_USER" --uidmap 0:1:500 --gidmap 0:1:500
}

# podman 4.3 on overlayfs commits the ids of its idmapped mount
@test "root: what a container with ids of its own changed is committed in the ids of the image" {
	mapped_container '' --userns=auto:size=2000
}

# The store of a container.
store_of() {
	echo "$(podman_as '' inspect --format '{{.GraphDriver.Data.UpperDir}}' "$1" | sed 's|/diff$||')/sandlock/live"
}

@test "root: with spare=1 an image that is used again has a spare root, which the next container takes" {
	PODMAN_MOUNTOPT=spare=1
	import ''
	spares=$(dirname "$layer")/sandlock/spare
	run podman_as '' run --rm --network=none localhost/busybox:test true
	assert_success
	# one container is no reason: the layers of a build have one each
	[ ! -e "$spares" ]
	run podman_as '' run --rm --network=none localhost/busybox:test true
	assert_success
	wait_for 20 sh -c 'ls -d "$1"/*/spare-0' sh "$spares"
	number=$(stat -c %i "$spares"/*/spare-0/root)
	run podman_as '' run --name box --network=none localhost/busybox:test sh -c 'echo x >>/opt/data; tail -c 2 /opt/data; cat /etc/motd'
	assert_output $'x\nhello from the image'
	[ "$(stat -c %i "$(store_of box)/root")" = "$number" ]
	diff <(podman_as '' diff box | sort) - <<-'END'
		C /etc
		C /opt
		C /opt/data
	END
	assert_tree_unchanged "$T/layer" "$layer"
	wait_for 20 sh -c 'ls -d "$1"/*/spare-0' sh "$spares"
	podman_as '' rm box
	podman_as '' rmi localhost/busybox:test
	[ ! -e "$spares" ]
}

# built KIND: localhost/apt, and what it is.
built_with_apt() {
	in_podman "$1" '' podman import "$T/debian.tar" localhost/debian:test </dev/null >/dev/null 2>&1
	in_podman "$1" '' podman build -q --isolation=oci --network=host -t localhost/apt "$PODMAN_BASE/shared/apt" </dev/null >&2
	in_podman "$1" '' podman save --format docker-archive -o "$T/$1.tar" localhost/apt </dev/null >/dev/null 2>&1
	python3 -B "$HELPERS_DIR/../podman/image-list" "$T/$1.tar"
}

@test "root: an image built with apt-get is the one that overlayfs and crun give" {
	requires_command crun python3
	requires_overlayfs
	cache=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}
	[ -e "$cache/debian.complete" ] || skip "host: no Debian image in $cache (quickstart makes one)"
	tar -C "$cache/debian" --numeric-owner --exclude=./usr/share/{doc,locale,zoneinfo,man}/'*' --exclude=./usr/lib/*/gconv/'*' \
		--exclude=./var/{cache,lib/apt/lists}/'*' -cf "$T/debian.tar" .
	mkdir "$PODMAN_BASE/shared/apt"
	cp "$cache"/debs/*.deb "$PODMAN_BASE/shared/apt"
	# logs and caches have times in them
	cat >"$PODMAN_BASE/shared/apt/Containerfile" <<-'EOS'
		FROM localhost/debian:test
		ENV DEBIAN_FRONTEND=noninteractive
		COPY *.deb /debs/
		RUN apt-get -q -y --no-install-recommends install /debs/*.deb && rm -rf /debs /var/log/* /var/cache/ldconfig/* /var/cache/apt/*.bin /var/cache/debconf
		RUN useradd -m -G mail worker && install -d -o worker -g staff -m 2770 /srv/data && dpkg --verify
		COPY --chown=worker:staff Containerfile /srv/data/
		RUN apt-get -q -y purge less && mv /usr/share/bug /usr/share/moved && chmod u+s /usr/bin/hello && rm -rf /var/log/* /var/cache/debconf /var/cache/apt/*.bin
		USER worker
		RUN hello >/home/worker/said && test "$(id -un)" = worker
	EOS
	built_with_apt overlay >"$T/theirs"
	built_with_apt sandlock >"$T/ours"
	diff "$T/theirs" "$T/ours"
	grep -q ' /usr/bin/hello f 4755 0:0' "$T/ours"
	grep -q ' /home/worker/said f 0644 1000:1000' "$T/ours"
}

@test "root: a further name of a file that has not changed is a copy in the layer, since podman compares trees" {
	import ''
	run podman_as '' run --name box --network=none localhost/busybox:test ln /etc/motd /etc/linked
	assert_success
	podman_as '' commit -q box localhost/linked >/dev/null
	podman_as '' save -q --format docker-archive -o "$T/linked.tar" localhost/linked
	python3 -B "$HELPERS_DIR/../podman/image-list" "$T/linked.tar" | grep ' /etc/linked f 0644 0:0'
	run podman_as '' run --rm --network=none localhost/linked cat /etc/linked
	assert_output "hello from the image"
	assert_tree_unchanged "$T/layer" "$layer"
}

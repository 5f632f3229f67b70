# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables for the other parts
# Shared by the parts of quickstart: messages, packages, building, the images. Sourced by ../../quickstart, which sets SRC.

CACHE=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}
DEBIAN_SUITE=bookworm
JOBS=${JOBS:-$(nproc)}
MARK="sandlock-oci quickstart" # comment field of the users that we made

if [ -t 1 ]; then
	BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
	BOLD='' RED='' GREEN='' PLAIN=''
fi

say() {
	printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"
}

note() {
	printf '    %s\n' "$*"
}

die() {
	printf '%squickstart: %s%s\n' "$RED" "$*" "$PLAIN" >&2
	exit 1
}

# quiet LOG COMMAND...: shows the end of the log only if the command fails.
quiet() {
	local log=$1
	shift
	mkdir -p "${log%/*}"
	if ! "$@" >"$log" 2>&1 </dev/null; then
		printf '%s\n' "--- last lines of $log" >&2
		tail -n 30 "$log" >&2
		return 1
	fi
}

need_root() {
	[ "$(id -u)" = 0 ] || die "has to install packages and make users: run it as root (sudo ./quickstart${1:+ $1})"
}

# --- packages -------------------------------------------------------------------------------------------------------------

# Lists "Debian:Fedora" names; "-" where a distribution has none or needs none.
PACKAGES_BUILD="gcc:gcc make:make autoconf:autoconf automake:automake libseccomp-dev:libseccomp-devel libyajl-dev:yajl-devel
	libcap-dev:libcap-devel libarchive-dev:libarchive-devel libsystemd-dev:systemd-devel"
PACKAGES_DEMO="debootstrap:debootstrap busybox-static:busybox uidmap:shadow-utils jq:jq attr:attr wget:wget ca-certificates:ca-certificates
	util-linux:util-linux xz-utils:xz"
PACKAGES_TEST="clang:clang libclang-rt-14-dev:compiler-rt git:git bats:bats shellcheck:ShellCheck clang-format-14:- go-md2man:golang-github-cpuguy83-md2man acl:acl
	libcap2-bin:libcap containerd:containerd docker.io:moby-engine podman:podman netavark:netavark conmon:conmon crun:crun runc:- zsh:zsh fish:fish procps:procps-ng
	skopeo:skopeo umoci:umoci buildah:buildah zstd:zstd python3:python3 bsdextrautils:- iproute2:iproute catatonit:catatonit"

package_names() {
	local column=$1 p
	shift
	# shellcheck disable=SC2048 # lists of words
	for p in $*; do
		p=$(cut -d: -f"$column" <<<"$p")
		[ "$p" = - ] || echo "$p"
	done
}

# without_services COMMAND...: daemons of the packages are not started, which Debian asks this file for. (dockerd would change the firewall.)
without_services() {
	local file=/usr/sbin/policy-rc.d status=0
	if [ -e "$file" ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' >"$file"
	chmod 0755 "$file"
	"$@" || status=$?
	rm -f "$file"
	return "$status"
}

install_packages() {
	local missing=() p
	if command -v apt-get >/dev/null; then
		for p in $(package_names 1 "$@"); do
			dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q '^install ok' || missing+=("$p")
		done
		[ ${#missing[@]} -gt 0 ] || { note "all packages are there"; return; }
		note "apt-get install ${missing[*]}"
		export DEBIAN_FRONTEND=noninteractive
		quiet "$LOGS/apt-update.log" apt-get -q update || die "apt-get update failed: is there a network, are the sources right?"
		quiet "$LOGS/apt-install.log" without_services apt-get -qy --no-install-recommends install "${missing[@]}" ||
			die "apt-get could not install: ${missing[*]}"
	elif command -v dnf >/dev/null; then
		for p in $(package_names 2 "$@"); do
			rpm -q "$p" >/dev/null 2>&1 || missing+=("$p")
		done
		[ ${#missing[@]} -gt 0 ] || { note "all packages are there"; return; }
		note "dnf install ${missing[*]}"
		quiet "$LOGS/dnf-install.log" dnf -qy install "${missing[@]}" || die "dnf could not install: ${missing[*]}"
	else
		die "neither apt-get nor dnf is here; by hand: $(package_names 1 "$@" | tr '\n' ' ')"
	fi
}

# --- building -------------------------------------------------------------------------------------------------------------

# The owner of the clone builds, so that sudo leaves no files of root's behind in it.
as_owner() {
	local owner
	owner=$(stat -c %U "$SRC")
	if [ "$owner" = root ] || [ "$owner" = UNKNOWN ]; then
		"$@"
	else
		runuser -u "$owner" -- "$@"
	fi
}

bootstrap() {
	[ -x "$SRC/configure" ] && [ ! "$SRC/configure.ac" -nt "$SRC/configure" ] &&
		[ -z "$(find "$SRC" -name '*.am' -newer "$SRC/configure" -not -path '*/build/*' -print -quit)" ] && return
	quiet "$LOGS/autogen.log" as_owner "$SRC/autogen.sh" || die "autogen.sh failed"
}

# build NAME CONFIGURE-ARG...: in $SRC/build/NAME, which is kept for the next time.
build() {
	local dir=$SRC/build/$1
	shift
	as_owner mkdir -p "$dir"
	if [ ! -f "$dir/config.status" ] || [ "$SRC/configure" -nt "$dir/config.status" ]; then
		quiet "$LOGS/configure-${dir##*/}.log" as_owner sh -c 'cd "$1" && shift && exec "$@"' sh "$dir" "$SRC/configure" "$@" || return 1
	fi
	quiet "$LOGS/make-${dir##*/}.log" as_owner make -C "$dir" -j "$JOBS" || return 1
}

# shellcheck source=../../tests/lib/subids.bash
. "$SRC/tests/lib/subids.bash"

# --- users ----------------------------------------------------------------------------------------------------------------

# ensure_user NAME: an ordinary user with 65536 subordinate ids; one of that name that we did not make is left alone.
ensure_user() {
	if getent passwd "$1" >/dev/null; then
		[ "$(getent passwd "$1" | cut -d: -f5)" = "$MARK" ] || die "there is a user $1 that quickstart did not make"
		note "user $1 is there"
	else
		useradd --create-home --shell /bin/bash --comment "$MARK" "$1" || die "useradd $1 failed"
		note "made the user $1"
	fi
	give_subids "$1"
}

# run_as USER COMMAND...: as after a login: clean environment, no capabilities, own XDG_RUNTIME_DIR.
run_as() {
	local user=$1 xdg=/run/sandlock-oci-$1
	shift
	[ -d "$xdg" ] || install -d -m 0700 -o "$user" -g "$(id -gn "$user")" "$xdg"
	setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all \
		env -i "HOME=$(getent passwd "$user" | cut -d: -f6)" "USER=$user" "LOGNAME=$user" "XDG_RUNTIME_DIR=$xdg" \
		"TERM=${TERM:-dumb}" PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin "$@"
}

# --- images ---------------------------------------------------------------------------------------------------------------

# The Debian root, made once: $CACHE/debian, and two packages that are not in it: $CACHE/debs.
make_debian() {
	local dir=$CACHE/debian
	mkdir -p "$CACHE"
	chmod 0755 "$CACHE"
	if [ -e "$dir.complete" ]; then
		note "Debian root: $dir (from an earlier run)"
	else
		note "debootstrap $DEBIAN_SUITE into $dir (one to three minutes)"
		rm -rf "$dir" "$dir.new" "$dir.complete"
		quiet "$LOGS/debootstrap.log" debootstrap --variant=minbase "$DEBIAN_SUITE" "$dir.new" "$(mirror)" ||
			die "debootstrap failed: is there a network? (SANDLOCK_MIRROR names another Debian mirror)"
		rm -rf "$dir.new"/var/cache/apt/archives/*.deb
		mv "$dir.new" "$dir"
		: >"$dir.complete"
	fi
	fetch_debs
}

mirror() {
	local uri=${SANDLOCK_MIRROR:-}
	[ -n "$uri" ] || uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*debian\/\?\) .*/\2/p' | head -1)
	[ -n "$uri" ] || uri=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\(http[^ ]*\/debian\/\?\).*/\1/p' | head -1)
	echo "${uri:-http://deb.debian.org/debian}"
}

# hello has no maintainer scripts; less registers itself with update-alternatives. Name and checksum are in the package list that debootstrap leaves.
fetch_debs() {
	local p list file sum
	mkdir -p "$CACHE/debs"
	chmod 0755 "$CACHE/debs"
	list=$(find "$CACHE/debian/var/lib/apt/lists" -name '*_Packages' 2>/dev/null | head -1)
	for p in hello less; do
		[ ! -s "$CACHE/debs/$p.deb" ] || continue
		[ -n "$list" ] || die "the Debian root has no package list; remove $CACHE/debian and try again"
		read -r file sum < <(awk -v p="$p" '
			$1 == "Package:" { here = $2 == p }
			here && $1 == "Filename:" { f = $2 }
			here && $1 == "SHA256:" { s = $2 }
			END { print f, s }' "$list")
		[ -n "$sum" ] || die "no package $p in $list"
		note "fetching $p"
		quiet "$LOGS/wget.log" wget -O "$CACHE/debs/$p.tmp" "$(mirror)/$file" || die "could not fetch $file"
		echo "$sum  $CACHE/debs/$p.tmp" | sha256sum --check --quiet || die "$p: wrong checksum"
		mv "$CACHE/debs/$p.tmp" "$CACHE/debs/$p.deb"
	done
}

make_busybox() {
	local dir=$CACHE/busybox bb a
	if [ -e "$dir.complete" ]; then
		note "busybox root: $dir (from an earlier run)"
		return
	fi
	bb=$(command -v busybox) || die "busybox is not installed"
	note "making $dir"
	rm -rf "$dir" "$dir.new" "$dir.complete"
	mkdir -p "$dir.new"/{bin,dev,etc,home,proc,root,run,sys,tmp,var}
	chmod 1777 "$dir.new/tmp"
	chmod 0755 "$dir.new"
	cp "$bb" "$dir.new/bin/busybox"
	for a in $("$bb" --list); do
		[ -e "$dir.new/bin/$a" ] || ln -s busybox "$dir.new/bin/$a"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$dir.new/etc/passwd"
	echo 'root:x:0:' >"$dir.new/etc/group"
	mv "$dir.new" "$dir"
	: >"$dir.complete"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sandlock-build: images from Containerfiles, as root and as an ordinary user, the same as buildah's.

export BATS_TEST_TIMEOUT=300
load helpers

setup() {
	requires_root
	requires_command python3 skopeo umoci
	ensure_test_users
	setup_sandlock
	src=${top_srcdir:-$HELPERS_DIR/../..}
	cp -R "$src/contrib/sandlock_build" "$T/program"
	mkdir "$T/ctx"
}

teardown() {
	# it has the cache
	pkill -f "python3 -B $T/program" || true
	[ ! -d "$T/buildah" ] || buildah_here rm --all >/dev/null 2>&1 || true
	for AS in '' "$TEST_USER"; do
		[ ! -d "$(cache)" ] || build --clear-cache
	done
	teardown_sandlock
}

cache() {
	echo "$T/cache${AS:+-$AS}"
}

# build ARGS...: as AS, with a cache of its own.
build() {
	user_dir "cache${AS:+-$AS}" >/dev/null
	as "$AS" python3 -B "$T/program" --runtime "$SANDLOCK_OCI" --cache-dir "$(cache)" "$@"
}

# In a mount namespace of its own: mounts of this test that other tests' namespaces inherit make their processes look like ours.
buildah_here() {
	local driver=vfs
	! grep -qw overlay /proc/filesystems || driver=overlay
	unshare --mount --propagation slave buildah --storage-driver "$driver" --root "$T/buildah/graph" --runroot "$T/buildah/run" "$@"
}

# base_image DIR [TAR-OPTION...]: $T/base, tag base, from a root directory.
base_image() {
	local dir=$1
	shift
	umoci init --layout "$T/base"
	umoci new --image "$T/base:base"
	tar -C "$dir" --numeric-owner --xattrs --xattrs-include='*' "$@" -cf "$T/base.tar" .
	umoci raw add-layer --image "$T/base:base" "$T/base.tar"
	rm "$T/base.tar"
	chmod -R a+rX "$T/base"
}

# The files of the image DIR:TAG: names, types, modes, owners, sizes, targets. Unpacked with umoci as root.
list_image() {
	rm -rf "$T/unpacked"
	umoci raw unpack --image "$1" "$T/unpacked" >/dev/null
	(cd "$T/unpacked" && find . \( -type d -printf '%p %y %m %U:%G\n' \) -o -printf '%p %y %m %U:%G %s %l\n' | LC_ALL=C sort)
}

# The configuration that a container gets.
config_of() {
	skopeo inspect --config "oci:$1" | jq -S '.config | {Cmd, Entrypoint, Env, User, WorkingDir, ExposedPorts, Volumes, StopSignal}
		+ {Labels: (.Labels // {} | del(.["io.buildah.version"]))}'
}

# What only a docker-archive has.
more_config_of() {
	tar -xOf "$1" "$(tar -xOf "$1" manifest.json | jq -r '.[0].Config')" | jq -S '.config | {Healthcheck, Shell, OnBuild: (.OnBuild // [])}'
}

# built_alike: $T/ctx built by buildah, by us as root, and by us as an ordinary user is the same. buildah leaves mount points behind.
built_alike() {
	requires_command buildah
	# shellcheck disable=SC2016 # a pattern
	local artefacts='^\./etc/\(hostname\|hosts\|resolv\.conf\) f 755 0:0 0 $\|^\./data d'
	skopeo copy -q "oci:$T/base:base" "docker-archive:$T/base.tar:localhost/base:latest"
	buildah_here pull -q "docker-archive:$T/base.tar" >&2
	# what OCI's configuration does not know is only in the other format
	buildah_here bud --format docker --isolation chroot --build-arg BASE=localhost/base:latest -t x "$T/ctx" >&2
	buildah_here push -q x "oci:$T/theirs:t"
	buildah_here push -q x "docker-archive:$T/theirs.tar:x:1"
	list_image "$T/theirs:t" | grep -v "$artefacts" >"$T/theirs.list"
	for AS in '' "$TEST_USER"; do
		out=$(user_dir "ours$AS")
		build -q --base "localhost/base:latest=oci:$T/base:base" --build-arg BASE=localhost/base:latest -o "oci:$out/image:t" "$T/ctx" >&2
		list_image "$out/image:t" | grep -v "$artefacts" >"$T/ours.list"
		diff "$T/theirs.list" "$T/ours.list" >&2
		diff <(config_of "$T/theirs:t") <(config_of "$out/image:t") >&2
		skopeo copy -q "oci:$out/image:t" "docker-archive:$T/ours.tar:x:1"
		diff <(more_config_of "$T/theirs.tar") <(more_config_of "$T/ours.tar") >&2
		rm "$T/ours.tar"
	done
	AS=
}

@test "a busybox image: stages, every instruction; the same as buildah's" {
	base_image "$(shared_busybox_root)"
	mkdir -p ctx/src/sub
	echo a >ctx/src/a
	echo b >ctx/src/sub/b.txt
	echo c >ctx/src/sub/c.txt
	echo skipped >ctx/src/skip.log
	chmod 0705 ctx/src/sub
	ln -s ../nowhere ctx/src/dangling
	printf '%s\n' '# comment' '**/*.log' 'secret*' '!secret-not' >ctx/.containerignore
	touch ctx/secret ctx/secret-not
	tar -C ctx --owner=3 --group=4 -cf ctx/arch.tar src/a src/sub
	cat >ctx/Containerfile <<-'EOS'
		ARG BASE
		ARG WORD=global
		FROM ${BASE} AS first
		ARG V=1
		ARG WORD
		ENV A=1 B="two words" \
		# a comment inside
		    C=$V D=${NONE:-fallback}${A:+set} E=$WORD
		ENV OLD form of it
		ENV QUOTED "old  form" 'too'
		RUN echo "$A/$B/$C/$D/$E/$OLD" >/env && rm /bin/vi
		RUN ["/bin/sh", "-c", "ln /bin/busybox /bin/bbx; chown 5:7 /env; chmod 4755 /env; mkdir -p /deep/er /tmp/l && ln -s /deep /tmp/l/link"]
		WORKDIR /work/dir
		WORKDIR below
		COPY src ./s/
		COPY src/a renamed
		COPY --chown=user:daemon src/a src/sub/*.txt /multi/
		COPY --chown=1234 ["src/sub", "/json form/"]
		COPY src/a /tmp/l/link/
		COPY secret* /secrets/
		ADD arch.tar /arch/
		RUN pwd >out; rm /multi/a; rm -r /home && echo f >/home; chmod 0711 /work
		FROM ${BASE}
		LABEL one=1 "two words"="b c"
		COPY --from=first /env /multi /final/
		COPY --from=0 /work /w
		COPY --from=first /bin/busybox /json?form/b.txt /x/
		ARG UNSET
		ARG EMPTY=
		ENV F=${UNSET:-unset}${EMPTY:-empty}${EMPTY:+no}
		HEALTHCHECK --interval=5s --timeout=1m30s --start-period=3s --retries=2 CMD test -e /w
		EXPOSE 80 53/udp
		VOLUME /data
		STOPSIGNAL SIGINT
		USER user
		CMD ["sh"]
		ENTRYPOINT /bin/echo hi
		SHELL ["/bin/sh", "-ec"]
		RUN echo $PWD >/tmp/pwd; echo $- "${UNSET-unset}${EMPTY-}" >>/tmp/pwd
	EOS
	built_alike
	AS=
	build -q --build-arg "BASE=oci:$T/base:base" --target first -o "oci:first:t" ctx
	umoci raw unpack --image first:t stage
	[ "$(cat stage/env)" = "1/two words/1/fallback/global/form of it" ]
	[ "$(cat stage/work/dir/below/out)" = /work/dir/below ]
	[ ! -e stage/bin/vi ]
}

@test "a Debian image: packages, users, owners; the same as buildah's" {
	image=${SANDLOCK_CACHE:-/var/cache/sandlock-oci}
	[ -e "$image/debian.complete" ] || skip "host: no Debian image in $image (quickstart makes one)"
	# without what only takes time here
	base_image "$image/debian" --exclude=./usr/share/{doc,locale,zoneinfo,man,perl*}/'*' --exclude=./usr/lib/*/{gconv,perl*} \
		--exclude=./var/{cache,lib/apt/lists}/'*' --exclude=./usr/bin/perl*
	cp "$image"/debs/*.deb ctx
	cat >ctx/Dockerfile <<-'EOS'
		ARG BASE
		FROM ${BASE}
		COPY *.deb /tmp/debs/
		RUN dpkg -i /tmp/debs/*.deb && rm -r /tmp/debs /var/log/*.log
		RUN useradd -m -G mail worker && install -d -o worker -g staff -m 2770 /srv/data && rm -rf /usr/share/menu
		COPY --chown=worker:staff Dockerfile /srv/data/
		USER worker
		WORKDIR /home/worker
		RUN id >id; ln -s /nowhere link; touch /srv/data/t
		USER root
		RUN mv /usr/share/bug /usr/share/moved && chmod u+s /usr/bin/less && echo x >>/usr/local/bin/new
	EOS
	built_alike
	grep -q '^\./usr/local/bin d 755 0:0' ours.list
	grep -q '^\./srv/data d 2770 1000:50' ours.list
}

@test "a program in two stages: arguments, modes, archives into what is there, an ignore file; the same as buildah's" {
	base_image "$(shared_busybox_root)"
	mkdir -p ctx/app/conf.d ctx/app/cache ctx/pack/etc/app ctx/pack/opt
	echo main >ctx/app/main.sh
	echo 'a b' >"ctx/app/with space"
	for n in 1 2 10; do echo $n >ctx/app/conf.d/$n.conf; done
	touch ctx/app/cache/x ctx/app/cache/keep ctx/app/.hidden ctx/README.md ctx/NOTES.md
	echo packed >ctx/pack/etc/app/packed
	ln ctx/pack/etc/app/packed ctx/pack/opt/same
	ln -s ../etc/app ctx/pack/opt/link
	chmod 2755 ctx/pack/opt
	tar -C ctx/pack --owner=7 --group=8 -czf ctx/pack.tar.gz .
	tar -C ctx/pack --owner=0 --group=0 -cJf ctx/pack.tar.xz etc
	printf '%s\n' 'app/cache' '!app/cache/keep' '*.md' '!README.md' pack '# no rule' '' >ctx/.dockerignore
	cat >ctx/Containerfile <<-'EOS'
		# syntax=docker/dockerfile:1
		ARG BASE
		ARG PREFIX=/usr/local
		FROM ${BASE} AS tools
		ARG PREFIX
		ARG MODE=0750
		ARG WHO=daemon
		WORKDIR ${PREFIX}/src/${MODE}
		COPY --chmod=0751 app/main.sh $PREFIX/bin/
		COPY --chown=$WHO --chmod=640 app/conf.d/?.conf app/conf.d/1*.conf ./conf/
		ADD pack.tar.gz /
		ADD pack.tar.xz pack.tar.gz /packed/
		COPY pack.tar.gz /as-it-is
		RUN mkdir -p out/a/b && echo "$PREFIX $MODE" >out/a/b/c && ln -s a/b out/l && mkfifo out/fifo && chmod 1777 out/a && chown -h 3:4 out/l
		FROM tools AS unused
		RUN touch /unused
		FROM ${BASE}
		ARG PREFIX
		ENV PREFIX=${PREFIX:+$PREFIX/app} NEXT="$PREFIX and \$PREFIX" LIST='$PREFIX'
		ENV AFTER=$PREFIX-$NEXT PATH=$PREFIX/bin:$PATH
		COPY --from=tools --chown=5:daemon ${PREFIX}/../src /src
		COPY --from=tools /usr/local/src/*/out $PREFIX/out/
		COPY --from=tools /packed /as-it-is /etc/
		COPY ["app/with space", "app/.hidden", "/names/"]
		COPY . /context/
		COPY app/conf.d/[12].conf /names/
		ADD --chown=daemon app /added
		LABEL org.example.prefix="$PREFIX" org.example.long="one \
		two" single='$PREFIX'
		EXPOSE $NONE 8080 9000/tcp 5353/udp
		VOLUME ["/data/$NONE"]
		WORKDIR /a
		WORKDIR ../b/./c
		RUN echo "$LIST" "$AFTER" >env; rm -rf /context/app/conf.d /added/main.sh && mkdir /context/app/conf.d && touch -d @5 /names
		USER 12:34
		RUN id >/tmp/id; test ! -w /etc/motd
		SHELL ["/bin/busybox", "sh", "-c"]
		CMD ["echo", "$PREFIX"]
		STOPSIGNAL 15
		HEALTHCHECK NONE
	EOS
	built_alike
}

@test "an image with ONBUILD, and one on it: the same as buildah's" {
	requires_command buildah
	base_image "$(shared_busybox_root)"
	echo data >ctx/data
	cat >ctx/Containerfile <<-'EOS'
		ARG BASE
		FROM ${BASE}
		ENV WHERE=/first
		ONBUILD ARG NAME=x
		ONBUILD COPY --chown=daemon data $WHERE/
		ONBUILD RUN echo "$NAME" >$WHERE/name
		ONBUILD ENV MORE=$WHERE/more
		HEALTHCHECK CMD true
		SHELL ["/bin/busybox", "sh", "-c"]
		ENV WHERE=/second
		CMD ["sh"]
	EOS
	built_alike
	config_of "$T/ours/image:t" | grep second
	mv theirs theirs.below
	# on a docker image, for OCI's configuration has no such field; then a stage on the stage
	skopeo copy -q oci:ours/image:t docker-archive:below.tar:localhost/below:latest
	buildah_here pull -q docker-archive:below.tar
	printf 'FROM localhost/below:latest AS one\nRUN cat $WHERE/name $WHERE/data >/seen\nFROM one\nRUN test ! -e /again\nCMD ["cat", "/seen"]\n' >ctx/Containerfile
	buildah_here bud --format docker --isolation chroot --build-arg NAME=given -t y ctx
	buildah_here push -q y oci:theirs:t
	buildah_here push -q y docker-archive:theirs2.tar:y:1
	build -q --base localhost/below:latest=docker-archive:below.tar --build-arg NAME=given -o oci:above:t ctx
	list_image theirs:t | grep -v '^\./etc/\(hostname\|hosts\|resolv\.conf\) f' >theirs.list
	list_image above:t | diff theirs.list -
	diff <(config_of theirs:t) <(config_of above:t)
	skopeo copy -q oci:above:t docker-archive:above.tar:y:1
	diff <(more_config_of theirs2.tar) <(more_config_of above.tar)
	[ "$(list_image above:t | grep -c '^\./second/\(name\|data\) f')" = 2 ]
}

@test "here-documents: commands, scripts, files" {
	base_image "$(shared_busybox_root)"
	cat >ctx/Containerfile <<-'EOS'
		ARG BASE
		FROM ${BASE}
		ENV A=value
		RUN <<EOF
		set -e
		# no comment of the Containerfile
		echo "$A \
		joined" >/one
		false || echo more >>/one
		EOF
		RUN cat <<FIRST >/two && cat <<-'SECOND' >>/two
		first $A
		FIRST
			second $A
		SECOND
		RUN <<"END"
		#!/bin/sh -e
		echo "$0" >/three
		true
		END
		RUN echo "<<EOF" '<<EOF' " <<EOF " >/four
		COPY --chown=daemon --chmod=0604 <<conf <<"raw.conf" /etc/files/
		it's '$A' ${NONE:-none} \$A
		conf
		$A
		raw.conf
		COPY <<EOF /etc/named
		named
		EOF
		RUN ["/bin/sh", "-c", "cat <<EOF >/five\nfive\nEOF"]
	EOS
	for AS in '' "$TEST_USER"; do
		out=$(user_dir "out$AS")
		build -q --build-arg "BASE=oci:$T/base:base" -o "oci:$out/image:t" "$T/ctx"
		list_image "$out/image:t" >list
		[ "$(cat unpacked/one)" = $'value joined\nmore' ]
		[ "$(cat unpacked/two)" = $'first value\nsecond $A' ]
		[ "$(cat unpacked/three)" = /dev/pipes/END ]
		[ "$(cat unpacked/four)" = "<<EOF <<EOF  <<EOF " ]
		[ "$(cat unpacked/five)" = five ]
		[ "$(cat unpacked/etc/files/conf)" = "it's 'value' none \$A" ]
		[ "$(cat unpacked/etc/files/raw.conf)" = '$A' ]
		grep -q '^\./etc/files/conf f 604 1:1' list
		[ "$(cat unpacked/etc/named)" = named ]
		grep -q '^\./etc/named f 644 0:0' list
		[ ! -e unpacked/dev/pipes ]
		# the text is part of the cache's key
		run build --build-arg "BASE=oci:$T/base:base" -o "oci:$out/image:t" "$T/ctx"
		assert_success
		[ "$(grep -c 'from the cache' <<<"$output")" = 7 ]
		sed 's/^named/renamed/' ctx/Containerfile >ctx/other
		run build -f "$T/ctx/other" --build-arg "BASE=oci:$T/base:base" -o "oci:$out/image:t" "$T/ctx"
		assert_success
		[ "$(grep -c 'from the cache' <<<"$output")" = 5 ]
		list_image "$out/image:t" >list
		[ "$(cat unpacked/etc/named)" = renamed ]
	done
}

@test "the cache: what has not changed is not run again" {
	base_image "$(shared_busybox_root)"
	cat >ctx/Containerfile <<-'EOS'
		ARG BASE
		FROM ${BASE}
		RUN echo ran-first | tee /first
		COPY data /data
		RUN echo ran-second $(cat /data)
	EOS
	for AS in '' "$TEST_USER"; do
		echo 1 >ctx/data
		out=$(user_dir "out$AS")
		run build --build-arg "BASE=oci:$T/base:base" -o "oci:$out/a:t" "$T/ctx"
		assert_success
		assert_output_has ran-first "ran-second 1"
		run build --build-arg "BASE=oci:$T/base:base" -o "oci:$out/b:t" "$T/ctx"
		assert_success
		assert_output_lacks $'\nran-first'
		assert_output_lacks $'\nran-second'
		[ "$(jq -c '.rootfs' < <(skopeo inspect --config "oci:$out/a:t"))" = "$(jq -c '.rootfs' < <(skopeo inspect --config "oci:$out/b:t"))" ]
		echo 2 >ctx/data
		run build --build-arg "BASE=oci:$T/base:base" -o "oci:$out/b:t" "$T/ctx"
		assert_output_lacks $'\nran-first'
		assert_output_has "ran-second 2"
		run build --no-cache --build-arg "BASE=oci:$T/base:base" -o "oci:$out/b:t" "$T/ctx"
		assert_output_has ran-first "ran-second 2"
		build --clear-cache
		[ -z "$(ls -A "$(cache)")" ]
	done
}

# layer_types DIR:TAG: how the layers are stored, without the base's.
layer_types() {
	skopeo inspect --raw "oci:$1" | jq -c '[.layers[1:][].mediaType | sub(".*\\."; "")]'
}

@test "layers are compressed when the image needs it: large ones, unfinished stages, from the cache" {
	base_image "$(shared_busybox_root)"
	# more than what is compressed at once
	head -c 9000000 /dev/urandom | base64 -w 0 >ctx/data
	cat >ctx/Containerfile <<-EOS
		FROM oci:$T/base:base AS one
		RUN echo 1 >/one
		FROM oci:$T/base:base
		COPY --from=one /one /
		COPY data /data
	EOS
	for AS in '' "$TEST_USER"; do
		out=$(user_dir "out$AS")
		build -q --disable-compression -o "oci:$out/plain:t" "$T/ctx"
		[ "$(layer_types "$out/plain:t")" = '["tar","tar"]' ]
		build -q -o "docker-archive:$out/archive.tar:x:1" "$T/ctx"
		[ "$(find "$(cache)" -maxdepth 2 -name layer.tar | wc -l)" = 3 ]
		build -q -o "oci:$out/packed:t" "$T/ctx"
		[ "$(layer_types "$out/packed:t")" = '["tar+gzip","tar+gzip"]' ]
		# the first stage's is in no image
		[ "$(find "$(cache)" -maxdepth 2 -name layer.tar | wc -l)" = 1 ]
		[ "$(find "$(cache)" -maxdepth 2 -name 'layer.tar.gz*' | wc -l)" = 2 ]
		# what another build has compressed is good for everything
		build -q --disable-compression -o "oci:$out/again:t" "$T/ctx"
		build -q -o "docker-archive:$out/again.tar:x:1" "$T/ctx"
		for image in "oci:$out/plain:t" "docker-archive:$out/archive.tar" "oci:$out/again:t" "docker-archive:$out/again.tar"; do
			[ "$(skopeo inspect --config "$image" | jq -c .rootfs)" = "$(skopeo inspect --config "oci:$out/packed:t" | jq -c .rootfs)" ]
		done
		list_image "$out/packed:t" >"$T/list"
		grep -q '^\./one f' "$T/list"
		cmp "$T/unpacked/data" "$T/ctx/data"
		[ "$(du -k "$out/packed/blobs" | tail -n 1 | cut -f 1)" -lt "$(du -k "$out/plain/blobs" | tail -n 1 | cut -f 1)" ]
	done
}

@test "a build that is ended leaves neither a container nor anything in the cache" {
	base_image "$(shared_busybox_root)"
	printf 'FROM oci:%s/base:base\nRUN for i in $(seq 2000); do echo $i >/tmp/$i; done; touch /started; exec sleep 98765\n' "$T" >ctx/Containerfile
	for AS in '' "$TEST_USER"; do
		out=$(user_dir "out$AS")
		build -q -o "oci:$out/image:t" "$T/ctx" 3>&- &
		wait_for 30 sh -c 'ls "$1"/store.*/root/started' sh "$(cache)"
		pkill -f "python3 -B $T/program"
		status=0
		wait "$!" || status=$?
		[ "$status" = 143 ]
		[ -z "$(pgrep -f '^sleep 98765')" ]
		[ ! -e "$out/image" ]
		wait_for 10 sh -c '! ls -d "$1"/*.* "$1"/.sandlock*' sh "$(cache)"
	done
}

@test "archives in and out, scratch, names by --base" {
	base_image "$(shared_busybox_root)"
	skopeo copy -q oci:base:base oci-archive:base-oci.tar:x
	skopeo copy -q oci:base:base docker-archive:base-docker.tar:x:1
	printf 'FROM scratch\nCOPY a /\nCMD ["/a"]\n' >ctx/Containerfile
	echo a >ctx/a
	build -q -o docker-archive:scratch.tar:scratch:1 ctx
	skopeo inspect docker-archive:scratch.tar | jq -e '.Layers | length == 1'
	printf 'FROM one AS x\nRUN echo 1 >/one\nFROM two\nCOPY --from=x /one /\nCOPY --from=three /etc/motd /bin/sh /from3/\n' >ctx/Containerfile
	build -q --base one=oci-archive:base-oci.tar --base two=docker-archive:base-docker.tar --base three=oci:base:base \
		-o oci-archive:out.tar:t ctx
	skopeo copy -q oci-archive:out.tar:t oci:out:t
	list_image out:t >list
	grep -q '^\./one f' list
	# a source that is a symlink is copied as what it leads to
	grep -q '^\./from3/sh f' list
}

@test "mistakes are named with their line, and leave no image" {
	base_image "$(shared_busybox_root)"
	wrong() {
		local text=$1
		shift
		printf 'FROM oci:%s/base:base\n%b\n' "$T" "$text" >ctx/Containerfile
		run build -q -o oci:out:t ctx
		assert_failure 1
		assert_output_has "$@"
		assert_output_lacks Traceback
		[ ! -e out ]
	}
	wrong 'RUN echo said; exit 7' 'Containerfile:2: RUN' 'status 7' said
	wrong 'ONBUILD FROM x' 'Containerfile:2: ONBUILD' FROM
	wrong 'ONBUILD ONBUILD RUN true' 'Containerfile:2: ONBUILD' ONBUILD
	wrong '\n\nNONSENSE x' 'Containerfile:4: ' NONSENSE
	wrong 'COPY missing /' 'Containerfile:2: COPY' 'there is no missing'
	wrong 'COPY ../../etc/passwd /' 'there is no ../../etc/passwd'
	wrong 'COPY --chown=nobody Containerfile /x' 'no user `nobody`'
	wrong 'COPY --link Containerfile /x' '--link'
	wrong 'RUN --mount=type=cache,target=/x true' '--mount'
	wrong 'RUN <<EOF\ntrue\n EOF' 'Containerfile:2: ' 'EOF has no end'
	wrong 'COPY <<EOF Containerfile /x/\ntrue\nEOF' 'Containerfile:2: COPY' 'here-documents and files'
	wrong 'RUN <<EOF\nexit 4\nEOF\nRUN true' 'Containerfile:2: RUN' 'status 4'
	wrong 'ADD https://example.org/x /' 'from the network'
	wrong 'USER nobody\nRUN true' 'no user `nobody`'
	wrong 'COPY Containerfile /bin/busybox/x' '/bin/busybox is not a directory'
	wrong 'RUN "' 'Containerfile:2: RUN'
	wrong 'SHELL ["/bin/sh", "-ec"]\nRUN false; echo not reached' 'Containerfile:3: RUN' 'status 1'
	wrong 'HEALTHCHECK --retries=x CMD true' 'Containerfile:2: HEALTHCHECK' '--retries=x'
	wrong 'HEALTHCHECK --interval=5 CMD true' 'Containerfile:2: HEALTHCHECK' 'not a duration'
	wrong 'HEALTHCHECK CMD' 'Containerfile:2: HEALTHCHECK' 'a command is needed'
	wrong 'SHELL /bin/sh' 'Containerfile:2: SHELL' 'JSON'
	wrong 'ENV A=${B' 'Containerfile:2: ENV' 'cannot expand'
	wrong 'LABEL' 'Containerfile:2: LABEL'
	printf 'FROM oci:%s/base:base\nRUN \\\n  true && \\\n  false\n' "$T" >ctx/other.file
	run build -q -o oci:out:t -f ctx/other.file ctx
	assert_failure 1
	assert_output_has "ctx/other.file:2: RUN" 
	printf 'RUN true\n' >ctx/Containerfile
	run build -q -o oci:out:t ctx
	assert_failure 1
	assert_output_has "must be FROM"
	run build -q ctx
	assert_failure 1
	assert_output_has "--output"
	run build -q -o oci:out:t --target nosuch ctx
	assert_failure 1
	[ -z "$(find cache -maxdepth 1 -name '*.*')" ]
}

@test "an image with a link in the place of a directory; exceptions of the ignore file" {
	cp -a "$(shared_busybox_root)" root
	mkdir -p root/usr/lib ctx/lib ctx/o/keep ctx/o/drop
	ln -s usr/lib root/lib
	base_image root
	touch ctx/lib/added ctx/o/keep/k ctx/o/drop/d
	tar -C ctx -cf ctx/a.tar lib
	printf '%s\n' o '!o/keep' >ctx/.dockerignore
	printf 'FROM oci:%s/base:base\nADD a.tar /\nCOPY lib /lib\nCOPY . /all/\n' "$T" >ctx/Containerfile
	build -q -o oci:result:t ctx
	list_image result:t >list
	grep -q '^\./lib l .*usr/lib$' list
	grep -q '^\./usr/lib/added f' list
	grep -q '^\./all/o/keep/k f' list
	refute grep -q drop list
	# of the two files the first one counts, as with buildah
	printf '%s\n' lib >ctx/.containerignore
	printf 'FROM oci:%s/base:base\nARG EMPTY=\nARG TARGETOS\nENV B=$TARGETOS A=${NONE-none}${EMPTY-x}${EMPTY+there}${NONE+x}\nCOPY . /all/\n' "$T" >ctx/Containerfile
	build -q -o oci:result:t ctx
	list_image result:t >list
	grep -q '^\./all/o/drop/d f' list
	refute grep -q '^\./all/lib' list
	config_of result:t | jq -e '.Env | index("A=nonethere") and index("B=linux")'
}

@test "a hostile image: symlinks are followed inside it only" {
	cp -a "$(shared_busybox_root)" root
	mkdir outside
	ln -s "$T/outside" root/out
	ln -s ../../../../../../../../../../../.. root/up
	base_image root
	printf 'FROM oci:%s/base:base\nCOPY a /out/\nCOPY a /up/top\nRUN cat %s/outside/a /top\n' "$T" "$T" >ctx/Containerfile
	echo a >ctx/a
	build -q -o oci:result:t ctx
	[ -z "$(ls outside)" ]
	list_image result:t | grep -q "^\./top f"
}

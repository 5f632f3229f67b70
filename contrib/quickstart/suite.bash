# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# All tests. Every step is counted; TAP of the unit tests, lints and bats files is added up. Sourced by ../../quickstart after common.bash.

TEST_USER=sandlock-test
passed=0
failed=0
skipped=0
problems=$LOGS/problems
skips=$LOGS/skips
podman= # pid of podman_commands
: >"$problems"
: >"$skips"

suite() {
	local start=$SECONDS
	export SANDLOCK_CACHE=$CACHE
	say "packages"
	install_packages "$PACKAGES_BUILD" "$PACKAGES_DEMO" "$PACKAGES_TEST"
	say "images"
	make_debian
	make_busybox
	bootstrap

	step "gcc -Werror" build gcc --enable-werror --prefix=/usr/local --sysconfdir=/etc
	step "clang -Werror, with ASan and UBSan" build clang --enable-werror --enable-sanitizers CC=clang CFLAGS='-g -O1'
	make_check gcc "unit tests, lints, containers as root" check
	podman_commands >"$LOGS/podman-commands.log" 2>&1 </dev/null &
	podman=$!
	make_check clang "unit tests under ASan and UBSan" check-unit
	step "fuzzers, a few seconds each" fuzz_briefly
	step "podman's commands beside overlayfs" end_of_podman_commands
	bats_as_user
	step "make bench, one row" bench_row
	step "make distcheck" distcheck
	step "quickstart's demonstration" "$SRC/quickstart" demo
	summary $((SECONDS - start))
}

# step NAME COMMAND...: one test.
step() {
	local name=$1 log t=$SECONDS
	shift
	log=$LOGS/step-${name//[^A-Za-z0-9]/-}.log
	say "$name"
	if "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		note "ok ($((SECONDS - t)) s)"
	else
		failed=$((failed + 1))
		echo "$name" >>"$problems"
		tail -n 40 "$log" | sed 's/^/    /'
		note "${RED}FAILED${PLAIN} ($((SECONDS - t)) s)"
	fi
}

# add_tap NAME FILE [RESULT]: counts one TAP stream. A test for the other half of the suite ("other part") is no skip.
add_tap() {
	local name=$1 file=$2 all bad other skip plan seen
	all=$(grep -cE '^ok' "$file" || true)
	bad=$(grep -cE '^not ok' "$file" || true)
	other=$(grep -ciE '^ok .*# skip other part' "$file" || true)
	skip=$(grep -iE '^ok .*# skip' "$file" | grep -vci '# skip other part' || true)
	seen=$((all + bad))
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$file" | head -1)
	passed=$((passed + all - other - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	! grep -qiE '^1\.\.0 *# skip' "$file" || skipped=$((skipped + 1))
	grep -E '^not ok' "$file" | sed "s|^|$name: |" >>"$problems" || true
	grep -iE '^(ok .*|1\.\.0 *)# skip' "$file" | grep -vi '# skip other part' | sed -E "s|.*# skip|$name: skip|I" >>"$skips" || true
	# a stream that stopped half way, or a program that failed after its last test
	if [ -z "$plan" ] || [ "$plan" != "$seen" ] || { [ "${3:-PASS}" = ERROR ] && [ "$bad" = 0 ]; }; then
		failed=$((failed + 1))
		echo "$name: stopped after $seen of ${plan:-unknown} tests, or ended with an error" >>"$problems"
		bad=$((bad + 1))
	fi
	[ "$bad" = 0 ] || { echo "--- $name"; grep -vE '^(ok |PASS: |SKIP: )' "$file" | head -60; } | sed 's/^/    /'
}

# make_check BUILD WHAT TARGET
make_check() {
	local dir=$SRC/build/$1 trs t=$SECONDS before=$passed
	say "$2"
	[ -f "$dir/sandlock-oci" ] || { echo "$2: not built" >>"$problems"; failed=$((failed + 1)); return; }
	find "$dir" -name '*.trs' -delete
	make -C "$dir" -j "$JOBS" "$3" >"$LOGS/check-$1.log" 2>&1 </dev/null || true
	while read -r trs; do
		add_tap "$(realpath --relative-to="$dir" "${trs%.trs}")" "${trs%.trs}.log" \
			"$(grep -q ':global-test-result: ERROR' "$trs" && echo ERROR || echo PASS)"
	done < <(find "$dir" -name '*.trs' | sort)
	if [ "$passed" = "$before" ]; then
		failed=$((failed + 1))
		echo "$2: no test ran" >>"$problems"
		tail -n 30 "$LOGS/check-$1.log"
	fi
	note "$((passed - before)) passed ($((SECONDS - t)) s)"
}

# The bats files once more, run by an ordinary user that has subordinate ids. It may be unable to enter this clone: it gets a copy.
bats_as_user() {
	local work t=$SECONDS before=$passed f
	say "containers as an ordinary user"
	[ -f "$SRC/build/gcc/sandlock-oci" ] || { echo "bats as a user: not built" >>"$problems"; failed=$((failed + 1)); return; }
	test_user
	work=$(mktemp -d /var/tmp/sandlock-oci-test.XXXXXX)
	chmod 0755 "$work"
	mkdir -p "$work/tests" "$work/logs"
	cp -R "$SRC/tests/bats" "$SRC/tests/lib" "$SRC/tests/podman" "$work/tests/"
	cp "$SRC/build/gcc/sandlock-oci" "$work/"
	# helper programs that bats files run inside containers
	mkdir "$work/tests/guard" "$work/tests/attack"
	cp "$SRC"/build/gcc/tests/guard/{guard-probe,guard-run,path-probe} "$work/tests/guard/" || true
	cp "$SRC/build/gcc/tests/attack/attack" "$work/tests/attack/" || true
	mkdir "$work/tests/notify"
	cp "$SRC/build/gcc/tests/notify/notify-agent" "$work/tests/notify/" || true
	cp -R "$SRC/tests/differential" "$work/tests/"
	cp "$SRC/build/gcc/tests/differential/fileops" "$work/tests/differential/" || true
	mkdir "$work/tmp"
	chown -R "$TEST_USER:" "$work"
	# shellcheck disable=SC2016 # for the inner shell
	find "$work/tests/bats" -name '*.bats' | sort | run_as "$TEST_USER" env "SANDLOCK_OCI=$work/sandlock-oci" "top_builddir=$work" \
		"top_srcdir=$work" "SANDLOCK_CACHE=$CACHE" "TMPDIR=$work/tmp" \
		xargs -P "$JOBS" -I{} sh -c 'cd "$2" && exec "$2/tests/bats/run-one" "$1" >"$2/logs/$(basename "$1").log" 2>&1' sh {} "$work" || true
	for f in "$work"/logs/*.log; do
		add_tap "as user: $(basename "$f" .log)" "$f"
	done
	note "$((passed - before)) passed ($((SECONDS - t)) s)"
	cp -R "$work/logs" "$LOGS/bats-as-user"
	rm -rf "$work"
}

# Made as tests/bats/helpers.bash makes it, so that both parts agree.
test_user() {
	(
		# shellcheck disable=SC2034 # helpers.bash looks at it
		BATS_TEST_TMPDIR=$LOGS
		# shellcheck source=../../tests/bats/helpers.bash
		. "$SRC/tests/bats/helpers.bash"
		ensure_test_users
	) || die "could not make the users of the tests"
}

# Once in some twenty runs, on a busy machine, a line of one command's output was missing: not found yet whose fault. What is ours is there both times.
podman_commands() {
	make -C "$SRC/build/gcc" check-podman-commands || make -C "$SRC/build/gcc" check-podman-commands
}

# They wait most of the time, and run beside other steps.
end_of_podman_commands() {
	local r=0
	wait "$podman" || r=$?
	cat "$LOGS/podman-commands.log"
	return $r
}

# Not for its figures: that what is measured with still works.
bench_row() {
	local out
	out=$(make -C "$SRC/build/gcc" bench BENCH_ARGS="--runs 1 --on tmpfs --only '500 entries, 1 at once'") || return
	echo "$out"
	grep -q '^| 500 entries, 1 at once .*[0-9]' <<<"$out"
}

# From a tarball, in a directory of its own; the container tests have already run.
distcheck() {
	SANDLOCK_BATS=no make -C "$SRC/build/gcc" -j "$JOBS" distcheck
}

# Ten minutes each are for `make fuzz FUZZ_SECONDS=600`. Without libFuzzer there are the corpora, which make check has run.
fuzz_briefly() {
	if ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer,address -x c -o "$LOGS/fuzzer-probe" -; then
		echo "no libFuzzer: nothing but the corpora"
		return
	fi
	make -C "$SRC/build/clang" -j "$JOBS" fuzz FUZZ_SECONDS=5
}

summary() {
	say "summary ($1 s)"
	if [ -s "$skips" ]; then
		note "skipped, because this host lacks something:"
		sed -E 's/.*: skip (host: )?/        /I' "$skips" | sort | uniq -c | sort -rn
	fi
	if [ -s "$problems" ]; then
		note "failed:"
		sed 's/^/        /' "$problems"
	fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

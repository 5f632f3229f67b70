#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Docker with this program as a runtime: a private dockerd (its own root, state, socket and containerd; no networks), whose commands have the same results as
# with runc.
# covers: caller Docker

# Many commands; the default is for one.
BATS_TEST_TIMEOUT=600
export BATS_TEST_TIMEOUT

load helpers

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	command -v dockerd docker containerd runc >/dev/null || return 0
	# sockets need a short path
	D=$(mktemp -d /run/sandlock-oci-dk.XXXXXX)
	export D DOCKER_HOST=unix://$D/sock DOCKER_CONFIG=$D DOCKER_BUILDKIT=0
	make_busybox_root "$BATS_FILE_TMPDIR/root"
	SANDLOCK_OCI=$(find_binary)
	cat >"$D/daemon.json" <<-END
		{"data-root": "$BATS_FILE_TMPDIR/data", "exec-root": "$D/exec", "pidfile": "$D/docker.pid", "hosts": ["$DOCKER_HOST"],
		 "bridge": "none", "iptables": false, "ip6tables": false, "ip-forward": false, "ip-masq": false, "live-restore": true,
		 "runtimes": {"sandlock": {"path": "$SANDLOCK_OCI"}}}
	END
	start_dockerd
	tar -C "$BATS_FILE_TMPDIR/root" -c . | docker import - busybox:test >&2
}

teardown_file() {
	local c
	[ -n "${D:-}" ] || return 0
	for c in $(docker ps -aq); do docker rm -f "$c" >/dev/null; done
	stop_dockerd
	umount -l "$D"/exec/netns/* "$BATS_FILE_TMPDIR"/data/*/* 2>/dev/null || true
	rm -rf --one-file-system "$D" "$BATS_FILE_TMPDIR/data"
}

# runc and dockerd take a host that has cgroup2 beside the hierarchies of v1 for one of v1: nothing must come from what is beside them.
start_dockerd() {
	unshare --mount --propagation slave sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh \
		dockerd --config-file "$D/daemon.json" >>"$D/log" 2>&1 3>&- &
	echo $! >"$D/pid"
	for _ in $(seq 200); do
		docker version >/dev/null 2>&1 && return
		kill -0 "$(cat "$D/pid")" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 20 "$D/log" >&2
	return 1
}

stop_dockerd() {
	local pid
	pid=$(cat "$D/pid")
	kill "$pid" 2>/dev/null || return 0
	for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
	kill -9 "$pid"
}

setup() {
	setup_sandlock
	requires_root
	requires_command dockerd docker containerd runc
}

teardown() {
	teardown_sandlock
}

# show ARGS...: a docker command, its output, its status; without what differs from run to run, and without the runtime's own words.
show() {
	local status=0
	echo "\$ docker $*"
	timeout 100 docker "$@" >"$T/out-$RT" 2>"$T/err-$RT" </dev/null || status=$?
	cat "$T/out-$RT" "$T/err-$RT" | sed -E -e 's/\b[0-9a-f]{64}\b/ID/g; s/\b[0-9a-f]{12}\b/ID/g' -e '/error waiting for container: context canceled/d' \
		-e 's/(OCI runtime (create|exec) failed: ).*: unknown/\1WHY/' -e "/^Run 'docker run --help'/d" -e '/^$/d' -e 's/\r//'
	echo "= $status"
}

once() {
	show run --rm --runtime "$RT" --network none "$@"
}

one_shot() {
	once busybox:test sh -c 'echo out; exit 3'
	once busybox:test sh -c 'kill -9 $$; sh -c "kill -9 \$\$"'
	for command in /no/such nosuch /etc /etc/passwd; do once busybox:test "$command"; done
	once -w /made/for/it busybox:test pwd
	once -u 1000:100 --group-add 7 -e A=b -w /tmp -h host1 busybox:test sh -c 'id; echo $A; pwd; hostname; echo $HOME; cat /etc/hostname'
	once --read-only --tmpfs /t:size=1m,mode=700 busybox:test sh -c 'touch /x; touch /t/x; grep " /t " /proc/mounts'
	once --cap-drop ALL --cap-add NET_RAW --security-opt no-new-privileges busybox:test grep -E 'Cap|NoNew|Seccomp:' /proc/self/status
	once busybox:test grep -E 'Cap|NoNew|Seccomp' /proc/self/status
	once --security-opt seccomp=unconfined busybox:test grep Seccomp: /proc/self/status
	once --ulimit nofile=100:200 --oom-score-adj 500 busybox:test sh -c 'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj'
	once -m 64m --memory-swap 64m --cpus 0.5 --cpu-shares 512 --pids-limit 40 --cpuset-cpus 0 busybox:test \
		sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus memory.max cpu.max cpu.weight pids.max cpuset.cpus 2>/dev/null'
	once busybox:test sh -c 'ls -l /dev | grep -v core | cut -c1-10; cut -d" " -f2 /proc/mounts | grep -v cgroup | sort; echo x >/proc/sys/kernel/hostname'
	once --init busybox:test cat /proc/1/comm
	once --pid host busybox:test sh -c '[ "$(cat /proc/1/comm)" != sh ] && echo host'
	once --shm-size 3m busybox:test sh -c 'df /dev/shm | tail -n 1'
	once --device /dev/null:/dev/f:r busybox:test sh -c 'ls -l /dev/f | cut -c1-10; echo >/dev/f; head -c 1 /dev/f'
	once -v "vol$RT:/v" busybox:test sh -c 'echo 1 >/v/x; cat /v/x'
	once -v "$T:/v:ro" busybox:test sh -c 'echo 1 >/v/x'
	once -v /etc:/etc/passwd busybox:test true
	once --sysctl net.ipv4.ip_forward=1 busybox:test cat /proc/sys/net/ipv4/ip_forward
	once --cgroupns private busybox:test sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u'
	once -t busybox:test sh -c 'tty; stty size; ls -l /dev/console | cut -c1-10'
}

life() {
	show run -d --runtime "$RT" --network none --name "$N" --label l=v busybox:test \
		sh -c 'trap "echo term; exit 5" TERM; trap "echo usr1; touch /tmp/usr1" USR1; echo started; touch /tmp/up; while :; do sleep 0.1; done'
	wait_for 20 docker exec "$N" test -e /tmp/up
	show ps -a --format '{{.State}} {{.Command}}' --filter "name=$N"
	show exec "$N" sh -c 'echo in; exit 4'
	show exec -u 1000 -e B=c -w /tmp "$N" sh -c 'id -u; echo $B; pwd'
	for command in /no/such nosuch /etc /etc/passwd; do show exec "$N" "$command"; done
	show exec -w /nowhere "$N" true
	show exec -t "$N" tty
	show exec -d "$N" touch /tmp/detached
	wait_for 10 docker exec "$N" test -e /tmp/detached
	docker top "$N" -o pid,args >"$T/top-$RT"
	grep -c 'while :' "$T/top-$RT"
	show kill -s USR1 "$N"
	wait_for 10 docker exec "$N" test -e /tmp/usr1
	show pause "$N"
	show inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' "$N"
	show exec "$N" true
	show unpause "$N"
	show stats --no-stream --format '{{.Name}} {{.MemPerc}}' "$N" | sed -E 's/ [0-9.]+%/ SOME/'
	show update -m 100m --memory-swap 200m --cpus 0.7 --pids-limit 30 "$N"
	show exec "$N" sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max memory.max cpu.max pids.max 2>/dev/null'
	show cp /etc/hostname "$N:/tmp/copied"
	show diff "$N" | sort
	show stop -t 20 "$N"
	show inspect -f '{{.HostConfig.Runtime}} {{.State.Status}} {{.State.ExitCode}} {{.State.Error}} {{.State.OOMKilled}} {{json .Config.Labels}}' "$N"
	show logs "$N"
	show start "$N"
	show exec "$N" ls /tmp
	show restart -t 0 "$N"
	show kill "$N"
	show wait "$N"
	show commit "$N" "$N:image"
	show rm "$N"
	once "$N:image" ls /tmp
	show rmi "$N:image"
}

others() {
	show run -d --runtime "$RT" --network none --name "$N" busybox:test sleep 1000
	once --pid "container:$N" busybox:test sh -c 'ps | grep -c "[s]leep 1000"'
	once --ipc "container:$N" busybox:test true
	show kill -s NOSUCH "$N"
	show rm "$N"
	show rm -f "$N"
	show run -d --runtime "$RT" --network none --name "$N" --restart on-failure:2 busybox:test sh -c 'echo again; exit 1'
	wait_for 30 sh -c '[ "$(docker inspect -f "{{.RestartCount}} {{.State.Status}}" "$1")" = "2 exited" ]' sh "$N"
	show logs "$N"
	show rm "$N"
	show run -d --runtime "$RT" --network none --name "$N" --health-cmd 'test -e /tmp' --health-interval 1s busybox:test sleep 1000
	wait_for 30 sh -c '[ "$(docker inspect -f "{{.State.Health.Status}}" "$1")" = healthy ]' sh "$N"
	show rm -f "$N"
	show run -d --runtime "$RT" --network none --name "$N" busybox:test nosuch
	show inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$N"
	show rm "$N"
}

# all_of RUNTIME: in $T/story-RUNTIME
all_of() {
	RT=$1
	N=case-$RT
	{
		one_shot
		life
		others
	} 2>&1 | sed "s/\b\(case-\|vol\|runtime \)\?$RT\b/RUNTIME/g" >"$T/story-$RT"
}

@test "run, exec, stop, kill, pause, update, stats, top, logs, inspect and the rest: as with runc" {
	# most of it is waiting
	all_of runc &
	all_of sandlock
	wait $!
	[ "$(grep -c '^= ' "$T/story-sandlock")" -gt 70 ]
	diff -u "$T/story-runc" "$T/story-sandlock"
	[ -z "$(ls "$D/exec/runtime-sandlock/moby" 2>/dev/null)" ]
}

@test "dockerd restarts: the container goes on" {
	docker run -d --runtime sandlock --network none --name on busybox:test sleep 1000
	pid=$(docker inspect -f '{{.State.Pid}}' on)
	stop_dockerd
	start_dockerd
	[ "$(docker inspect -f '{{.State.Pid}} {{.State.Status}}' on)" = "$pid running" ]
	run docker exec on echo after
	assert_success
	assert_output after
	docker rm -f on
}

@test "build, with this program as the default runtime" {
	jq '. + {"default-runtime": "sandlock"}' "$D/daemon.json" >"$D/new" && mv "$D/new" "$D/daemon.json"
	stop_dockerd
	start_dockerd
	[ "$(docker info -f '{{.DefaultRuntime}}')" = sandlock ]
	mkdir "$T/context"
	echo data >"$T/context/file"
	cat >"$T/context/Dockerfile" <<-'END'
		FROM busybox:test
		RUN echo one >/one && rm /bin/vi && chmod 0700 /var
		COPY file /etc/file
		USER 1000
		RUN id -u >/tmp/id
		CMD ["sh", "-c", "cat /one /tmp/id /etc/file; ls /bin/vi; stat -c %a /var"]
	END
	run docker build -t built "$T/context"
	assert_success
	run docker run --rm --network none built
	assert_output_has $'one\n1000\ndata' "No such file" 700
	docker rmi -f built
}

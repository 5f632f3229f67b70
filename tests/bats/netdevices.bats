#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.netDevices: devices of the host become the container's. The "host" of these tests is a network namespace of their own.

load helpers

setup() {
	setup_sandlock
	B=$(make_bundle)
}

teardown() {
	teardown_sandlock
}

# host COMMAND...: in a network namespace that lasts as long as one call
host() {
	unshare -n "$BASH" -c "$@"
}

make_pair="ip link add hosta type veth peer name hostb && ip link set lo up"

requires_veth() {
	requires_root
	requires_command ip
	host "$make_pair" 2>/dev/null || skip "host: no veth devices"
	edit_config "$B" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])'
}

run_in_host() {
	run host "$make_pair && $1 && exec $SANDLOCK_OCI --root '$(state_root)' run --bundle '$B' c"
}

# covers: config linux.netDevices
@test "netDevices: moved, renamed, permanent global addresses kept, up" {
	requires_veth
	edit_config "$B" '.linux.netDevices = {hosta: {name: "inside0"}, hostb: {}}'
	set_script "$B" <<-'END'
		ip -o addr show dev inside0 | tr -s ' ' | cut -d' ' -f3,4,5,6
		ip -o link show dev hostb | grep -o 'UP,LOWER_UP'
		[ "$(ip -o link | wc -l)" = 3 ]
	END
	run_in_host "ip addr add 10.7.7.1/24 brd + dev hosta && ip addr add 10.7.8.1 peer 10.7.8.2/32 dev hosta && ip addr add 10.7.9.9/24 dev hosta valid_lft 1000 preferred_lft 1000 &&
		ip addr add 10.6.6.6/24 scope host dev hosta && { ip addr add fd00:7::1/64 nodad dev hosta || true; }"
	assert_success
	assert_output_has "inet 10.7.7.1/24 brd 10.7.7.255" "inet 10.7.8.1 peer 10.7.8.2/32" "UP,LOWER_UP"
	[ ! -e /proc/net/if_inet6 ] || assert_output_has "inet6 fd00:7::1/64"
	assert_output_lacks 10.7.9.9
	assert_output_lacks 10.6.6.6
}

# covers: config linux.netDevices
@test "netDevices: into a user namespace; a name made from a template" {
	requires_veth
	map_root "$B"
	edit_config "$B" '.linux.netDevices = {hosta: {name: "net%d"}, hostb: {name: "net%d"}}'
	set_args "$B" /bin/sh -c 'ip -o addr show dev net0; ip -o link show dev net1'
	run_in_host "ip addr add 10.7.7.1/24 dev hosta"
	assert_success
	assert_output_has 10.7.7.1/24 net0 net1
}

# covers: config linux.netDevices
@test "netDevices: a namespace given by path; a name that is taken is an error" {
	requires_veth
	edit_config "$B" '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/fd/7" else . end) | .linux.netDevices = {hosta: {name: "taken"}}'
	set_args "$B" ip -o link show dev taken
	in_other() { host "unshare -n sh -c '$1; exec sleep 20' >/dev/null 2>&1 & sleep 0.3
		exec 7</proc/\$!/ns/net; $make_pair; $SANDLOCK_OCI --root '$(state_root)' run --bundle '$B' c; r=\$?; kill \$!; exit \$r"; }
	run in_other 'ip link add taken type veth peer name other'
	assert_failure 1
	assert_output_has "linux.netDevices: the container has a device \`taken\` already"
	[ "$(status_of c)" = gone ]
	edit_config "$B" '.linux.netDevices.hosta.name = "fresh"'
	set_args "$B" ip -o link show dev fresh
	run in_other true
	assert_success
	assert_output_has fresh
}

# covers: config linux.netDevices
@test "netDevices: a device that is not there, one that cannot move, an ordinary user" {
	edit_config "$B" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}]) | .linux.netDevices = {"no-such0": {}}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	if [ "$(id -u)" != 0 ]; then
		assert_output_has "linux.netDevices: moving a network device needs root on the host"
		return
	fi
	assert_output_has 'linux.netDevices: find `no-such0`' "No such device"
	edit_config "$B" '.linux.netDevices = {lo: {name: "lo2"}}'
	run sandlock run --bundle "$B" c
	assert_failure 1
	assert_output_has 'linux.netDevices: move `lo` into the container as `lo2`'
}

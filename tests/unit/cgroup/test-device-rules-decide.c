/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The eBPF form of device rules, run by a small interpreter: which access is let through. */
#include "cgroup/internal.h"

#include <linux/bpf.h>

#include "base/compiler.h"
#include "tests/lib/tap.h"

struct ctx {
	uint32_t access_type, major, minor;
};

static uint64_t operand(const struct bpf_insn *i, const uint64_t *r)
{
	return (i->code & BPF_X) ? r[i->src_reg] : (uint64_t)(int64_t)i->imm;
}

/* Verdict, or -1 for an instruction that the builder should not make. */
static int run(const struct bpf_insn *insns, size_t n, const struct ctx *ctx)
{
	uint64_t r[11] = {0};

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &insns[pc];
		uint64_t v = operand(i, r);

		switch (i->code) {
		case BPF_LDX | BPF_W | BPF_MEM:
			r[i->dst_reg] = ((const uint32_t *)ctx)[i->off / 4];
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = v;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			r[i->dst_reg] &= v;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= v;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
		case BPF_JMP | BPF_JNE | BPF_X:
			pc += r[i->dst_reg] != v ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += r[i->dst_reg] == v ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)r[0];
		default:
			return -1;
		}
	}
	return -1;
}

enum { R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE, M = BPF_DEVCG_ACC_MKNOD };

static int verdict(struct oci_device_rule *rules, size_t n, char type, uint32_t major,
		   uint32_t minor, uint32_t access)
{
	struct oci_resources res = {.devices = rules, .n_devices = n};
	struct ctx ctx = {
		.access_type =
			access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	struct bpf_insn *insns;
	size_t n_insns;
	int v;

	if (cgroup_device_prog(&res, &insns, &n_insns) < 0)
		bail("no program");
	v = run(insns, n_insns, &ctx);
	free(insns);
	return v;
}

#define NR(n)                                                                                      \
	{                                                                                          \
		.set = true, .v = (n)                                                              \
	}

static void restricts(struct oci_device_rule *rules, size_t n, bool wanted, const char *what)
{
	struct oci_resources res = {.devices = rules, .n_devices = n};

	is_int(cgroup_restricts_devices(&res), wanted, "%s", what);
}

int main(void)
{
	struct oci_device_rule rules[] = {
		{.allow = false, .type = 'a', .access = "rwm"},
		{.allow = true, .type = 'c', .major = NR(10), .minor = NR(229), .access = "rw"},
		{.allow = true, .type = 'b', .major = NR(8), .access = "r"},
		{.allow = false, .type = 'b', .major = NR(8), .minor = NR(1)},
		{.allow = false, .type = 'c', .major = NR(1), .minor = NR(3)},
	};
	size_t n = ARRAY_SIZE(rules);
	struct oci_device_rule no_write[] = {
		{.allow = true, .type = 'a', .access = "rwm"},
		{.allow = false, .type = 'c', .major = NR(4), .access = "w"}};

	is_int(verdict(rules, n, 'c', 10, 229, R | W), 1, "an allowed device");
	is_int(verdict(rules, n, 'c', 10, 228, R), 0, "its neighbour");
	is_int(verdict(rules, n, 'b', 10, 229, R), 0, "the same number as a block device");
	is_int(verdict(rules, n, 'b', 8, 0, R), 1, "any minor");
	is_int(verdict(rules, n, 'b', 8, 0, R | W), 0, "more access than allowed");
	is_int(verdict(rules, n, 'b', 8, 1, R), 0, "a later rule overrides an earlier one");
	is_int(verdict(rules, n, 'c', 1, 3, R | W), 1, "a default device cannot be denied");
	is_int(verdict(rules, n, 'c', 136, 77, R | W), 1, "any pty");
	is_int(verdict(rules, n, 'c', 99, 1, M), 1, "mknod of anything");
	is_int(verdict(rules, n, 'c', 99, 1, M | R), 0, "but not mknod and read");
	is_int(verdict(NULL, 0, 'c', 99, 1, R), 0, "without rules nothing is allowed");
	is_int(verdict(NULL, 0, 'c', 1, 3, R | W), 1, "but for the default devices");
	is_int(verdict(&rules[1], 1, 'c', 10, 229, R), 1, "what only allows");
	is_int(verdict(&rules[1], 1, 'c', 10, 228, R), 0, "allows nothing else");
	is_int(verdict(no_write, 2, 'c', 4, 1, R), 1, "a denied access leaves the others");
	is_int(verdict(no_write, 2, 'c', 4, 1, R | W), 0, "a denied access among others");
	is_int(verdict(no_write, 1, 'b', 8, 1, R | W), 1, "everything");
	restricts(NULL, 0, true, "no rules are a restriction");
	restricts(no_write, 1, false, "everything is none");
	restricts(no_write, 2, true, "everything but one access is");
	restricts((struct oci_device_rule[]){no_write[1], no_write[0]}, 2, false,
		  "everything after all");
	restricts(&rules[1], 1, true, "one device");
	restricts((struct oci_device_rule[]){{.allow = true, .type = 'a', .access = "rw"}}, 1, true,
		  "everything, but not to make it");
	is_int(verdict(rules, n, 'c', 0x80001, 0, R), 0, "a large major number");
	return tap_done();
}

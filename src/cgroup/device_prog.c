/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device rules as an eBPF program for BPF_CGROUP_DEVICE. Pure: builds instructions, makes no system
 * call.
 *
 * The kernel passes struct bpf_cgroup_dev_ctx in r1: access_type (access << 16 | type), major,
 * minor. The program walks the rules in the order "first match wins": the default devices, then the
 * configured rules from last to first (a later rule overrides an earlier one). What no rule names
 * is denied, as with runc.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "libocispec/oci_types.h"

enum {
	R_TYPE = BPF_REG_2,
	R_ACCESS = BPF_REG_3,
	R_MAJOR = BPF_REG_4,
	R_MINOR = BPF_REG_5,
	R_TMP = BPF_REG_1
};

#define MAX_PER_RULE 10 /* type 1, access 3, major 1, minor 1, return 2 */
#define PROLOGUE     6
#define EPILOGUE     2

struct prog {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct prog *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bpf_insn *i = &p->insns[p->n++];

	memset(i, 0, sizeof(*i));
	i->code = code;
	i->dst_reg = dst;
	i->src_reg = src;
	i->off = off;
	i->imm = imm;
}

static void emit_prologue(struct prog *p)
{
	emit(p, BPF_LDX | BPF_W | BPF_MEM, R_TYPE, BPF_REG_1, 0, 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	emit(p, BPF_LDX | BPF_W | BPF_MEM, R_MAJOR, BPF_REG_1, 4, 0);
	emit(p, BPF_LDX | BPF_W | BPF_MEM, R_MINOR, BPF_REG_1, 8, 0);
}

static void emit_return(struct prog *p, bool allow)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int32_t access_bits(const char *access)
{
	int32_t bits = 0;

	if (!access)
		return BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
	for (; *access; access++)
		bits |= *access == 'r'	 ? BPF_DEVCG_ACC_READ
			: *access == 'w' ? BPF_DEVCG_ACC_WRITE
					 : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

/* Returns true when the rule matches everything: what follows would never run. */
static bool emit_rule(struct prog *p, const struct oci_device_rule *rule)
{
	int32_t bits = access_bits(rule->access);
	bool any_access = bits == access_bits(NULL);
	size_t tests[4], n_tests = 0;

#define TEST(code, reg, src, imm)                                                                  \
	do {                                                                                       \
		tests[n_tests++] = p->n;                                                           \
		emit(p, code, reg, src, 0, imm);                                                   \
	} while (0)
	if (rule->type != 'a')
		TEST(BPF_JMP | BPF_JNE | BPF_K, R_TYPE, 0,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (!any_access) {
		/*
		 * An allowing rule must cover every access asked for; a denying one matches if it
		 * names any of them. R_TMP is r1: the context is not needed any more.
		 */
		emit(p, BPF_ALU | BPF_MOV | BPF_X, R_TMP, R_ACCESS, 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, R_TMP, 0, 0, bits);
		if (rule->allow)
			TEST(BPF_JMP | BPF_JNE | BPF_X, R_TMP, R_ACCESS, 0);
		else
			TEST(BPF_JMP | BPF_JEQ | BPF_K, R_TMP, 0, 0);
	}
	if (rule->major.set && rule->major.v >= 0)
		TEST(BPF_JMP | BPF_JNE | BPF_K, R_MAJOR, 0, (int32_t)rule->major.v);
	if (rule->minor.set && rule->minor.v >= 0)
		TEST(BPF_JMP | BPF_JNE | BPF_K, R_MINOR, 0, (int32_t)rule->minor.v);
#undef TEST
	emit_return(p, rule->allow);
	for (size_t i = 0; i < n_tests; i++)
		p->insns[tests[i]].off = (int16_t)(p->n - tests[i] - 1);
	return n_tests == 0;
}

int cgroup_device_prog(const struct oci_resources *res, struct bpf_insn **ret, size_t *ret_n)
{
	size_t max =
		PROLOGUE + EPILOGUE + (cgroup_n_default_devices + res->n_devices) * MAX_PER_RULE;
	struct prog p = {0};
	bool complete = false;

	p.insns = calloc(max, sizeof(*p.insns));
	if (!p.insns)
		return -ENOMEM;
	emit_prologue(&p);
	for (size_t i = 0; i < cgroup_n_default_devices; i++)
		emit_rule(&p, &cgroup_default_devices[i]);
	/* The verifier refuses unreachable instructions, so stop behind a rule that always matches.
	 */
	for (size_t i = res->n_devices; i-- > 0 && !complete;)
		complete = emit_rule(&p, &res->devices[i]);
	if (!complete)
		emit_return(&p, false);
	*ret = p.insns;
	*ret_n = p.n;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile compiler against a model, with a small interpreter for its output: every operator on every architecture with values around each
 * border, every flag, foreign and unknown calls, and what the binary tree is for.
 */
#include <config.h>

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "libocispec/oci_config.h"
#include "libocispec/oci_error.h"
#include "seccomp/profile.h"
#include "tests/lib/bpf.h"
#include "tests/lib/tap.h"

#define HIT (SECCOMP_RET_ERRNO | 99)

static struct seccomp_profile compile(const char *json)
{
	struct seccomp_profile profile = {0};
	struct oci_seccomp *from = NULL;
	struct err *err = NULL;
	struct oci_err oci_err;

	if (oci_seccomp_parse(json, strlen(json), &from, &oci_err) < 0)
		bail("%s: %s", oci_err.path, oci_err.msg);
	if (seccomp_profile_compile(from, &profile, &err) < 0)
		bail("%s", err_msg(err));
	oci_seccomp_free(from);
	return profile;
}

static uint32_t ask(const struct seccomp_profile *p, uint32_t arch, int nr, uint64_t second)
{
	struct seccomp_data data = {.nr = nr, .arch = arch, .args = {0, second}};

	return bpf_run(p->insns, p->len, &data, NULL);
}

/* Those whose calls a kernel for the build's machine can see (the others are refused by libseccomp: another byte order, or left out). */
static const struct {
	const char *name;
	uint32_t token, audit;
	bool is_64;
} archs[] = {
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, true},
	{"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, false},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, false},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, true},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, false},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, true},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, true},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL, false},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, AUDIT_ARCH_MIPSEL64, true},
};

static const uint64_t values[] = {
	0,
	1,
	5,
	0x7fffffff,
	0x80000000,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x100000005,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};

static bool holds(const char *op, uint64_t arg, uint64_t value, uint64_t two)
{
	if (strcmp(op, "EQ") == 0)
		return arg == value;
	if (strcmp(op, "NE") == 0)
		return arg != value;
	if (strcmp(op, "LT") == 0)
		return arg < value;
	if (strcmp(op, "LE") == 0)
		return arg <= value;
	if (strcmp(op, "GT") == 0)
		return arg > value;
	if (strcmp(op, "GE") == 0)
		return arg >= value;
	return (arg & value) == two;
}

/* One operator with one value, on every architecture. Returns the number of wrong answers. */
static unsigned try_value(const char *op, uint64_t value, uint64_t two)
{
	cleanup_buf struct buf json = {0};
	struct seccomp_profile p;
	unsigned wrong = 0;

	buf_add_str(&json, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[");
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		buf_printf(&json, "%s\"%s\"", i ? "," : "", archs[i].name);
	buf_printf(&json,
		   "],\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_ERRNO\","
		   "\"errnoRet\":99,\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_%s\",\"value\":%llu,"
		   "\"valueTwo\":%llu}]}]}",
		   op, (unsigned long long)value, (unsigned long long)two);
	p = compile(json.data);
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		int nr = seccomp_syscall_resolve_name_arch(archs[i].token, "getpriority");

		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			uint64_t arg = archs[i].is_64 ? values[j] : (uint32_t)values[j];
			bool want = archs[i].is_64 ? holds(op, arg, value, two)
						   : holds(op, arg, (uint32_t)value, (uint32_t)two);
			uint32_t got = ask(&p, archs[i].audit, nr, arg);

			if (got == (want ? HIT : SECCOMP_RET_ALLOW))
				continue;
			printf("# %s %s %llx (%llx) with %llx: %x\n", archs[i].name, op,
			       (unsigned long long)value, (unsigned long long)two,
			       (unsigned long long)arg, got);
			wrong++;
		}
	}
	seccomp_profile_done(&p);
	return wrong;
}

static void test_operators(void)
{
	static const char *const ops[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		wrong = 0;
		for (size_t j = 0; j < ARRAY_SIZE(values); j++)
			wrong += try_value(ops[i], values[j], 0);
		is_int(wrong, 0, "%s on every architecture", ops[i]);
	}
	wrong = 0;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t j = 0; j < ARRAY_SIZE(values); j++)
			if ((values[j] & ~values[i]) == 0)
				wrong += try_value("MASKED_EQ", values[i], values[j]);
	is_int(wrong, 0, "MASKED_EQ on every architecture");
}

static void test_foreign(void)
{
	struct seccomp_profile p = compile(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
		"\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_ERRNO\","
		"\"errnoRet\":99}]}");
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, "getpriority");

	is_int(ask(&p, AUDIT_ARCH_X86_64, nr, 0), HIT, "a listed architecture");
	is_int(ask(&p, AUDIT_ARCH_I386, 1, 0), SECCOMP_RET_KILL_THREAD,
	       "an architecture that is not listed is killed");
	is_int(ask(&p, AUDIT_ARCH_S390X, 1, 0), SECCOMP_RET_KILL_THREAD, "one of another machine");
	is_int(ask(&p, AUDIT_ARCH_X86_64, 0x40000000 | nr, 0), SECCOMP_RET_KILL_THREAD,
	       "so is x32, which has the same architecture");
	is_int(ask(&p, AUDIT_ARCH_X86_64, 0x40000000, 0), SECCOMP_RET_KILL_THREAD,
	       "with every number");
	is_int(ask(&p, AUDIT_ARCH_X86_64, 9999, 0), SECCOMP_RET_ALLOW,
	       "an unknown number gets the default");
	is_int(ask(&p, AUDIT_ARCH_X86_64, 0x3fffffff, 0), SECCOMP_RET_ALLOW, "the largest");
	seccomp_profile_done(&p);
}

/* covers: config linux.seccomp.flags */
static void test_flags(void)
{
	static const struct {
		const char *name;
		unsigned plain, notify;
	} flags[] = {
		{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC, 0},
		{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_LOG},
		{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		 SECCOMP_FILTER_FLAG_SPEC_ALLOW},
		{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0, 1u << 5},
	};

	/* all sets of them, without and with a listener */
	for (unsigned set = 0; set < 1u << ARRAY_SIZE(flags); set++) {
		for (int notify = 0; notify < 2; notify++) {
			cleanup_buf struct buf json = {0};
			struct seccomp_profile p;
			unsigned want = 0;

			buf_add_str(&json, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[");
			for (size_t i = 0, n = 0; i < ARRAY_SIZE(flags); i++) {
				if (!(set & 1u << i))
					continue;
				buf_printf(&json, "%s\"%s\"", n++ ? "," : "", flags[i].name);
				want |= notify ? flags[i].notify : flags[i].plain;
			}
			buf_printf(&json,
				   "],\"syscalls\":[{\"names\":[\"getppid\"],\"action\":\"%s\"}]}",
				   notify ? "SCMP_ACT_NOTIFY" : "SCMP_ACT_TRAP");
			p = compile(json.data);
			is_int(p.flags, want, "flags %x%s", set, notify ? ", with a listener" : "");
			seccomp_profile_done(&p);
		}
	}
}

/* Every call of this machine that libseccomp knows has a rule: the size and the depth of such a filter. */
static void test_tree(void)
{
	cleanup_buf struct buf json = {0};
	struct seccomp_profile p;
	unsigned n = 0, deepest = 0;

	buf_add_str(&json, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":"
			   "\"SCMP_ACT_ALLOW\",\"names\":[");
	for (int nr = 0; nr < 1000; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

		if (name)
			buf_printf(&json, "%s\"%s\"", n++ ? "," : "", name);
		free(name);
	}
	buf_add_str(&json, "]}]}");
	p = compile(json.data);
	for (int nr = 0; nr < 1000; nr++) {
		struct seccomp_data data = {.nr = nr,
					    .arch = seccomp_arch_native() == SCMP_ARCH_X86_64
							    ? AUDIT_ARCH_X86_64
							    : AUDIT_ARCH_AARCH64};
		unsigned steps;

		bpf_run(p.insns, p.len, &data, &steps);
		deepest = steps > deepest ? steps : deepest;
	}
	printf("# %u rules, %u instructions, at most %u executed\n", n, p.len, deepest);
	ok(n > 250, "a rule for each call");
	ok(p.len < 4096, "the filter fits into the kernel");
	/* a chain is as long as there are rules */
	ok(deepest < 40, "a call passes no more than a branch of the tree");
	seccomp_profile_done(&p);
}

int main(void)
{
	test_operators();
	test_foreign();
	test_flags();
	test_tree();
	return tap_done();
}

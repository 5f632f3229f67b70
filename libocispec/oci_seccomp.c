/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.seccomp. Library code over untrusted values. Knows the words of the specification, not the
 * system's calls or architectures: those are libseccomp's business.
 */
#include <config.h>

#include "libocispec/schema.h"

/* clang-format off */
/* SCMP_ACT_KILL comes behind its alias, so that names are given as SCMP_ACT_KILL_THREAD. */
const struct field_name oci_seccomp_action_names[] = {
	{ "SCMP_ACT_KILL_THREAD", OCI_SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL", OCI_SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", OCI_SECCOMP_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", OCI_SECCOMP_TRAP },
	{ "SCMP_ACT_ERRNO", OCI_SECCOMP_ERRNO },
	{ "SCMP_ACT_TRACE", OCI_SECCOMP_TRACE },
	{ "SCMP_ACT_ALLOW", OCI_SECCOMP_ALLOW },
	{ "SCMP_ACT_LOG", OCI_SECCOMP_LOG },
	{ "SCMP_ACT_NOTIFY", OCI_SECCOMP_NOTIFY },
	{ 0 },
};

const struct field_name oci_seccomp_operator_names[] = {
	{ "SCMP_CMP_NE", OCI_SECCOMP_NE },
	{ "SCMP_CMP_LT", OCI_SECCOMP_LT },
	{ "SCMP_CMP_LE", OCI_SECCOMP_LE },
	{ "SCMP_CMP_EQ", OCI_SECCOMP_EQ },
	{ "SCMP_CMP_GE", OCI_SECCOMP_GE },
	{ "SCMP_CMP_GT", OCI_SECCOMP_GT },
	{ "SCMP_CMP_MASKED_EQ", OCI_SECCOMP_MASKED_EQ },
	{ 0 },
};

/* SECCOMP_FILTER_FLAG_*; TSYNC_ESRCH and NEW_LISTENER are not for the configuration. */
const struct field_name oci_seccomp_flag_names[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 1 << 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", 1 << 1 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1 << 2 },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1 << 5 },
	{ 0 },
};

const struct field_name oci_seccomp_arch_names[] = {
	{ "SCMP_ARCH_X86", 0 }, { "SCMP_ARCH_X86_64", 0 }, { "SCMP_ARCH_X32", 0 }, { "SCMP_ARCH_ARM", 0 },
	{ "SCMP_ARCH_AARCH64", 0 }, { "SCMP_ARCH_MIPS", 0 }, { "SCMP_ARCH_MIPS64", 0 }, { "SCMP_ARCH_MIPS64N32", 0 },
	{ "SCMP_ARCH_MIPSEL", 0 }, { "SCMP_ARCH_MIPSEL64", 0 }, { "SCMP_ARCH_MIPSEL64N32", 0 }, { "SCMP_ARCH_PPC", 0 },
	{ "SCMP_ARCH_PPC64", 0 }, { "SCMP_ARCH_PPC64LE", 0 }, { "SCMP_ARCH_S390", 0 }, { "SCMP_ARCH_S390X", 0 },
	{ "SCMP_ARCH_PARISC", 0 }, { "SCMP_ARCH_PARISC64", 0 }, { "SCMP_ARCH_RISCV64", 0 },
	{ "SCMP_ARCH_LOONGARCH64", 0 },
	{ "SCMP_ARCH_M68K", 0 }, { "SCMP_ARCH_SH", 0 }, { "SCMP_ARCH_SHEB", 0 },
	{ 0 },
};

static const struct field arg_fields[] = {
	ROW_RANGE("index", oci_seccomp_arg, index, F_REQUIRED, 0, 5),
	ROW_NUMBER("value", oci_seccomp_arg, value, F_REQUIRED),
	ROW_NUMBER("valueTwo", oci_seccomp_arg, value_two, 0),
	ROW_ENUM("op", oci_seccomp_arg, op, oci_seccomp_operator_names, F_REQUIRED),
	{ 0 },
};

OBJECT_DESC(arg, oci_seccomp_arg, NULL);

static const struct field syscall_fields[] = {
	ROW_STRINGS("names", oci_seccomp_syscall, names, F_REQUIRED | F_NOT_EMPTY),
	ROW_ENUM("action", oci_seccomp_syscall, action, oci_seccomp_action_names, F_REQUIRED),
	ROW_RANGE("errnoRet", oci_seccomp_syscall, errno_ret, 0, 0, UINT16_MAX),
	ROW_OBJECTS("args", oci_seccomp_syscall, args, arg_desc),
	{ 0 },
};
/* clang-format on */

static bool takes_errno(enum oci_seccomp_action action)
{
	return action == OCI_SECCOMP_ERRNO || action == OCI_SECCOMP_TRACE;
}

static void check_syscall(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_seccomp_syscall *s = obj;

	if (s->errno_ret.set && !takes_errno(s->action))
		decode_problem(d, v, "errnoRet", "given, but %s returns no errno",
			       oci_seccomp_action_name(s->action));
}

static void check_seccomp(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_seccomp *s = obj;

	if (s->default_errno_ret.set && !takes_errno(s->default_action))
		decode_problem(d, v, "defaultErrnoRet", "given, but %s returns no errno",
			       oci_seccomp_action_name(s->default_action));
	if (s->listener_metadata && !s->listener_path)
		decode_problem(d, v, "listenerMetadata", "given without listenerPath");
}

OBJECT_DESC(syscall, oci_seccomp_syscall, check_syscall);

/* clang-format off */
static const struct field seccomp_fields[] = {
	ROW_ENUM("defaultAction", oci_seccomp, default_action, oci_seccomp_action_names, F_REQUIRED),
	ROW_RANGE("defaultErrnoRet", oci_seccomp, default_errno_ret, 0, 0, UINT16_MAX),
	ROW_NAMES("architectures", oci_seccomp, architectures, oci_seccomp_arch_names),
	ROW_FLAGS("flags", oci_seccomp, flags, oci_seccomp_flag_names, 0),
	ROW_STRING("listenerPath", oci_seccomp, listener_path, F_EMPTY_ABSENT),
	ROW_STRING("listenerMetadata", oci_seccomp, listener_metadata, F_EMPTY_ABSENT),
	ROW_OBJECTS("syscalls", oci_seccomp, syscalls, syscall_desc),
	{ 0 },
};
/* clang-format on */

const struct object_desc oci_seccomp_desc = {
	.size = sizeof(struct oci_seccomp),
	.fields = seccomp_fields,
	.check = check_seccomp,
};

const char *oci_seccomp_action_name(enum oci_seccomp_action action)
{
	return field_name_of(oci_seccomp_action_names, action);
}

const char *oci_seccomp_op_name(enum oci_seccomp_op op)
{
	return field_name_of(oci_seccomp_operator_names, op);
}

bool oci_seccomp_uses_notify(const struct oci_seccomp *seccomp)
{
	bool found = seccomp->default_action == OCI_SECCOMP_NOTIFY;

	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		found |= seccomp->syscalls[i].action == OCI_SECCOMP_NOTIFY;
	return found;
}

static const struct decode_root seccomp_root = {
	.field = {.type = F_EMBED, .desc = &oci_seccomp_desc},
	.size = sizeof(struct oci_seccomp),
};

int oci_seccomp_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			   struct oci_seccomp **ret, struct oci_err *err)
{
	void *doc;
	int r = decode_document(text, len, opts, &seccomp_root, &doc, err);

	if (r == 0)
		*ret = doc;
	return r;
}

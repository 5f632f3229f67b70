/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCI profile -> libseccomp -> BPF bytes. Runs in create and exec. Does not load anything. */
#include <config.h>

#include "seccomp/profile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/compat.h"
#include "libocispec/oci_types.h"

#define MAX_INSNS 4096 /* BPF_MAXINSNS */

static void filter_cleanup(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int action_value(enum oci_seccomp_action action, const struct oci_opt_u32 *number,
			uint32_t *ret, struct err **err)
{
	uint32_t n = number->set ? number->v : EPERM;

	switch (action) {
	case OCI_SECCOMP_KILL_THREAD:
		*ret = SCMP_ACT_KILL_THREAD;
		return 0;
	case OCI_SECCOMP_KILL_PROCESS:
		*ret = SCMP_ACT_KILL_PROCESS;
		return 0;
	case OCI_SECCOMP_TRAP:
		*ret = SCMP_ACT_TRAP;
		return 0;
	case OCI_SECCOMP_ERRNO:
		*ret = SCMP_ACT_ERRNO(n);
		return 0;
	case OCI_SECCOMP_TRACE:
		*ret = SCMP_ACT_TRACE(n);
		return 0;
	case OCI_SECCOMP_ALLOW:
		*ret = SCMP_ACT_ALLOW;
		return 0;
	case OCI_SECCOMP_LOG:
		*ret = SCMP_ACT_LOG;
		return 0;
	case OCI_SECCOMP_NOTIFY:
		*ret = SCMP_ACT_NOTIFY;
		return 0;
	}
	return err_text(err, EINVAL, "seccomp: unknown action %d", (int)action);
}

static enum scmp_compare compare_op(enum oci_seccomp_op op)
{
	static const enum scmp_compare ops[] = {
		[OCI_SECCOMP_NE] = SCMP_CMP_NE,
		[OCI_SECCOMP_LT] = SCMP_CMP_LT,
		[OCI_SECCOMP_LE] = SCMP_CMP_LE,
		[OCI_SECCOMP_EQ] = SCMP_CMP_EQ,
		[OCI_SECCOMP_GE] = SCMP_CMP_GE,
		[OCI_SECCOMP_GT] = SCMP_CMP_GT,
		[OCI_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return ops[op];
}

/* "SCMP_ARCH_X86_64" -> "x86_64" -> token; 0 for one that this library does not know. */
static uint32_t arch_token(const char *name)
{
	cleanup_free char *lower =
		xstrdup(str_starts(name, "SCMP_ARCH_") ? name + strlen("SCMP_ARCH_") : name);

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return seccomp_arch_resolve_name(lower);
}

bool seccomp_profile_has_arch(const char *name)
{
	return arch_token(name) != 0;
}

char *seccomp_library_version(void)
{
	const struct scmp_version *v = seccomp_version();

	return xasprintf("%u.%u.%u", v->major, v->minor, v->micro);
}

static int add_architectures(scmp_filter_ctx ctx, char *const *names, struct err **err)
{
	for (size_t i = 0; names && names[i]; i++) {
		uint32_t token = arch_token(names[i]);
		int r = token ? seccomp_arch_add(ctx, token) : -EINVAL;

		if (token == 0)
			log_debug("seccomp: the architecture %s is unknown to this libseccomp",
				  names[i]);
		else if (r == -EDOM) /* other endianness: can never run here */
			log_debug("seccomp: the architecture %s cannot run on this machine",
				  names[i]);
		else if (r < 0 && r != -EEXIST)
			return err_set(err, r, "seccomp: add the architecture %s", names[i]);
	}
	return 0;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *name, int nr,
		    const struct scmp_arg_cmp *args, unsigned n_args, struct err **err)
{
	int r = seccomp_rule_add_array(ctx, action, nr, n_args, args);

	if (r < 0 && r != -EACCES) /* -EACCES: the same as the default action */
		return err_set(err, r, "seccomp: add a rule for `%s`", name);
	return 0;
}

/* A condition on one argument given twice cannot be one rule for libseccomp: then, as elsewhere, each condition is a rule (any of them matches). */
static bool has_twin_args(const struct oci_seccomp_syscall *s)
{
	unsigned seen = 0;

	for (size_t i = 0; i < s->n_args; i++) {
		if (seen & 1u << s->args[i].index)
			return true;
		seen |= 1u << s->args[i].index;
	}
	return false;
}

static int add_syscall(scmp_filter_ctx ctx, const struct oci_seccomp_syscall *s, uint32_t action,
		       const char *name, struct err **err)
{
	int nr = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp args[6];
	bool twins = has_twin_args(s);
	int r = 0;

	if (nr == __NR_SCMP_ERROR) {
		log_debug("seccomp: the system call `%s` is unknown to this libseccomp", name);
		return 0;
	}
	if (s->n_args == 0)
		return add_rule(ctx, action, name, nr, NULL, 0, err);
	for (size_t i = 0; i < s->n_args && r >= 0; i++) {
		const struct oci_seccomp_arg *a = &s->args[i];
		struct scmp_arg_cmp cmp = {
			.arg = a->index,
			.op = compare_op(a->op),
			.datum_a = a->value,
			.datum_b = a->value_two,
		};

		if (twins)
			r = add_rule(ctx, action, name, nr, &cmp, 1, err);
		else
			args[i] = cmp;
	}
	return twins || r < 0 ? r : add_rule(ctx, action, name, nr, args, (unsigned)s->n_args, err);
}

static int add_syscalls(scmp_filter_ctx ctx, const struct oci_seccomp *profile,
			uint32_t default_action, struct err **err)
{
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		const struct oci_seccomp_syscall *s = &profile->syscalls[i];
		uint32_t action = 0;
		int r = action_value(s->action, &s->errno_ret, &action, err);

		if (r < 0)
			return r;
		if (action == default_action)
			continue;
		for (size_t j = 0; s->names[j]; j++) {
			r = add_syscall(ctx, s, action, s->names[j], err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int export_bpf(scmp_filter_ctx ctx, struct seccomp_profile *ret)
{
	cleanup_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	cleanup_buf struct buf bytes = {0};
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = fd_read_to_buf(fd, MAX_INSNS * sizeof(struct sock_filter), &bytes);
	if (r < 0)
		return r;
	ret->len = (unsigned short)(bytes.len / sizeof(struct sock_filter));
	ret->insns = (struct sock_filter *)buf_steal(&bytes);
	return ret->insns ? 0 : -ENOMEM;
}

/*
 * Absent flags: as the other runtimes, no speculation mitigation beyond the kernel's own choice. NEW_LISTENER is init's to add. The kernel refuses
 * WAIT_KILLABLE_RECV without a listener, and TSYNC with one (without TSYNC_ESRCH); init has one thread, so TSYNC changes nothing.
 */
static unsigned load_flags(const struct oci_seccomp *profile)
{
	unsigned allowed = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	allowed |= oci_seccomp_uses_notify(profile) ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
						    : SECCOMP_FILTER_FLAG_TSYNC;
	return profile->flags.set ? profile->flags.v & allowed : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
}

int seccomp_profile_compile(const struct oci_seccomp *profile, struct seccomp_profile *ret,
			    struct err **err)
{
	ATTR_CLEANUP(filter_cleanup) scmp_filter_ctx ctx = NULL;
	uint32_t default_action = 0;
	int r = action_value(profile->default_action, &profile->default_errno_ret, &default_action,
			     err);

	if (r < 0)
		return r;
	ctx = seccomp_init(default_action);
	if (!ctx)
		return err_set(err, EINVAL, "seccomp: start a filter");
	/* A binary tree of system calls instead of a chain (libseccomp 2.5); without it the filter is only slower. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* no_new_privs is the plan's business. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (r < 0)
		return err_set(err, r, "seccomp: set an attribute");
	r = add_architectures(ctx, profile->architectures, err);
	if (r < 0 || (r = add_syscalls(ctx, profile, default_action, err)) < 0)
		return r;
	*ret = (struct seccomp_profile){.flags = load_flags(profile)};
	r = export_bpf(ctx, ret);
	return r < 0 ? err_set(err, r, "seccomp: write the filter") : 0;
}

int seccomp_profile_check_names(const struct oci_seccomp *profile, struct err **err)
{
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		char *const *names = profile->syscalls[i].names;

		for (size_t j = 0; names[j]; j++)
			if (seccomp_syscall_resolve_name(names[j]) == __NR_SCMP_ERROR)
				return err_text(err, EINVAL,
						"linux.seccomp.syscalls[%zu]: the system call `%s` "
						"is unknown",
						i, names[j]);
	}
	return 0;
}

void seccomp_profile_done(struct seccomp_profile *profile)
{
	free(profile->insns);
	profile->insns = NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in profile against the one that podman uses, where that is installed: both are compiled, and the two filters are asked about every number of
 * every architecture with arguments that their rules look at, for several sets of capabilities.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/cred.h"
#include "libocispec/json.h"
#include "libocispec/oci_config.h"
#include "libocispec/oci_types.h"
#include "seccomp/default_profile.h"
#include "seccomp/profile.h"
#include "tests/lib/bpf.h"
#include "tests/lib/tap.h"

#define PODMAN "/usr/share/containers/seccomp.json"

static uint32_t run(const struct seccomp_profile *p, const struct seccomp_data *data)
{
	return bpf_run(p->insns, p->len, data, NULL);
}

static bool names_a_cap(const struct json_value *list, uint64_t caps)
{
	for (const struct json_value *v = list ? json_first(list) : NULL; v; v = json_next(v)) {
		const char *name;
		int n;

		if (json_to_string(v, &name) < 0 || (n = host_cap_number(name)) < 0)
			bail("a capability of " PODMAN);
		if (caps & UINT64_C(1) << n)
			return true;
	}
	return false;
}

static bool names_this_machine(const struct json_value *list)
{
#if defined(__x86_64__)
	static const char name[] = "amd64";
#else
	static const char name[] = "arm64";
#endif
	for (const struct json_value *v = json_first(list); v; v = json_next(v)) {
		const char *s;

		if (json_to_string(v, &s) == 0 && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

/* The engine's part: which rules are meant for these capabilities and this machine. */
static bool applies(const struct json_value *rule, uint64_t caps)
{
	const struct json_value *in = json_get(rule, "includes"), *ex = json_get(rule, "excludes");
	const struct json_value *arches = in ? json_get(in, "arches") : NULL,
				*in_caps = in ? json_get(in, "caps") : NULL;

	if (arches && !names_this_machine(arches))
		return false;
	if (in_caps && !names_a_cap(in_caps, caps))
		return false;
	return !(ex && names_a_cap(json_get(ex, "caps"), caps));
}

static struct oci_seccomp *podmans(const struct json_value *root, const struct oci_seccomp *all,
				   uint64_t caps)
{
	struct oci_seccomp *p = xcalloc(1, sizeof(*p));
	const struct json_value *rule = json_first(json_get(root, "syscalls"));

	*p = *all;
	p->syscalls = xcalloc(all->n_syscalls, sizeof(*p->syscalls));
	p->n_syscalls = 0;
	for (size_t i = 0; rule; rule = json_next(rule), i++) {
		if (applies(rule, caps))
			p->syscalls[p->n_syscalls++] = all->syscalls[i];
	}
	return p;
}

static struct seccomp_profile compile(const struct oci_seccomp *p)
{
	struct seccomp_profile ret;
	struct err *err = NULL;

	if (seccomp_profile_compile(p, &ret, &err) < 0)
		bail("%s", err_msg(err));
	return ret;
}

static int compare_number(const struct seccomp_profile *a, const struct seccomp_profile *b,
			  uint32_t arch, int nr)
{
	static const uint64_t first[] = {0, 8, 16, 0x20000, 0x20008, 0xffffffff, 1, ~UINT64_C(0)},
			      third[] = {0, 9, ~UINT64_C(0)};
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(third); j++) {
			struct seccomp_data data = {
				.nr = nr, .arch = arch, .args = {first[i], 0, third[j]}};

			if (run(a, &data) != run(b, &data) && bad++ == 0)
				printf("# %x number %d (%llx, %llx): %x, podman %x\n", arch, nr,
				       (unsigned long long)first[i], (unsigned long long)third[j],
				       run(a, &data), run(b, &data));
		}
	}
	return bad;
}

static void compare(const struct oci_seccomp *ours, const struct oci_seccomp *theirs,
		    const char *what)
{
#if defined(__x86_64__)
	static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM};
#else
	static const uint32_t arches[] = {AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, AUDIT_ARCH_I386};
#endif
	struct seccomp_profile a = compile(ours), b = compile(theirs);
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(arches); i++) {
		for (int nr = -1; nr < 700; nr++) {
			bad += compare_number(&a, &b, arches[i], nr);
			bad += compare_number(&a, &b, arches[i], nr | 0x40000000);
		}
	}
	is_int(bad, 0, "%s: every verdict is podman's", what);
	ok(a.len < 1800, "%s: %u instructions (podman's: %u)", what, a.len, b.len);
	seccomp_profile_done(&a);
	seccomp_profile_done(&b);
}

static void test_equal(void)
{
	static const uint64_t sets[] = {
		0,
		~UINT64_C(0),
		UINT64_C(1) << CAP_AUDIT_WRITE | UINT64_C(1) << CAP_SYS_CHROOT,
		UINT64_C(1) << CAP_SYS_ADMIN,
		UINT64_C(1) << CAP_SYS_PTRACE | UINT64_C(1) << CAP_SYS_TIME,
	};
	cleanup_fd int fd = open(PODMAN, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = {0};
	cleanup_json struct json_doc *doc = NULL;
	struct oci_seccomp *all = NULL;
	struct oci_err err;

	if (fd < 0) {
		tap_skip("podman's verdicts", "host: no " PODMAN);
		return;
	}
	if (fd_read_to_buf(fd, 1 << 20, &text) < 0 ||
	    json_parse(text.data, text.len, &doc, &err) < 0 ||
	    oci_seccomp_parse(text.data, text.len, &all, &err) < 0)
		bail(PODMAN ": %s: %s", err.path, err.msg);
	/* The file lists architectures elsewhere (archMap); those of this machine are ours. */
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct oci_seccomp *ours = seccomp_default_profile(sets[i]),
				   *theirs = podmans(json_root(doc), all, sets[i]);
		char what[32];

		theirs->architectures = ours->architectures;
		snprintf(what, sizeof(what), "capabilities %llx", (unsigned long long)sets[i]);
		compare(ours, theirs, what);
		free(theirs->syscalls);
		free(theirs);
		seccomp_default_free(ours);
	}
	oci_seccomp_free(all);
}

/* Sure without podman too. */
static void test_samples(void)
{
	struct oci_seccomp *p = seccomp_default_profile(0);
	struct seccomp_profile f = compile(p);
	struct seccomp_data data = {
		.arch =
#if defined(__x86_64__)
			AUDIT_ARCH_X86_64
#else
			AUDIT_ARCH_AARCH64
#endif
	};

	data.nr = __NR_openat;
	is_int(run(&f, &data), SECCOMP_RET_ALLOW, "openat");
	data.nr = __NR_bpf;
	is_int(run(&f, &data), SECCOMP_RET_ERRNO | EPERM, "bpf without CAP_SYS_ADMIN");
	data.nr = __NR_add_key;
	is_int(run(&f, &data), SECCOMP_RET_ERRNO | ENOSYS, "what is not listed");
	data.nr = 9999;
	is_int(run(&f, &data), SECCOMP_RET_ERRNO | ENOSYS, "a call of the future");
	data.nr = __NR_read;
	data.arch = AUDIT_ARCH_S390X;
	is_int(run(&f, &data), SECCOMP_RET_KILL_THREAD, "another machine's calls");
	seccomp_profile_done(&f);
	seccomp_default_free(p);
}

int main(void)
{
	test_samples();
	test_equal();
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.seccomp and crun's annotations about it. Part of building the plan: no side effects. */
#include <config.h>

#include "plan/internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/cred.h"
#include "libocispec/oci_types.h"
#include "seccomp/default_profile.h"

#define BPF_DATA "run.oci.seccomp_bpf_data"
#define STRICT	 "run.oci.seccomp_fail_unknown_syscall"

/* A listener goes to an agent as it is: one descriptor of one filter. We could neither share the guard's nor imitate one. */
static int set_agent(struct plan_ctx *ctx, const struct oci_seccomp *s, struct err **err)
{
	struct plan *plan = ctx->plan;

	if (!s->listener_path)
		return err_text(err, EINVAL,
				"linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath, the socket of "
				"the agent that answers");
	if (plan->notify)
		return err_text(err, ENOTSUP,
				"linux.seccomp: SCMP_ACT_NOTIFY cannot be had together with "
				"copy-on-write (%s): the kernel gives a process one seccomp "
				"listener, and the write guard needs it. Use --cow=off with a root "
				"that the container may write to, or a profile without "
				"SCMP_ACT_NOTIFY",
				plan->cow.reason);
	plan->seccomp_agent = s->listener_path;
	plan->seccomp_metadata = s->listener_metadata;
	return 0;
}

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Base64 (RFC 4648) without blanks; the final '='s may be missing. Returns the number of bytes, or -EINVAL. */
static ssize_t decode_base64(const char *text, unsigned char *out)
{
	size_t n = strlen(text), len = 0;
	uint32_t bits = 0;

	while (n > 0 && text[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 > 0)
			out[len++] = (unsigned char)(bits >> (2 * (3 - i % 4)));
	}
	return (ssize_t)len;
}

/* The filter itself instead of linux.seccomp. What it does is the kernel's to check. */
static int set_raw(struct plan *plan, const char *text, struct err **err)
{
	cleanup_free unsigned char *data = xmalloc(strlen(text) + 1);
	ssize_t n = decode_base64(text, data);
	size_t size = sizeof(struct sock_filter);

	if (n < 0)
		return err_text(err, EINVAL, "annotation " BPF_DATA ": not base64");
	if (n == 0 || (size_t)n % size || (size_t)n / size > BPF_MAXINSNS)
		return err_text(err, EINVAL,
				"annotation " BPF_DATA
				": %zd bytes are not 1 to %d instructions of %zu bytes",
				n, BPF_MAXINSNS, size);
	plan->seccomp_raw = xmalloc((size_t)n);
	memcpy(plan->seccomp_raw, data, (size_t)n);
	plan->seccomp_raw_len = (unsigned short)((size_t)n / size);
	return 0;
}

/* The container's, also for exec: a process of its own choosing gets no wider profile. */
static uint64_t container_caps(const struct plan_ctx *ctx)
{
	const struct oci_process *p = ctx->config->process;
	char *const *names = p && p->capabilities ? p->capabilities->bounding : NULL;
	uint64_t mask = 0;

	for (size_t i = 0; names && names[i]; i++) {
		int n = host_cap_number(names[i]);

		mask |= n >= 0 ? UINT64_C(1) << n : 0;
	}
	return mask;
}

static int set_built_in(struct plan_ctx *ctx, const char *word, struct err **err)
{
	if (strcmp(word, "default") != 0)
		return err_text(err, EINVAL,
				"annotation run.sandlock.seccomp: `%s` is not `default`", word);
	if (ctx->lin->seccomp)
		return err_text(err, EINVAL,
				"annotation run.sandlock.seccomp: config.json has linux.seccomp "
				"already");
	ctx->plan->default_seccomp = seccomp_default_profile(container_caps(ctx));
	ctx->plan->seccomp = ctx->plan->default_seccomp;
	return 0;
}

int plan_seccomp(struct plan_ctx *ctx, struct err **err)
{
	const struct oci_seccomp *s = ctx->lin->seccomp;
	const char *raw = plan_annotation(ctx->plan, BPF_DATA);
	const char *word = plan_annotation(ctx->plan, "run.sandlock.seccomp");
	const char *strict = plan_annotation(ctx->plan, STRICT);

	if (raw)
		return set_raw(ctx->plan, raw, err);
	if (word)
		return set_built_in(ctx, word, err);
	ctx->plan->seccomp = s;
	ctx->plan->seccomp_strict = strict && strcmp(strict, "0") != 0;
	return s && oci_seccomp_uses_notify(s) ? set_agent(ctx, s, err) : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices a container may use. None, as with runc; then the rules of config.json in
 * their order; then the devices every container gets, so that "deny all" does not take /dev/null
 * away. Runs in the commands, before the container's init joins.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"
#include "libocispec/oci_types.h"

/* clang-format off */
#define ANY	  { .set = false }
#define NR(n)	  { .set = true, .v = (n) }
#define ALLOW(t, maj, min, acc) { .allow = true, .type = (t), .major = maj, .minor = min, .access = (acc) }
const struct oci_device_rule cgroup_default_devices[] = {
	ALLOW('c', ANY, ANY, "m"),
	ALLOW('b', ANY, ANY, "m"),
	ALLOW('c', NR(1), NR(3), "rwm"),   /* null */
	ALLOW('c', NR(1), NR(5), "rwm"),   /* zero */
	ALLOW('c', NR(1), NR(7), "rwm"),   /* full */
	ALLOW('c', NR(1), NR(8), "rwm"),   /* random */
	ALLOW('c', NR(1), NR(9), "rwm"),   /* urandom */
	ALLOW('c', NR(5), NR(0), "rwm"),   /* tty */
	ALLOW('c', NR(5), NR(1), "rwm"),   /* console */
	ALLOW('c', NR(5), NR(2), "rwm"),   /* ptmx */
	ALLOW('c', NR(136), ANY, "rwm"),   /* pts */
	ALLOW('c', NR(10), NR(200), "rwm"), /* net/tun: images rely on it (runc#3468) */
};
/* clang-format on */
const size_t cgroup_n_default_devices = ARRAY_SIZE(cgroup_default_devices);

const struct oci_device_rule *cgroup_default_device_rules(size_t *ret_n)
{
	*ret_n = cgroup_n_default_devices;
	return cgroup_default_devices;
}

bool cgroup_has_deny_rule(const struct oci_resources *res)
{
	for (size_t i = 0; i < res->n_devices; i++)
		if (!res->devices[i].allow)
			return true;
	return false;
}

/* Of every type, number and access: whatever comes before does not count. */
static bool is_for_all(const struct oci_device_rule *rule)
{
	const char *access = rule->access ? rule->access : "rwm";

	return rule->type == 'a' && strchr(access, 'r') && strchr(access, 'w') &&
	       strchr(access, 'm') && !(rule->major.set && rule->major.v >= 0) &&
	       !(rule->minor.set && rule->minor.v >= 0);
}

bool cgroup_restricts_devices(const struct oci_resources *res)
{
	for (size_t i = res->n_devices; i-- > 0;) {
		if (!res->devices[i].allow)
			return true;
		if (is_for_all(&res->devices[i]))
			return false;
	}
	return true;
}

static void add_number(struct buf *b, const struct oci_opt_i64 *n)
{
	if (n->set && n->v >= 0)
		buf_printf(b, "%" PRId64, n->v);
	else
		buf_add_char(b, '*');
}

static int write_rule(const char *dir, const struct oci_device_rule *rule, struct err **err)
{
	cleanup_buf struct buf b = {0};

	buf_printf(&b, "%c ", rule->type);
	add_number(&b, &rule->major);
	buf_add_char(&b, ':');
	add_number(&b, &rule->minor);
	buf_printf(&b, " %s", rule->access ? rule->access : "rwm");
	if (b.error)
		return err_set(err, b.error, "cgroup: device rule");
	return cgroup_write(dir, rule->allow ? "devices.allow" : "devices.deny", b.data, err);
}

int cgroup_devices_v1(const char *dir, const struct oci_resources *res, struct err **err)
{
	static const struct oci_device_rule nothing = {.allow = false, .type = 'a'};
	bool restricts = cgroup_restricts_devices(res);
	int r = restricts ? write_rule(dir, &nothing, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < res->n_devices; i++) {
		r = write_rule(dir, &res->devices[i], err);
		if (r < 0)
			return r;
	}
	if (!restricts)
		return 0;
	for (size_t i = 0; i < cgroup_n_default_devices; i++) {
		r = write_rule(dir, &cgroup_default_devices[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int sys_bpf(int cmd, union bpf_attr *attr, size_t size)
{
	long r = syscall(SYS_bpf, cmd, attr, size);

	return r < 0 ? -errno : (int)r;
}

static int load_program(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = n;
	attr.license = (uintptr_t) "GPL";
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* More than one is attached only when a manager that we do not know has added its own. */
#define MAX_PROGRAMS 64

static int query_programs(int dir_fd, uint32_t ids[MAX_PROGRAMS], size_t *ret_n)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)dir_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	r = sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr));
	*ret_n = r < 0 ? 0 : attr.query.prog_cnt;
	return r;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}

static int detach_program(int dir_fd, uint32_t id)
{
	cleanup_fd int prog_fd = open_program(id);
	union bpf_attr attr;

	if (prog_fd < 0)
		return prog_fd;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dir_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return sys_bpf(BPF_PROG_DETACH, &attr, sizeof(attr));
}

/*
 * The new program first, then the old ones go: every program has to say yes, so the rules are never laxer than both in between.
 * prog_fd < 0: only detach.
 */
static int replace_programs(const char *dir, int prog_fd)
{
	cleanup_fd int dir_fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	uint32_t old[MAX_PROGRAMS];
	union bpf_attr attr;
	size_t n = 0;
	int r;

	if (dir_fd < 0)
		return -errno;
	r = query_programs(dir_fd, old, &n);
	if (r < 0)
		return r;
	if (prog_fd >= 0) {
		memset(&attr, 0, sizeof(attr));
		attr.target_fd = (uint32_t)dir_fd;
		attr.attach_bpf_fd = (uint32_t)prog_fd;
		attr.attach_type = BPF_CGROUP_DEVICE;
		attr.attach_flags = BPF_F_ALLOW_MULTI;
		r = sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
	}
	for (size_t i = 0; i < n && r >= 0; i++)
		r = detach_program(dir_fd, old[i]);
	return r;
}

/* The kernel charges programs to RLIMIT_MEMLOCK up to 5.10; a load that fails for that is EPERM. */
static int load_with_memlock(const struct bpf_insn *insns, size_t n)
{
	struct rlimit old, more = {RLIM_INFINITY, RLIM_INFINITY};
	int fd = load_program(insns, n);

	if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &more) < 0)
		return fd;
	fd = load_program(insns, n);
	setrlimit(RLIMIT_MEMLOCK, &old);
	return fd;
}

static int no_devices(int r, const char *dir, struct err **err)
{
	if (r == -EPERM)
		return err_text(
			err, r,
			"cgroup: device rules for %s need CAP_BPF or CAP_SYS_ADMIN and, up to "
			"Linux 5.10, a higher limit of locked memory (bpf was refused)",
			dir);
	return err_set(err, r, "cgroup: attach device rules to %s", dir);
}

int cgroup_devices_v2(const char *dir, const struct oci_resources *res, bool rootless,
		      struct err **err)
{
	bool restricts = cgroup_restricts_devices(res);
	cleanup_free struct bpf_insn *insns = NULL;
	cleanup_fd int prog_fd = -EBADF;
	size_t n;
	int r = 0;

	/* Where everything is allowed: no program to pay for at each open. */
	if (restricts) {
		r = cgroup_device_prog(res, &insns, &n);
		if (r < 0)
			return err_set(err, r, "cgroup: compile device rules");
		prog_fd = load_with_memlock(insns, n);
		r = prog_fd < 0 ? prog_fd : 0;
	}
	if (r == 0)
		r = replace_programs(dir, prog_fd);
	/* Nobody has asked for it. Or not allowed to look, and nothing to attach: then nothing of ours was there. */
	if (r < 0 && (rootless || !cgroup_has_deny_rule(res))) {
		log_debug("device rules are left out without privilege (bpf: %s)", strerror(-r));
		return 0;
	}
	return r < 0 ? no_devices(r, dir, err) : 0;
}

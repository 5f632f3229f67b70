/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notify filter, executed by a small interpreter: every number of the table, the argument checks, foreign and unknown calls. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fanotify.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "host/compat.h"
#include "seccomp/notify_set.h"
#include "tests/lib/bpf.h"
#include "tests/lib/tap.h"

#if defined(__x86_64__)
#define NATIVE	AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE	AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

#define ENOSYS_VERDICT (SECCOMP_RET_ERRNO | ENOSYS)
#define EPERM_VERDICT  (SECCOMP_RET_ERRNO | EPERM)

static struct notify_filter filter;

static uint32_t run(const struct seccomp_data *data)
{
	return bpf_run(filter.insns, filter.len, data, NULL);
}

static uint32_t verdict(int nr, unsigned arg, uint64_t value)
{
	struct seccomp_data data = {.nr = nr, .arch = NATIVE};

	data.args[arg] = value;
	return run(&data);
}

struct row {
	int nr;
	const char *name;
	uint32_t want; /* with all arguments 0 */
	bool path;     /* notified when lazy */
};

static const struct row rows[] = {
#define ALLOW(name)	     {__NR_##name, #name, SECCOMP_RET_ALLOW},
#define REFUSE(name, errno_) {__NR_##name, #name, SECCOMP_RET_ERRNO | errno_},
#define FANOTIFY(name)	     {__NR_##name, #name, SECCOMP_RET_ALLOW},
#define OPEN(name, ...)	     {__NR_##name, #name, SECCOMP_RET_ALLOW, true},
#define OPENAT(name, ...)    {__NR_##name, #name, SECCOMP_RET_ALLOW, true},
#define IOCTL(name, ...)     {__NR_##name, #name, SECCOMP_RET_ALLOW},
#define MOUNT(name, ...)     {__NR_##name, #name, SECCOMP_RET_USER_NOTIF},
#define NOTIFY(name, ...)    {__NR_##name, #name, SECCOMP_RET_USER_NOTIF},
#define PATH(name, ...)	     {__NR_##name, #name, SECCOMP_RET_ALLOW, true},
#define SENDTO(name, ...)    {__NR_##name, #name, SECCOMP_RET_ALLOW},
#include "handlers/syscalls.def"
};

static void test_every_row(void)
{
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (verdict(rows[i].nr, 0, 0) != rows[i].want) {
			printf("# %s: %x instead of %x\n", rows[i].name, verdict(rows[i].nr, 0, 0),
			       rows[i].want);
			bad++;
		}
	is_int(bad, 0, "all %zu rows get their verdict", ARRAY_SIZE(rows));
}

static int is_known(int nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].nr == nr)
			return 1;
	return 0;
}

static void test_unknown_numbers(void)
{
	int bad = 0, tried = 0;

	for (int nr = 0; nr < 1024; nr++) {
		if (is_known(nr))
			continue;
		tried++;
		bad += verdict(nr, 0, 0) != ENOSYS_VERDICT;
	}
	ok(tried > 400 && bad == 0, "%d numbers without a row: ENOSYS", tried);
	is_int(verdict(-1, 0, 0), ENOSYS_VERDICT, "number -1: ENOSYS");
}

static void test_foreign(void)
{
	struct seccomp_data data = {.nr = __NR_openat, .arch = FOREIGN};

	is_int(run(&data), ENOSYS_VERDICT, "a call of another architecture: ENOSYS");
	data.nr = __NR_read;
	is_int(run(&data), ENOSYS_VERDICT, "even a harmless one");
	is_int(verdict(__NR_openat | 0x40000000, 2, O_RDONLY), ENOSYS_VERDICT, "x32: ENOSYS");
}

/* The kernel's own definition of what may touch an existing inode, written down a second time. */
static uint32_t want_open(int flags)
{
	if (flags & O_PATH)
		return SECCOMP_RET_ALLOW;
	if (flags & __O_TMPFILE)
		return SECCOMP_RET_ALLOW;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return SECCOMP_RET_ALLOW;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		return SECCOMP_RET_USER_NOTIF;
	return SECCOMP_RET_ALLOW;
}

static void test_open(void)
{
	static const int bits[] = {O_CREAT,	O_EXCL,	   O_TRUNC,	O_APPEND,   O_PATH,
				   O_DIRECTORY, O_CLOEXEC, __O_TMPFILE, O_NOFOLLOW, O_NONBLOCK};
	int bad = 0, tried = 0;

	for (int mode = 0; mode < 4; mode++)
		for (unsigned set = 0; set < 1u << ARRAY_SIZE(bits); set++) {
			int flags = mode;

			for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
				flags |= set & (1u << i) ? bits[i] : 0;
			tried++;
			bad += verdict(__NR_openat, 2, (uint64_t)flags) != want_open(flags);
			/* The upper half of the register is not part of an int. */
			bad += verdict(__NR_openat, 2, (uint64_t)flags | 0xffffffff00000000ull) !=
			       want_open(flags);
#ifdef __NR_open
			bad += verdict(__NR_open, 1, (uint64_t)flags) != want_open(flags);
#endif
		}
	is_int(bad, 0, "open and openat: %d combinations of flags", tried);
}

static void test_ioctl(void)
{
	static const unsigned guarded[] = {FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION,
					   FS_IOC32_SETFLAGS};

	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
		is_int(verdict(__NR_ioctl, 1, guarded[i]), SECCOMP_RET_USER_NOTIF,
		       "ioctl %x is served", guarded[i]);
		is_int(verdict(__NR_ioctl, 1, guarded[i] | 0x1200000000ull), SECCOMP_RET_USER_NOTIF,
		       "with rubbish in the upper half too");
	}
	is_int(verdict(__NR_ioctl, 1, 0x5401), SECCOMP_RET_ALLOW, "TCGETS is not");
	is_int(verdict(__NR_ioctl, 1, FS_IOC_GETFLAGS), SECCOMP_RET_ALLOW,
	       "FS_IOC_GETFLAGS is not");
}

static void test_mount(void)
{
	is_int(verdict(__NR_mount, 3, 0), SECCOMP_RET_USER_NOTIF, "a new file system is served");
	is_int(verdict(__NR_mount, 3, MS_NOSUID | MS_RDONLY), SECCOMP_RET_USER_NOTIF, "with flags");
	is_int(verdict(__NR_mount, 3, MS_BIND | MS_REC), SECCOMP_RET_USER_NOTIF,
	       "a bind mount is looked at");
	is_int(verdict(__NR_mount, 3, MS_REMOUNT | MS_BIND | MS_RDONLY), SECCOMP_RET_ALLOW,
	       "a remount is not");
	is_int(verdict(__NR_mount, 3, MS_PRIVATE | MS_REC), SECCOMP_RET_ALLOW, "nor propagation");
	is_int(verdict(__NR_mount, 3, MS_MGC_VAL), SECCOMP_RET_USER_NOTIF,
	       "the old magic contains MS_PRIVATE's bit and is served");
	is_int(verdict(__NR_mount, 3, MS_MGC_VAL | MS_BIND), SECCOMP_RET_USER_NOTIF,
	       "with whatever else");
}

static void test_fanotify(void)
{
	is_int(verdict(__NR_fanotify_init, 1, O_RDONLY), SECCOMP_RET_ALLOW, "fanotify for reading");
	is_int(verdict(__NR_fanotify_init, 1, O_RDWR), EPERM_VERDICT,
	       "fanotify with writable event descriptors: EPERM");
	is_int(verdict(__NR_fanotify_init, 1, O_WRONLY), EPERM_VERDICT, "write-only ones too");
}

static void test_lazy(void)
{
	int bad = 0, paths = 0;

	is_int(notify_filter_build(true, &filter), 0, "the lazy filter can be built");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t want = rows[i].path ? SECCOMP_RET_USER_NOTIF : rows[i].want;

		paths += rows[i].path;
		bad += verdict(rows[i].nr, 0, 0) != want;
	}
	ok(paths > 40 && bad == 0, "lazy: %d path calls are notified, the others get their verdict",
	   paths);
	is_int(verdict(__NR_openat, 2, O_RDONLY), SECCOMP_RET_USER_NOTIF, "lazy: any open");
	is_int(verdict(__NR_mount, 3, MS_BIND), SECCOMP_RET_USER_NOTIF, "lazy: any mount");
	is_int(verdict(__NR_sendto, 4, 1), SECCOMP_RET_USER_NOTIF, "lazy: sendto with an address");
	is_int(verdict(__NR_sendto, 4, 1ull << 40), SECCOMP_RET_USER_NOTIF,
	       "lazy: anywhere in the address space");
	is_int(verdict(__NR_sendto, 3, 1), SECCOMP_RET_ALLOW, "lazy: send is not");
}

int main(void)
{
	is_int(notify_filter_build(false, &filter), 0, "the filter can be built");
	printf("# %u instructions\n", filter.len);
	test_every_row();
	test_unknown_numbers();
	test_foreign();
	test_open();
	test_ioctl();
	test_mount();
	test_fanotify();
	test_lazy();
	return tap_done();
}

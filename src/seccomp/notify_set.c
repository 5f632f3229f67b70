/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handlers/syscalls.def -> BPF. Numbers are grouped into ranges with one verdict; a balanced tree
 * of comparisons finds the range. A number that is allowed whatever its arguments never runs the
 * filter at all on kernels >= 5.11 (constant-action bitmaps), which is why verdicts depend on
 * nothing but number and architecture wherever they can. Any process; pure.
 */
#include <config.h>

#include "seccomp/notify_set.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "host/compat.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "no system call table for this architecture"
#endif

/* Where a jump out of the tree leads. Each has one block of instructions behind the tree. */
enum verdict {
	VERDICT_ALLOW,
	VERDICT_NOTIFY,
	VERDICT_ENOSYS,
	VERDICT_EPERM,
	VERDICT_OPEN,
	VERDICT_OPENAT,
	VERDICT_IOCTL,
	VERDICT_MOUNT,
	VERDICT_FANOTIFY,
	VERDICT_SENDTO,
	VERDICT_PATH, /* stands for ALLOW or NOTIFY */
	N_VERDICTS,
};

struct number {
	unsigned nr;
	enum verdict verdict;
};

static const struct number numbers[] = {
#define ALLOW(name)	     {__NR_##name, VERDICT_ALLOW},
#define REFUSE(name, errno_) {__NR_##name, VERDICT_##errno_},
#define FANOTIFY(name)	     {__NR_##name, VERDICT_FANOTIFY},
#define OPEN(name, ...)	     {__NR_##name, VERDICT_OPEN},
#define OPENAT(name, ...)    {__NR_##name, VERDICT_OPENAT},
#define IOCTL(name, ...)     {__NR_##name, VERDICT_IOCTL},
#define MOUNT(name, ...)     {__NR_##name, VERDICT_MOUNT},
#define NOTIFY(name, ...)    {__NR_##name, VERDICT_NOTIFY},
#define PATH(name, ...)	     {__NR_##name, VERDICT_PATH},
#define SENDTO(name, ...)    {__NR_##name, VERDICT_SENDTO},
#include "handlers/syscalls.def"
};

struct range {
	unsigned first; /* up to the next range's first */
	enum verdict verdict;
};

struct builder {
	struct notify_filter *out;
	int error;
	bool lazy;
	struct range ranges[2 * ARRAY_SIZE(numbers) + 2];
	size_t n_ranges;
	/* Jumps to a verdict's block, filled in when the block's place is known. */
	struct {
		unsigned short at;
		enum verdict to;
	} fixups[NOTIFY_FILTER_MAX];
	size_t n_fixups;
};

static unsigned short emit(struct builder *b, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (b->out->len == NOTIFY_FILTER_MAX) {
		b->error = -E2BIG;
		return 0;
	}
	b->out->insns[b->out->len] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
	return b->out->len++;
}

/* JA has a 32-bit offset, conditional jumps only 8 bits: conditions only ever skip one instruction.
 */
static void emit_goto(struct builder *b, enum verdict to)
{
	unsigned short at = emit(b, BPF_JMP | BPF_JA, 0, 0, 0);

	if (b->error)
		return;
	b->fixups[b->n_fixups].at = at;
	b->fixups[b->n_fixups++].to = to;
}

static void emit_if(struct builder *b, uint16_t op, uint32_t k, enum verdict to)
{
	emit(b, BPF_JMP | op | BPF_K, k, 0, 1);
	emit_goto(b, to);
}

static void emit_load(struct builder *b, size_t offset)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Low half of argument n; both supported architectures are little-endian. */
static void emit_load_arg(struct builder *b, unsigned n)
{
	emit_load(b, offsetof(struct seccomp_data, args) + n * sizeof(uint64_t));
}

static int by_number(const void *a, const void *b)
{
	const struct number *x = a, *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

static void add_range(struct builder *b, unsigned first, enum verdict verdict)
{
	if (b->n_ranges > 0 && b->ranges[b->n_ranges - 1].verdict == verdict)
		return;
	b->ranges[b->n_ranges++] = (struct range){first, verdict};
}

static enum verdict final_verdict(const struct builder *b, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_OPEN:
	case VERDICT_OPENAT:
	case VERDICT_MOUNT:
		return b->lazy ? VERDICT_NOTIFY : verdict;
	case VERDICT_SENDTO:
		return b->lazy ? verdict : VERDICT_ALLOW;
	case VERDICT_PATH:
		return b->lazy ? VERDICT_NOTIFY : VERDICT_ALLOW;
	default:
		return verdict;
	}
}

static void make_ranges(struct builder *b)
{
	struct number sorted[ARRAY_SIZE(numbers)];
	unsigned next = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sorted[i] = numbers[i];
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(sorted[0]), by_number);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		if (sorted[i].nr != next)
			add_range(b, next, VERDICT_ENOSYS);
		add_range(b, sorted[i].nr, final_verdict(b, sorted[i].verdict));
		next = sorted[i].nr + 1;
	}
	add_range(b, next, VERDICT_ENOSYS);
}

static void emit_tree(struct builder *b, size_t lo, size_t hi)
{
	size_t mid;
	unsigned short jump;

	if (hi - lo == 1) {
		emit_goto(b, b->ranges[lo].verdict);
		return;
	}
	mid = lo + (hi - lo) / 2;
	emit(b, BPF_JMP | BPF_JGE | BPF_K, b->ranges[mid].first, 0, 1);
	jump = emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(b, lo, mid);
	if (!b->error)
		b->out->insns[jump].k = (uint32_t)(b->out->len - jump - 1);
	emit_tree(b, mid, hi);
}

/*
 * Needs serving unless it cannot touch an existing inode: O_PATH opens nothing; O_TMPFILE and
 * O_CREAT|O_EXCL make a new inode; read-only without O_TRUNC changes nothing, with or without
 * O_CREAT.
 */
static void emit_open_check(struct builder *b, unsigned arg)
{
	emit_load_arg(b, arg);
	emit_if(b, BPF_JSET, O_PATH | __O_TMPFILE, VERDICT_ALLOW);
	emit(b, BPF_ALU | BPF_AND | BPF_K, O_CREAT | O_EXCL, 0, 0);
	emit_if(b, BPF_JEQ, O_CREAT | O_EXCL, VERDICT_ALLOW);
	emit_load_arg(b, arg);
	emit_if(b, BPF_JSET, O_ACCMODE | O_TRUNC, VERDICT_NOTIFY);
	emit_goto(b, VERDICT_ALLOW);
}

/* Commands that change an inode through a descriptor that need not be writable. ioctl's cmd is 32
 * bits wide. */
static const uint32_t guarded_ioctls[] = {
	FS_IOC_SETFLAGS,
	FS_IOC32_SETFLAGS,
	FS_IOC_FSSETXATTR,
	FS_IOC_SETVERSION,
	FS_IOC32_SETVERSION,
	0x40806685, /* FS_IOC_ENABLE_VERITY (linux/fsverity.h) */
	0x40086604, /* EXT4_IOC_SETVERSION */
	0x6609,	    /* EXT4_IOC_MIGRATE */
	0x6611,	    /* EXT4_IOC_SWAP_BOOT */
};

static void emit_ioctl_check(struct builder *b)
{
	emit_load_arg(b, 1);
	for (size_t i = 0; i < ARRAY_SIZE(guarded_ioctls); i++)
		emit_if(b, BPF_JEQ, guarded_ioctls[i], VERDICT_NOTIFY);
	emit_goto(b, VERDICT_ALLOW);
}

/*
 * mount(2): with the old magic in the upper half the kernel strips it before it looks at the flags,
 * and the magic contains MS_PRIVATE's bit; so it is tested first.
 */
static void emit_mount_check(struct builder *b)
{
	emit_load_arg(b, 3);
	emit(b, BPF_ALU | BPF_AND | BPF_K, MS_MGC_MSK, 0, 0);
	emit_if(b, BPF_JEQ, MS_MGC_VAL, VERDICT_NOTIFY);
	emit_load_arg(b, 3);
	emit_if(b, BPF_JSET, MS_REMOUNT, VERDICT_ALLOW);
	emit_if(b, BPF_JSET, MS_BIND, VERDICT_NOTIFY);
	emit_if(b, BPF_JSET, MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE,
		VERDICT_ALLOW);
	emit_goto(b, VERDICT_NOTIFY);
}

/* event_f_flags: with a write mode the kernel would hand out writable descriptors of marked files.
 */
static void emit_fanotify_check(struct builder *b)
{
	emit_load_arg(b, 1);
	emit_if(b, BPF_JSET, O_ACCMODE | O_TRUNC, VERDICT_EPERM);
	emit_goto(b, VERDICT_ALLOW);
}

/* An address, wherever in the 64 bits of the pointer. */
static void emit_sendto_check(struct builder *b)
{
	emit_load_arg(b, 4);
	emit_if(b, BPF_JSET, UINT32_MAX, VERDICT_NOTIFY);
	emit_load(b, offsetof(struct seccomp_data, args) + 4 * sizeof(uint64_t) + sizeof(uint32_t));
	emit_if(b, BPF_JSET, UINT32_MAX, VERDICT_NOTIFY);
	emit_goto(b, VERDICT_ALLOW);
}

static void emit_block(struct builder *b, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ALLOW:
		emit(b, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		break;
	case VERDICT_NOTIFY:
		emit(b, BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0);
		break;
	case VERDICT_ENOSYS:
		emit(b, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
		break;
	case VERDICT_EPERM:
		emit(b, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
		break;
	case VERDICT_OPEN:
		emit_open_check(b, 1);
		break;
	case VERDICT_OPENAT:
		emit_open_check(b, 2);
		break;
	case VERDICT_IOCTL:
		emit_ioctl_check(b);
		break;
	case VERDICT_MOUNT:
		emit_mount_check(b);
		break;
	case VERDICT_FANOTIFY:
		emit_fanotify_check(b);
		break;
	case VERDICT_SENDTO:
		emit_sendto_check(b);
		break;
	case VERDICT_PATH:
	case N_VERDICTS:
		break;
	}
}

/* Classic BPF jumps forwards only: the blocks that jump come first, the returns last. */
static const enum verdict block_order[] = {
	VERDICT_OPEN,	VERDICT_OPENAT, VERDICT_IOCTL,	VERDICT_MOUNT,	VERDICT_FANOTIFY,
	VERDICT_SENDTO, VERDICT_ALLOW,	VERDICT_NOTIFY, VERDICT_ENOSYS, VERDICT_EPERM,
};

int notify_filter_build(bool lazy, struct notify_filter *ret)
{
	unsigned short place[N_VERDICTS];
	struct builder *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->out = ret;
	b->lazy = lazy;
	ret->len = 0;
	make_ranges(b);
	emit_load(b, offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit_goto(b, VERDICT_ENOSYS);
	/* x32 numbers (bit 30) lie above every known one, so the tree refuses them. */
	emit_load(b, offsetof(struct seccomp_data, nr));
	emit_tree(b, 0, b->n_ranges);
	for (size_t i = 0; i < ARRAY_SIZE(block_order); i++) {
		place[block_order[i]] = ret->len;
		emit_block(b, block_order[i]);
	}
	for (size_t i = 0; !b->error && i < b->n_fixups; i++) {
		unsigned short at = b->fixups[i].at;

		ret->insns[at].k = (uint32_t)(place[b->fixups[i].to] - at - 1);
	}
	r = b->error;
	free(b);
	return r;
}

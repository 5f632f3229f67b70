/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors: every way to get one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fileops.h"

static int pick_flags(struct op *op)
{
	static const int extra[] = {O_CREAT,   O_EXCL,	O_TRUNC, O_APPEND,  O_DIRECTORY, O_NOFOLLOW,
				    O_CLOEXEC, O_SYNC,	O_DSYNC, O_NOCTTY,  O_LARGEFILE, O_PATH,
				    O_NOATIME, O_CREAT, O_TRUNC, O_CLOEXEC, O_CREAT};
	int flags = (int)PICK(op, O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDONLY, 3);

	for (unsigned n = pick(op, 4); n > 0; n--)
		flags |= extra[pick(op, sizeof(extra) / sizeof(extra[0]))];
	if (!may_sync)
		flags &= ~O_SYNC;
	/* a FIFO must not block; fifo_pair does */
	return flags | O_NONBLOCK;
}

static mode_t pick_mode(struct op *op)
{
	return (mode_t)PICK(op, 0644, 0600, 0777, 0, 04755, 02711, 01666, 0400);
}

static void op_open(struct op *op)
{
	struct path p;
	int flags = pick_flags(op);
	mode_t mode = pick_mode(op);

	pick_path(op, &p);
	say_path(&p);
	say(" %#x %o", flags, mode);
#ifdef SYS_open
	to_slot(op, (int)syscall(SYS_open, p.ptr, flags, mode));
#else
	to_slot(op, (int)syscall(SYS_openat, AT_FDCWD, p.ptr, flags, mode));
#endif
}

static void op_openat(struct op *op)
{
	struct path p;
	int flags = pick_flags(op), at = pick_at(op);
	mode_t mode = pick_mode(op);

	pick_path(op, &p);
	say_at(at);
	say_path(&p);
	say(" %#x %o", flags, mode);
	to_slot(op, (int)syscall(SYS_openat, at, p.ptr, flags, mode));
}

/* The usual ones, which succeed. */
static void op_open_usual(struct op *op)
{
	struct path p;
	int flags = (int)PICK(op, O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_WRONLY | O_CREAT | O_TRUNC,
			      O_RDWR | O_APPEND, O_WRONLY | O_CREAT | O_APPEND,
			      O_RDWR | O_CREAT | O_EXCL, O_RDONLY | O_CLOEXEC) |
		    O_NONBLOCK;

	if (chance(op, 60))
		pick_plain(op, &p);
	else
		pick_new(op, &p);
	say_path(&p);
	say(" %#x", flags);
	to_slot(op, open(p.ptr, flags, 0644));
}

static void op_open_directory(struct op *op)
{
	static const char *const dirs[] = {".",	 "d0",	 "d1", "d1/dd", "d2", "ds", "dt",
					   "da", "d3/e", "l2", "..",	"n0", "n1"};
	const char *name = dirs[pick(op, sizeof(dirs) / sizeof(dirs[0]))];
	int flags = O_DIRECTORY | (int)PICK(op, O_RDONLY, O_PATH, O_CLOEXEC, O_PATH | O_NOFOLLOW);

	say(" \"%s\" %#x", name, flags);
	to_slot(op, open(name, flags));
}

static void op_open_path(struct op *op)
{
	struct path p;
	int flags = O_PATH | (int)PICK(op, 0, O_NOFOLLOW, O_CLOEXEC, O_NOFOLLOW | O_CLOEXEC);

	pick_path(op, &p);
	say_path(&p);
	say(" %#x", flags);
	to_slot(op, open(p.ptr, flags));
}

static void op_creat(struct op *op)
{
	struct path p;
	mode_t mode = pick_mode(op);

	pick_path(op, &p);
	say_path(&p);
	say(" %o", mode);
	/* a FIFO would block */
	struct stat st;
	if (stat(p.ptr, &st) == 0 && S_ISFIFO(st.st_mode)) {
		say(" fifo\n");
		return;
	}
	to_slot(op, creat(p.ptr, mode));
}

/* With ".." and a root to stay in, a rename anywhere on the machine makes it EAGAIN (openat2(2)): other worlds', then. */
static int openat2_again(int at, const char *path, const struct open_how *how, size_t size,
			 bool retry)
{
	int r = -1;

	for (int i = 0; i < 1000; i++) {
		r = (int)syscall(SYS_openat2, at, path, how, size);
		if (r >= 0 || errno != EAGAIN || !retry)
			break;
	}
	return r;
}

static void op_openat2(struct op *op)
{
	struct open_how how = {0};
	struct path p;
	int at = pick_at(op);
	size_t size = sizeof(how);

	how.flags = (unsigned)pick_flags(op);
	if (chance(op, 90))
		how.flags &= ~(unsigned long)3 | (unsigned long)PICK(op, 0, 1, 2);
	if (how.flags & O_CREAT || chance(op, 5))
		how.mode = pick_mode(op);
	how.resolve = (unsigned long)PICK(
		op, 0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_XDEV, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, 0x1000, RESOLVE_BENEATH | RESOLVE_IN_ROOT);
	if (chance(op, 5))
		size = (size_t)PICK(op, 0, 8, 16, 4096);
	pick_path(op, &p);
	say_at(at);
	say_path(&p);
	say(" %#llx %llo r=%llx size=%zu", how.flags, how.mode, how.resolve, size);
	to_slot(op, openat2_again(at, p.ptr, chance(op, 97) ? &how : (void *)16, size,
				  how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)));
}

static void op_close(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	say_result(close(slot));
	say("\n");
}

static void op_dup(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	switch (pick(op, 3)) {
	case 0:
		to_slot(op, dup(slot));
		break;
	case 1:
		to_slot(op, fcntl(slot, F_DUPFD_CLOEXEC, 20));
		break;
	default:
		to_slot(op, dup3(slot, 30, O_CLOEXEC));
	}
}

static void op_tmpfile(struct op *op)
{
	static const char *const dirs[] = {".", "d1", "ds", "da", "dt", "d2", "f1", "/dev"};
	const char *dir = dirs[pick(op, sizeof(dirs) / sizeof(dirs[0]))];
	int flags = O_TMPFILE | (int)PICK(op, O_RDWR, O_WRONLY, O_RDWR | O_EXCL, O_RDONLY);

	say(" \"%s\" %#x", dir, flags);
	to_slot(op, open(dir, flags, pick_mode(op)));
}

/* Again through the magic link, for writing too. */
static void op_reopen(struct op *op)
{
	int slot = pick_slot(op), flags = (int)PICK(op, O_RDONLY, O_RDWR, O_WRONLY | O_TRUNC,
						    O_WRONLY | O_APPEND, O_RDWR | O_CREAT) |
					  O_NONBLOCK;
	struct path p = {.ptr = p.text, .slot = slot - SLOT_BASE};

	snprintf(p.text, sizeof(p.text), "/proc/%s/fd/%d", pick(op, 2) ? "self" : "thread-self",
		 slot);
	say_path(&p);
	say(" %#x", flags);
	to_slot(op, open(p.text, flags, 0600));
}

static void op_getfl(struct op *op)
{
	int slot = pick_slot(op), r = fcntl(slot, F_GETFL);

	say_at(slot);
	/* which the guard cannot set (docs/design/cow.md) */
	if (r >= 0 && !(r & O_PATH))
		r &= ~O_NOFOLLOW;
	if (r < 0)
		say_result(r);
	else
		say(" = %#x", r);
	say(" fd=%d\n", fcntl(slot, F_GETFD));
}

static void op_setfl(struct op *op)
{
	int slot = pick_slot(op),
	    flags = (int)PICK(op, O_APPEND, O_NONBLOCK, O_APPEND | O_NONBLOCK) | O_NONBLOCK;

	say_at(slot);
	say(" %#x", flags);
	say_result(fcntl(slot, F_SETFL, flags));
	say("\n");
}

const struct op_kind ops_open[] = {
	{"open", op_open},
	{"openat", op_openat},
	{"open-usual", op_open_usual},
	{"open-directory", op_open_directory},
	{"open-path", op_open_path},
	{"creat", op_creat},
	{"openat2", op_openat2},
	{"close", op_close},
	{"dup", op_dup},
	{"tmpfile", op_tmpfile},
	{"reopen", op_reopen},
	{"getfl", op_getfl},
	{"setfl", op_setfl},
	{NULL, NULL},
};

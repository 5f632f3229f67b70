/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on names: links, renames, directories, special files, where one is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fileops.h"

static void done(long r)
{
	say_result(r);
	say("\n");
}

static void two_paths(struct op *op, struct path *from, struct path *to)
{
	if (chance(op, 60))
		pick_plain(op, from);
	else
		pick_path(op, from);
	if (chance(op, 60))
		pick_new(op, to);
	else
		pick_path(op, to);
	say_path(from);
	say_path(to);
}

static void op_rename(struct op *op)
{
	struct path from, to;

	two_paths(op, &from, &to);
	done(rename(from.ptr, to.ptr));
}

static void op_renameat2(struct op *op)
{
	struct path from, to;
	int a = pick_at(op), b = pick_at(op);
	unsigned flags = (unsigned)PICK(op, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE,
					RENAME_WHITEOUT, RENAME_NOREPLACE | RENAME_EXCHANGE, 8);

	say_at(a);
	say_at(b);
	two_paths(op, &from, &to);
	say(" %#x", flags);
	done(renameat2(a, from.ptr, b, to.ptr, flags));
}

static void op_rename_directory(struct op *op)
{
	static const char *const names[] = {"d0", "d1", "d2",	 "ds",	  "d3", "d1/dd", "d3/e",
					    "n0", "n1", "d0/n2", "d3/n3", "f1", "l2"};
	const char *from = names[pick(op, sizeof(names) / sizeof(names[0]))];
	const char *to = names[pick(op, sizeof(names) / sizeof(names[0]))];

	say(" \"%s\" \"%s\"", from, to);
	done(rename(from, to));
}

static void op_link(struct op *op)
{
	struct path from, to;

	two_paths(op, &from, &to);
	done(link(from.ptr, to.ptr));
}

static void op_linkat(struct op *op)
{
	struct path from, to;
	int a = pick_at(op), b = pick_at(op),
	    flags = (int)PICK(op, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH,
			      AT_SYMLINK_FOLLOW | AT_EMPTY_PATH, 0x800);

	say_at(a);
	say_at(b);
	two_paths(op, &from, &to);
	say(" %#x", flags);
	done(linkat(a, from.ptr, b, to.ptr, flags));
}

/* A new name for a descriptor: O_TMPFILE, O_PATH, unlinked, shared. */
static void op_link_fd(struct op *op)
{
	int slot = pick_slot(op);
	struct path to;
	char from[64];

	pick_new(op, &to);
	say_at(slot);
	say_path(&to);
	if (pick(op, 2)) {
		say(" empty");
		done(linkat(slot, "", AT_FDCWD, to.ptr, AT_EMPTY_PATH));
		return;
	}
	say(" proc");
	snprintf(from, sizeof(from), "/proc/self/fd/%d", slot);
	done(linkat(AT_FDCWD, from, AT_FDCWD, to.ptr, AT_SYMLINK_FOLLOW));
}

static void op_unlink(struct op *op)
{
	struct path p;

	if (chance(op, 70))
		pick_plain(op, &p);
	else
		pick_path(op, &p);
	say_path(&p);
	done(unlink(p.ptr));
}

static void op_unlinkat(struct op *op)
{
	struct path p;
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_REMOVEDIR, 0x800);

	pick_path(op, &p);
	say_at(at);
	say_path(&p);
	say(" %#x", flags);
	done(unlinkat(at, p.ptr, flags));
}

static void op_rmdir(struct op *op)
{
	static const char *const names[] = {"d0", "d1", "d2", "n0",  "n1",   "d3/e/f/g", "d1/dd",
					    "f1", "l2", ".",  "d0/", "d0/.", "/proc"};
	const char *name = names[pick(op, sizeof(names) / sizeof(names[0]))];

	say(" \"%s\"", name);
	done(rmdir(name));
}

static void op_mkdir(struct op *op)
{
	struct path p;
	mode_t mode = (mode_t)PICK(op, 0755, 0700, 0777, 02755, 01777, 0);

	pick_new(op, &p);
	say_path(&p);
	say(" %o", mode);
	done(mkdir(p.ptr, mode));
}

static void op_mkdirat(struct op *op)
{
	struct path p;
	int at = pick_at(op);

	pick_new(op, &p);
	say_at(at);
	say_path(&p);
	done(mkdirat(at, p.ptr, 0775));
}

static void op_symlink(struct op *op)
{
	static const char *const targets[] = {
		"f1", "d1", "../r/f2", "n0", "", "/proc/self/comm", "d1/../l1", "l8/l8/f1", "n1"};
	const char *target = targets[pick(op, sizeof(targets) / sizeof(targets[0]))];
	struct path p;
	int at = pick_at(op);

	pick_new(op, &p);
	say(" \"%s\"", target);
	say_at(at);
	say_path(&p);
	done(at == AT_FDCWD ? symlink(target, p.ptr) : symlinkat(target, at, p.ptr));
}

static void say_link_target(char *buf, ssize_t n)
{
	say_result(n < 0 ? n : 0);
	if (n > 0) {
		say(" ");
		say_text(buf, (size_t)n);
	}
	say("\n");
}

static void op_readlink(struct op *op)
{
	struct path p;
	char buf[4200];
	int at = pick_at(op);

	pick_path(op, &p);
	say_at(at);
	say_path(&p);
	if (path_is_stale(&p))
		say(" ~");
	say_link_target(buf, readlinkat(at, p.ptr, buf, chance(op, 90) ? sizeof(buf) : 3));
}

/* Names of descriptors and of the place we are at, as /proc tells them. */
static void op_proc_name(struct op *op)
{
	char link[64], buf[4200];
	int slot = pick_slot(op);

	if (chance(op, 70))
		snprintf(link, sizeof(link), "/proc/self/fd/%d", slot);
	else
		snprintf(link, sizeof(link), "/proc/self/%s", pick(op, 2) ? "cwd" : "root");
	say(" %s", link);
	if (link[11] == 'f' && slot_is_stale(slot))
		say(" ~");
	say_link_target(buf, readlink(link, buf, sizeof(buf)));
}

static void op_mknod(struct op *op)
{
	struct path p;
	int at = pick_at(op);
	mode_t mode =
		(mode_t)PICK(op, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFIFO, 0, S_IFDIR) | 0660;
	dev_t dev = S_ISCHR(mode) ? (dev_t)PICK(op, makedev(0, 0), makedev(1, 3)) : 0;

	pick_new(op, &p);
	say_at(at);
	say_path(&p);
	say(" %o", mode);
	done(mknodat(at, p.ptr, mode, dev));
}

static void op_chdir(struct op *op)
{
	static const char *const dirs[] = {"d1", "d1/dd", "..", "l2",  ".", "d3/e",
					   "n0", "d0",	  "f1", "a/r", "d2"};
	const char *dir = dirs[pick(op, sizeof(dirs) / sizeof(dirs[0]))];

	say(" \"%s\"", dir);
	done(chdir(dir));
}

static void op_chdir_home(struct op *op)
{
	char dir[80];

	(void)op;
	snprintf(dir, sizeof(dir), "%s/a/r", world_prefix);
	done(chdir(dir));
}

static void op_fchdir(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	done(fchdir(slot));
}

static void op_getcwd(struct op *op)
{
	char buf[4200];
	long n = syscall(SYS_getcwd, buf, sizeof(buf));

	(void)op;
	say_link_target(buf, n > 0 ? n - 1 : n);
}

static void op_realpath(struct op *op)
{
	struct path p;
	char buf[4200];
	char *r;

	pick_plain(op, &p);
	say_path(&p);
	r = realpath(p.text, buf);
	say_link_target(buf, r ? (ssize_t)strlen(buf) : -1);
}

const struct op_kind ops_names[] = {
	{"rename", op_rename},
	{"renameat2", op_renameat2},
	{"rename-directory", op_rename_directory},
	{"link", op_link},
	{"linkat", op_linkat},
	{"link-fd", op_link_fd},
	{"unlink", op_unlink},
	{"unlinkat", op_unlinkat},
	{"rmdir", op_rmdir},
	{"mkdir", op_mkdir},
	{"mkdirat", op_mkdirat},
	{"symlink", op_symlink},
	{"readlink", op_readlink},
	{"proc-name", op_proc_name},
	{"mknod", op_mknod},
	{"chdir", op_chdir},
	{"chdir-home", op_chdir_home},
	{"fchdir", op_fchdir},
	{"getcwd", op_getcwd},
	{"realpath", op_realpath},
	{NULL, NULL},
};

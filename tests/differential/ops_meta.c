/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata: modes, owners, times, extended attributes, and looking at them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "fileops.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat	  463
#define SYS_removexattrat 466
#endif

static void done(long r)
{
	say_result(r);
	say("\n");
}

/* What belongs to no world is left alone: later jobs see it too. */
static bool outside(const struct path *p)
{
	return p->ptr == p->text &&
	       (strncmp(p->text, "/dev/", 5) == 0 || strcmp(p->text, "/") == 0 ||
		strcmp(p->text, "/w") == 0) &&
	       p->slot < 0;
}

static void target(struct op *op, struct path *p)
{
	do {
		if (chance(op, 50))
			pick_plain(op, p);
		else
			pick_path(op, p);
	} while (outside(p));
	say_path(p);
}

static mode_t pick_mode(struct op *op)
{
	mode_t m = (mode_t)PICK(op, 0644, 0600, 0755, 04755, 02755, 06711, 01777, 0, 0444, 02644);

	say(" %o", m);
	return m;
}

static void pick_owner(struct op *op, uid_t *uid, gid_t *gid)
{
	*uid = (uid_t)PICK(op, -1, 0, 1000, 0, 1001, 65534);
	*gid = (gid_t)PICK(op, -1, 0, 1000, 0, 1001, 70000);
	say(" %d:%d", (int)*uid, (int)*gid);
}

static void op_chmod(struct op *op)
{
	struct path p;

	target(op, &p);
	done(chmod(p.ptr, pick_mode(op)));
}

static void op_fchmod(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	done(fchmod(slot, pick_mode(op)));
}

static void op_fchmodat(struct op *op)
{
	struct path p;
	int at = pick_at(op);

	say_at(at);
	target(op, &p);
	done(syscall(SYS_fchmodat, at, p.ptr, pick_mode(op)));
}

static void op_fchmodat2(struct op *op)
{
	struct path p;
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
						AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0x4000);

	say_at(at);
	target(op, &p);
	say(" %#x", flags);
	done(syscall(SYS_fchmodat2, at, p.ptr, pick_mode(op), flags));
}

static void op_chown(struct op *op)
{
	struct path p;
	uid_t u;
	gid_t g;

	target(op, &p);
	pick_owner(op, &u, &g);
	done(pick(op, 2) ? chown(p.ptr, u, g) : lchown(p.ptr, u, g));
}

static void op_fchown(struct op *op)
{
	int slot = pick_slot(op);
	uid_t u;
	gid_t g;

	say_at(slot);
	pick_owner(op, &u, &g);
	done(fchown(slot, u, g));
}

static void op_fchownat(struct op *op)
{
	struct path p;
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
						AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0x4000);
	uid_t u;
	gid_t g;

	say_at(at);
	target(op, &p);
	say(" %#x", flags);
	pick_owner(op, &u, &g);
	done(fchownat(at, p.ptr, u, g, flags));
}

static void op_fd_empty(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	if (pick(op, 2)) {
		say(" chown");
		done(fchownat(slot, "", (uid_t)PICK(op, 0, 1000), 0, AT_EMPTY_PATH));
	} else {
		say(" chmod");
		done(syscall(SYS_fchmodat2, slot, "", pick_mode(op), AT_EMPTY_PATH));
	}
}

static void op_utime(struct op *op)
{
	struct path p;
	struct utimbuf t = {1200000000, 1200000001};
	struct timeval tv[2] = {{1200000002, 5},
				{1200000003, (long)PICK(op, 999999, 7, 1000000, -1)}};

	target(op, &p);
	switch (pick(op, 4)) {
	case 0:
		say(" utime");
		done(utime(p.ptr, chance(op, 70) ? &t : NULL));
		break;
	case 1:
		say(" utimes");
		done(utimes(p.ptr, chance(op, 80) ? tv : NULL));
		break;
	case 2:
		say(" lutimes");
		done(lutimes(p.ptr, tv));
		break;
	default:
		say(" futimesat");
		done(futimesat(pick_at(op), p.ptr, tv));
	}
}

static const struct timespec *pick_times(struct op *op, struct timespec ts[2])
{
	ts[0].tv_sec = 1250000000;
	ts[0].tv_nsec = PICK(op, 11, UTIME_NOW, UTIME_OMIT, 999999999, 1000000000);
	ts[1].tv_sec = PICK(op, 1260000000, 0, 2145916800);
	ts[1].tv_nsec = PICK(op, 22, UTIME_NOW, UTIME_OMIT, 0);
	say(" %ld,%ld.%ld", ts[0].tv_nsec, ts[1].tv_sec, ts[1].tv_nsec);
	switch (pick(op, 12)) {
	case 0:
		say(" NULL");
		return NULL;
	case 1:
		say(" BADPTR");
		return (void *)24;
	default:
		return ts;
	}
}

static void op_utimensat(struct op *op)
{
	struct path p;
	struct timespec ts[2];
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x4000);
	const struct timespec *t;

	say_at(at);
	target(op, &p);
	say(" %#x", flags);
	t = pick_times(op, ts);
	done(syscall(SYS_utimensat, at, p.ptr, t, flags));
}

static void op_futimens(struct op *op)
{
	struct timespec ts[2];
	int slot = pick_slot(op), flags = (int)PICK(op, 0, 0, AT_SYMLINK_NOFOLLOW);
	const struct timespec *t = pick_times(op, ts);

	say_at(slot);
	say(" %#x", flags);
	done(syscall(SYS_utimensat, slot, NULL, t, flags));
}

/* The access time, set and looked at in one. */
static void op_atime(struct op *op)
{
	struct path p;
	struct stat st;
	struct timespec ts[2] = {{1270000000, 5}, {0, UTIME_OMIT}};
	long r;

	target(op, &p);
	r = utimensat(AT_FDCWD, p.ptr, ts, 0);
	say_result(r);
	if (path_is_stale(&p))
		say(" ~");
	else if (r == 0 && stat(p.ptr, &st) == 0) {
		say(" a=");
		say_time(&st.st_atim);
	}
	say("\n");
}

static const char *pick_xattr(struct op *op)
{
	static const char *const names[] = {"user.one",
					    "user.two",
					    "user.three",
					    "trusted.x",
					    "security.x",
					    "user.",
					    "nonsense",
					    "system.posix_acl_access",
					    "security.capability",
					    "user.one"};
	const char *name = names[pick(op, sizeof(names) / sizeof(names[0]))];

	say(" %s", name);
	return name;
}

static void op_setxattr(struct op *op)
{
	char value[300];
	struct path p;
	int slot = pick_slot(op), flags = (int)PICK(op, 0, XATTR_CREATE, XATTR_REPLACE, 4);
	size_t len = (size_t)PICK(op, 0, 5, 300, 5);
	unsigned how = pick(op, 3);
	const char *name;

	memset(value, 'a' + (int)pick(op, 26), sizeof(value));
	if (how == 2)
		say_at(slot);
	else
		target(op, &p);
	name = pick_xattr(op);
	say(" %zu %d %u", len, flags, how);
	if (how == 0)
		done(setxattr(p.ptr, name, value, len, flags));
	else if (how == 1)
		done(lsetxattr(p.ptr, name, value, len, flags));
	else
		done(fsetxattr(slot, name, value, len, flags));
}

static void op_removexattr(struct op *op)
{
	struct path p;
	int slot = pick_slot(op);
	unsigned how = pick(op, 3);
	const char *name;

	if (how == 2)
		say_at(slot);
	else
		target(op, &p);
	name = pick_xattr(op);
	if (how == 0)
		done(removexattr(p.ptr, name));
	else if (how == 1)
		done(lremovexattr(p.ptr, name));
	else
		done(fremovexattr(slot, name));
}

static void op_xattrat(struct op *op)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t) "newer", 5, 0};
	struct path p;
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH);
	const char *name;

	say_at(at);
	target(op, &p);
	name = pick_xattr(op);
	say(" %#x", flags);
	if (pick(op, 2)) {
		say(" set");
		done(syscall(SYS_setxattrat, at, p.ptr, flags, name, &args, sizeof(args)));
	} else {
		say(" remove");
		done(syscall(SYS_removexattrat, at, p.ptr, flags, name));
	}
}

static void op_getxattr(struct op *op)
{
	struct path p;
	char value[4096];
	const char *name;
	ssize_t n;

	target(op, &p);
	name = pick_xattr(op);
	if (path_is_stale(&p))
		say(" ~");
	n = pick(op, 2) ? getxattr(p.ptr, name, value, sizeof(value))
			: lgetxattr(p.ptr, name, value, 4);
	say_result(n);
	if (n > 0)
		say_hash(value, (size_t)n);
	say("\n");
}

static void op_listxattr(struct op *op)
{
	struct path p;
	char names[4096];
	ssize_t n;

	target(op, &p);
	if (path_is_stale(&p))
		say(" ~");
	n = listxattr(p.ptr, names, sizeof(names));
	done(n);
}

static void op_acl(struct op *op)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} a = {{POSIX_ACL_XATTR_VERSION},
	       {{ACL_USER_OBJ, 7, ACL_UNDEFINED_ID},
		{ACL_USER, (uint16_t)pick(op, 8), (uint32_t)PICK(op, 0, 1000, 70000)},
		{ACL_GROUP_OBJ, (uint16_t)pick(op, 8), ACL_UNDEFINED_ID},
		{ACL_MASK, (uint16_t)pick(op, 8), ACL_UNDEFINED_ID},
		{ACL_OTHER, (uint16_t)pick(op, 8), ACL_UNDEFINED_ID}}};
	const char *name = pick(op, 3) ? "system.posix_acl_access" : "system.posix_acl_default";
	struct path p;

	target(op, &p);
	say(" %s", name);
	if (chance(op, 15))
		done(removexattr(p.ptr, name));
	else
		done(setxattr(p.ptr, name, &a, sizeof(a) - (chance(op, 5) ? 8 : 0), 0));
}

static void op_stat(struct op *op)
{
	struct path p;
	struct stat st;
	bool follow = pick(op, 2), stale;
	int r;

	target(op, &p);
	stale = p.slot >= 0;
	r = follow ? stat(p.ptr, &st) : lstat(p.ptr, &st);
	say_result(r);
	if (r == 0)
		say_stat(&st, stale);
	say("\n");
}

static void op_fstat(struct op *op)
{
	struct stat st;
	int slot = pick_slot(op),
	    r = pick(op, 2) ? fstat(slot, &st) : fstatat(slot, "", &st, AT_EMPTY_PATH);

	say_at(slot);
	say_result(r);
	if (r == 0)
		say_stat(&st, true);
	say("\n");
}

static void op_statx(struct op *op)
{
	struct path p;
	struct statx x;
	int at = pick_at(op), flags = (int)PICK(op, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
						AT_STATX_FORCE_SYNC, AT_NO_AUTOMOUNT);
	long r;

	say_at(at);
	target(op, &p);
	say(" %#x", flags);
	r = statx(at, p.ptr, flags, STATX_BASIC_STATS, &x);
	say_result(r);
	if (r == 0 && (p.slot >= 0 || at != AT_FDCWD) && mask)
		say(" ~");
	else if (r == 0)
		say(" p=%o u=%u g=%u s=%lld attr=%llx", x.stx_mode, x.stx_uid, x.stx_gid,
		    S_ISDIR(x.stx_mode) ? 0LL : (long long)x.stx_size,
		    (unsigned long long)x.stx_attributes &
			    (STATX_ATTR_MOUNT_ROOT | STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND));
	say("\n");
}

static void op_access(struct op *op)
{
	struct path p;
	int at = pick_at(op), mode = (int)PICK(op, F_OK, R_OK, W_OK, X_OK, R_OK | W_OK, 8),
	    flags = (int)PICK(op, 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH);

	say_at(at);
	target(op, &p);
	say(" %d %#x", mode, flags);
	if (path_is_stale(&p) || (at >= SLOT_BASE && slot_is_stale(at)))
		say(" ~");
	if (pick(op, 2))
		done(syscall(SYS_faccessat, at, p.ptr, mode));
	else
		done(syscall(SYS_faccessat2, at, p.ptr, mode, flags));
}

const struct op_kind ops_meta[] = {
	{"chmod", op_chmod},
	{"fchmod", op_fchmod},
	{"fchmodat", op_fchmodat},
	{"fchmodat2", op_fchmodat2},
	{"chown", op_chown},
	{"fchown", op_fchown},
	{"fchownat", op_fchownat},
	{"fd-empty", op_fd_empty},
	{"utime", op_utime},
	{"utimensat", op_utimensat},
	{"futimens", op_futimens},
	{"atime", op_atime},
	{"setxattr", op_setxattr},
	{"removexattr", op_removexattr},
	{"xattrat", op_xattrat},
	{"getxattr", op_getxattr},
	{"listxattr", op_listxattr},
	{"acl", op_acl},
	{"stat", op_stat},
	{"fstat", op_fstat},
	{"statx", op_statx},
	{"access", op_access},
	{NULL, NULL},
};

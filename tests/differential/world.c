/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the image: its worlds, all alike, with everything a file can be. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fileops.h"
#include "tiny.h"

static void file(const char *name, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
	char buf[8192];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	for (size_t i = 0; i < len; i++)
		buf[i] = (char)(' ' +
				(i * 7 + (unsigned char)name[0] * 3 + (unsigned char)name[1]) % 90);
	if (fd < 0 || write(fd, buf, len) != (ssize_t)len)
		perror(name);
	/* refused in a user namespace that does not map these ids */
	if (fchown(fd, uid, gid) < 0 && errno != EINVAL)
		perror(name);
	fchmod(fd, mode);
	close(fd);
}

static void directory(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	if (mkdir(name, 0700) < 0 || (chown(name, uid, gid) < 0 && errno != EINVAL) ||
	    chmod(name, mode) < 0)
		perror(name);
}

static void program(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0755);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		perror(name);
	close(fd);
}

static void acl(const char *name, const char *kind)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} a = {{POSIX_ACL_XATTR_VERSION},
	       {{ACL_USER_OBJ, 6, ACL_UNDEFINED_ID},
		{ACL_USER, 4, 0},
		{ACL_GROUP_OBJ, 4, ACL_UNDEFINED_ID},
		{ACL_MASK, 6, ACL_UNDEFINED_ID},
		{ACL_OTHER, 0, ACL_UNDEFINED_ID}}};

	if (setxattr(name, kind, &a, sizeof(a), 0) < 0 && errno != EOPNOTSUPP)
		perror(name);
}

static void capability(const char *name)
{
	struct vfs_cap_data cap = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};

	cap.data[0].permitted = 1u << CAP_CHOWN;
	if (setxattr(name, "security.capability", &cap, sizeof(cap), 0) < 0 && errno != EOPNOTSUPP)
		perror(name);
}

static void sparse(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0 || ftruncate(fd, 200000) < 0 || pwrite(fd, "island", 6, 100000) != 6)
		perror(name);
	close(fd);
}

static void sock(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, name, strlen(name));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		perror(name);
	close(fd);
}

static void symlinks(const char *world)
{
	static const char *const table[][2] = {
		{"f1", "l0"},
		{"l0", "l1"},
		{"d1", "l2"},
		{"d1/../f2", "l3"},
		{"n4", "l4"},
		{"l5", "l5"},
		{"d1/dd/../../l6", "l7"},
		{".", "l8"},
		{"l2/dd/..//", "l9"},
		{"..", "d1/up"},
	};
	char target[128];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (symlink(table[i][0], table[i][1]) < 0)
			perror(table[i][1]);
	snprintf(target, sizeof(target), "%s/a/r/f3", world);
	if (symlink(target, "l6") < 0)
		perror("l6");
}

static void files(void)
{
	file("f0", 0, 0644, 0, 0);
	file("f1", 100, 0644, 0, 0);
	file("f2", 5000, 0644, 0, 0);
	file("f3", 300, 0600, 0, 0);
	file("f4", 64, 04755, 1000, 1000);
	file("f5", 64, 02755, 0, 1000);
	file("f6", 4096, 0664, 1000, 1000);
	file("f7", 10, 0444, 0, 0);
	file("xa", 20, 0644, 0, 0);
	file("ac", 30, 0644, 0, 0);
	file("h1", 700, 0644, 0, 0);
	file("\xff\xfe", 3, 0644, 0, 0);
	file("n\nl", 4, 0644, 0, 0);
	sparse("sp");
	program("fx", &tiny_program, sizeof(tiny_program));
	program("sh", TINY_SCRIPT, strlen(TINY_SCRIPT));
}

static void below(void)
{
	directory("d0", 0755, 0, 0);
	directory("d1", 0755, 0, 0);
	directory("d1/dd", 0755, 0, 0);
	directory("d2", 0700, 1000, 1000);
	directory("ds", 02775, 0, 1000);
	directory("dt", 01777, 0, 0);
	directory("da", 0755, 0, 0);
	directory("d3", 0755, 0, 0);
	directory("d3/e", 0755, 0, 0);
	directory("d3/e/f", 0755, 0, 0);
	directory("d3/e/f/g", 0755, 0, 0);
	file("d1/a", 1000, 0644, 0, 0);
	file("d1/b", 2000, 0640, 0, 1000);
	file("d1/dd/e", 5, 0666, 0, 0);
	file("d2/p", 50, 0600, 1000, 1000);
	file("ds/s", 60, 0664, 0, 1000);
	file("dt/t", 70, 0644, 1000, 1000);
	file("da/q", 80, 0644, 0, 0);
	file("d3/e/f/g/h", 90, 0644, 0, 0);
}

static void attributes(void)
{
	if (link("h1", "d1/h2") < 0)
		perror("h2");
	if (setxattr("xa", "user.one", "value", 5, 0) < 0 ||
	    setxattr("xa", "user.two", "", 0, 0) < 0)
		perror("xa");
	acl("ac", "system.posix_acl_access");
	acl("da", "system.posix_acl_default");
	capability("fx");
	if (mkfifo("p0", 0644) < 0 || mkfifo("d1/p1", 0600) < 0)
		perror("p0");
	sock("s0");
}

/* Different for each, with nanoseconds; long ago, so that they are told from those made later. Deepest first: only the names made above exist. */
static void times(void)
{
	static const char *const names[] = {
		"f0",	"f1",	 "f2",	    "f3",	"f4",	"f5",	    "f6",     "f7",
		"xa",	"ac",	 "h1",	    "\xff\xfe", "n\nl", "sp",	    "fx",     "sh",
		"d1/a", "d1/b",	 "d1/dd/e", "d2/p",	"ds/s", "dt/t",	    "da/q",   "d3/e/f/g/h",
		"p0",	"d1/p1", "s0",	    "l0",	"l1",	"l2",	    "l3",     "l4",
		"l5",	"l6",	 "l7",	    "l8",	"l9",	"d1/up",    "d0",     "d1/dd",
		"d1",	"d2",	 "ds",	    "dt",	"da",	"d3/e/f/g", "d3/e/f", "d3/e",
		"d3",	".",	 "..",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct timespec ts[2] = {{1000000000 + (time_t)i, 1},
					 {1100000000 + (time_t)i, 123456789 + (long)i}};

		if (utimensat(AT_FDCWD, names[i], ts, AT_SYMLINK_NOFOLLOW) < 0)
			perror(names[i]);
	}
}

static int make_world(const char *dir, unsigned k)
{
	char path[4300], world[64];

	snprintf(world, sizeof(world), "/w/%04u", k);
	snprintf(path, sizeof(path), "%s%s", dir, world);
	if (mkdir(path, 0755) < 0 || chdir(path) < 0 || mkdir("a", 0755) < 0 ||
	    mkdir("a/r", 0755) < 0 || chdir("a/r") < 0) {
		perror(path);
		return 1;
	}
	files();
	below();
	symlinks(world);
	attributes();
	times();
	return 0;
}

int make_image(const char *dir, unsigned n)
{
	char path[4200];

	umask(0);
	snprintf(path, sizeof(path), "%s/w", dir);
	if (mkdir(path, 0755) < 0) {
		perror(path);
		return 1;
	}
	for (unsigned k = 0; k < n; k++)
		if (make_world(dir, k))
			return 1;
	return 0;
}

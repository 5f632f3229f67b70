/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A populated live root shows what the lower shows, for every way of sharing; and the lower is not changed by it. */
#include <config.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tests/unit/cow/store.h"

/* user::rwx user:12:r-- group::r-x mask::rwx other::--- in the kernel's format */
static const unsigned char acl[] = {
	2,  0, 0, 0,			 /* version */
	1,  0, 7, 0, 255, 255, 255, 255, /* owner */
	2,  0, 4, 0, 12,  0,   0,   0,	 /* user 12 */
	4,  0, 5, 0, 255, 255, 255, 255, /* owning group */
	16, 0, 7, 0, 255, 255, 255, 255, /* mask */
	32, 0, 0, 0, 255, 255, 255, 255, /* others */
};
/* cap_net_raw+ep, version 2 */
static const unsigned char cap[] = {1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

static void make_socket(const char *dir, const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", tree_path(dir, path));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		bail("socket: %s", strerror(errno));
	close(fd);
}

static void make_modes(const char *l)
{
	tree_file(l, "plain", "plain", 0644);
	tree_file(l, "setuid", "x", 04755);
	tree_file(l, "setgid", "x", 02755);
	tree_file(l, "readonly", "x", 0444);
	tree_file(l, "private", "x", 0600);
	tree_file(l, "empty", "", 0640);
	tree_bytes(l, "large", 700000, 1);
	tree_symlink(l, "dangling", "/nowhere/../at all");
	tree_symlink(l, "relative", "../../../..");
	tree_mkdir(l, "sticky", 01777);
	tree_mkdir(l, "group", 02775);
	tree_file(l, "group/inside", "y", 0664);
	tree_mkdir(l, "closed", 0700);
	tree_file(l, "closed/inside", "z", 0600);
	tree_mkdir(l, "unwritable", 0700);
	tree_file(l, "unwritable/inside", "z", 0600);
	tree_mkdir(l, "unwritable/sub", 0755);
	tree_file(l, "unwritable/sub/inside", "z", 0600);
	tree_mkdir(l, "etc", 0755);
	tree_file(l, "etc/passwd", "root:x:0:0::/:/bin/sh\n", 0644);
	tree_file(l, "etc/sudo", "s", 04511);
}

static void make_specials(const char *l)
{
	if (mkfifo(tree_path(l, "fifo"), 0622) < 0 || chmod(tree_path(l, "fifo"), 0622) < 0)
		bail("mkfifo: %s", strerror(errno));
	make_socket(l, "socket");
	if (geteuid() == 0 && mknod(tree_path(l, "null"), S_IFCHR | 0666, 0x103) == 0)
		chmod(tree_path(l, "null"), 0666);
}

static void make_xattrs(const char *l)
{
	tree_mkdir(l, "acl-dir", 0775);
	tree_file(l, "acl-file", "a", 0664);
	tree_file(l, "etc/acl-file", "a", 0664);
	if (!tree_xattr(l, "plain", "user.test", "a\0b", 3))
		tap_skip("user xattrs", "host: the file system has no user xattrs");
	tree_xattr(l, "etc/passwd", "user.test", "value", 5);
	tree_xattr(l, "closed", "user.empty", "", 0);
	if (!tree_xattr(l, "acl-file", "system.posix_acl_access", acl, sizeof(acl)))
		tap_skip("ACLs", "host: the file system has no ACLs");
	tree_xattr(l, "etc/acl-file", "system.posix_acl_access", acl, sizeof(acl));
	tree_xattr(l, "acl-dir", "system.posix_acl_access", acl, sizeof(acl));
	tree_xattr(l, "acl-dir", "system.posix_acl_default", acl, sizeof(acl));
	tree_mkdir(l, "acl-dir/sub", 0755);
	tree_file(l, "acl-dir/file", "a", 0600);
	if (geteuid() != 0)
		return;
	if (!tree_xattr(l, "setgid", "security.capability", cap, sizeof(cap)) ||
	    !tree_xattr(l, "etc/sudo", "security.capability", cap, sizeof(cap)))
		tap_skip("capabilities", "host: no file capabilities here");
	tree_xattr(l, "relative", "trusted.test", "t", 1);
}

static void make_owners(const char *l)
{
	if (geteuid() != 0)
		return;
	if (chown(tree_path(l, "etc/sudo"), 7, 8) < 0 ||
	    chmod(tree_path(l, "etc/sudo"), 06755) < 0 ||
	    lchown(tree_path(l, "dangling"), 9, 10) < 0 ||
	    chown(tree_path(l, "fifo"), 11, 12) < 0 || chown(tree_path(l, "group"), 13, 14) < 0 ||
	    chmod(tree_path(l, "group"), 02775) < 0)
		bail("chown: %s", strerror(errno));
	tree_xattr(l, "etc/sudo", "security.capability", cap, sizeof(cap));
}

static void make_times(const char *l)
{
	static const char *const names[] = {"plain",  "setuid",	    "dangling", "fifo",
					    "socket", "etc/passwd", "etc/sudo", "etc",
					    "sticky", "closed",	    "large",	"empty"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		tree_time(l, names[i], 1000000000 + (long)i, 123456789 + (long)i);
	tree_time(l, "readonly", -5, 7); /* before 1970 */
	chmod(tree_path(l, "unwritable"), 0555);
	tree_time(l, ".", 1200000000, 1);
}

static void check_share(const char *l, enum cow_share share, const char *name)
{
	const char *store = tree_path(tree_temp(), "store");
	char *before = tree_snapshot(l, TREE_INODES), *lower = tree_snapshot(l, 0);
	struct cow *cow = must_store(store, l, share);
	char *live = tree_snapshot(tree_path(store, "root"), 0);
	char *after = tree_snapshot(l, TREE_INODES);
	int fds;

	ok(tree_same(live, lower), "%s: the live root shows the lower's metadata and content",
	   name);
	ok(tree_same(after, before), "%s: the lower is as it was", name);
	is_int(tree_count(store, "work"), 0, "%s: nothing is left in work", name);
	cow_close(cow);
	fds = tree_open_fds();
	is_int(cow_open(store, &cow), 0, "%s: the store opens again", name);
	cow_close(cow);
	is_int(tree_open_fds(), fds, "%s: no descriptor is left open", name);
	is_int(cow_remove(store, NULL), 0, "%s: and is removed", name);
	free(before);
	free(lower);
	free(live);
	free(after);
}

int main(void)
{
	const char *l = tree_temp();

	umask(027); /* must not matter */
	chmod(l, 0751);
	make_modes(l);
	make_specials(l);
	make_xattrs(l);
	make_owners(l);
	make_times(l);
	check_share(l, COW_SHARE_AUTO, "auto");
	check_share(l, COW_SHARE_LINK, "link");
	check_share(l, COW_SHARE_REFLINK, "reflink");
	check_share(l, COW_SHARE_COPY, "copy");
	if (geteuid() != 0)
		tap_skip("owners, devices, capabilities", "not root");
	return tap_done();
}

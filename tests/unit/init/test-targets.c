/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mount points below a root that may be hostile: what is missing is made, and nothing ever outside. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/internal.h"
#include "tests/lib/tap.h"

static char top[] = "/tmp/targets-XXXXXX";
static int root = -1, outside = -1;

static bool is_type(int at, const char *path, mode_t type)
{
	struct stat st;

	return fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == type;
}

static int make(const char *path, bool dir, bool nofollow)
{
	int fd = -1, r = target_open(root, path, dir, nofollow, &fd);

	if (r == 0)
		close(fd);
	return r;
}

static void test_making(void)
{
	is_int(make("/a/b/c", true, false), 0, "directories are made");
	ok(is_type(root, "a/b/c", S_IFDIR), "all of them");
	is_int(make("/a/f/file", false, false), 0, "a file is made");
	ok(is_type(root, "a/f", S_IFDIR) && is_type(root, "a/f/file", S_IFREG),
	   "in a new directory");
	is_int(make("/a/b/c", true, false), 0, "what is there is opened");
	is_int(make("/a/f/file", true, false), -ENOTDIR, "a file is no directory");
	is_int(make("/a/f/file/x", true, false), -ENOTDIR, "nor can one be made in it");
}

static void test_links(void)
{
	symlinkat("../../../../x/y", root, "up");
	is_int(make("/up/z", true, false), 0, "a dangling link that climbs out");
	ok(is_type(root, "x/y/z", S_IFDIR), "is made below the root");
	ok(!is_type(outside, "x", S_IFDIR), "and not outside");
	symlinkat("/run/real.conf", root, "etc-link");
	is_int(make("/etc-link", false, false), 0, "an absolute dangling link to a file");
	ok(is_type(root, "run/real.conf", S_IFREG), "makes the file it names");
	ok(is_type(root, "etc-link", S_IFLNK), "and stays a link");
	symlinkat("loop2", root, "loop1");
	symlinkat("loop1", root, "loop2");
	is_int(make("/loop1/x", true, false), -ELOOP, "a loop of links ends");
	symlinkat("self/self/self", root, "self");
	is_int(make("/self", true, false), -ELOOP, "a link into itself ends");
	symlinkat("a", root, "to-a");
	is_int(make("/to-a", true, true), -ENOTDIR, "nofollow does not follow the last component");
	is_int(make("/to-a/b", true, true), 0, "but the ones before it");
	symlinkat("/proc/self/root", root, "magic");
	ok(make("/magic/tmp", true, false) == 0 && is_type(root, "proc/self/root/tmp", S_IFDIR),
	   "a link to the host's root is a path below ours");
}

int main(void)
{
	if (!mkdtemp(top))
		bail("mkdtemp");
	outside = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(outside, "root", 0755);
	root = openat(outside, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		bail("%s: %s", top, strerror(errno));
	test_making();
	test_links();
	return tap_done();
}

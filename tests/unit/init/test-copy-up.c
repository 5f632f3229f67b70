/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tmpcopyup: the new tmpfs has the same tree, and no link of the image leads out of it. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/internal.h"
#include "tests/lib/tap.h"

static char top[] = "/tmp/copy-up-XXXXXX";

static void put(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
		bail("%s: %s", name, strerror(errno));
	close(fd);
}

static void is_file(int dir, const char *name, const char *text, mode_t mode)
{
	char got[64] = "";
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st = {0};

	ok(fd >= 0 && read(fd, got, sizeof(got) - 1) >= 0 && fstat(fd, &st) == 0, "%s is there",
	   name);
	is_str(got, text, "%s has its content", name);
	is_int(st.st_mode & 07777, mode, "%s has its mode", name);
	close(fd);
}

int main(void)
{
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	struct stat st;
	char link[64] = "";
	int at, from, to;

	umask(022);
	if (!mkdtemp(top))
		bail("mkdtemp");
	at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(at, "from", 0755);
	mkdirat(at, "to", 0700);
	from = openat(at, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = openat(at, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(from, "plain", "hello", 0640);
	put(from, "setuid", "x", 04755);
	mkdirat(from, "sub", 01777);
	fchmodat(from, "sub", 01777, 0);
	put(from, "sub/deep", "deep", 0444);
	symlinkat("/etc/passwd", from, "out");
	mknodat(from, "pipe", S_IFIFO | 0600, 0);
	utimensat(from, "plain", times, 0);
	fchmodat(at, "from", 0711, 0);
	is_int(mount_copy_up(from, to), 0, "copy");
	is_file(to, "plain", "hello", 0640);
	is_file(to, "setuid", "x", 04755);
	is_file(to, "sub/deep", "deep", 0444);
	ok(fstatat(to, "sub", &st, 0) == 0 && (st.st_mode & 07777) == 01777,
	   "modes of directories");
	ok(fstat(to, &st) == 0 && (st.st_mode & 07777) == 0700, "the top keeps its own");
	ok(fstatat(to, "plain", &st, 0) == 0 && st.st_mtime == 2000, "times");
	ok(readlinkat(to, "out", link, sizeof(link) - 1) > 0 && strcmp(link, "/etc/passwd") == 0,
	   "a link stays a link");
	ok(fstatat(to, "pipe", &st, 0) == 0 && S_ISFIFO(st.st_mode), "a pipe is not read");
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seed 0: no random numbers, but what differed once, each in its shortest form. A difference that a seed finds gets a function here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fileops.h"

#define NO_SYMLINKS 256 /* MS_NOSYMFOLLOW, 5.10 */

static void say_open(int fd)
{
	say_result(fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
}

static int open_how(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static void say_name(const char *name)
{
	struct stat st;

	if (stat(name, &st) == 0)
		say_stat(&st, false);
}

/* ".." stops at the caller's root, even when the walk began outside of it. */
static void chrooted(void)
{
	say_result(chroot("d1"));
	say_result(truncate("l2/../f1", 7));
	say_result(utimensat(AT_FDCWD, "l2/../f1", NULL, 0));
	say_open(open("l2/../f1", O_RDWR));
}

static void missing_in_proc(void)
{
	say_open(open("/proc/self/fd/99", O_WRONLY | O_CREAT, 0600));
	say_open(open("/proc/self/nothing", O_WRONLY | O_CREAT, 0600));
	say_open(open("d1/../../r/nowhere/x", O_WRONLY | O_CREAT, 0600));
}

static void limit_files(rlim_t n)
{
	struct rlimit r = {n, n};

	say_result(setrlimit(RLIMIT_NOFILE, &r));
}

/* EMFILE comes before anything happens, and before what else is wrong. */
static void no_descriptor_left(void)
{
	limit_files(3);
	say_open(open("d1/h2", O_WRONLY | O_TRUNC));
	say_open(open("f2", O_WRONLY | O_TRUNC));
	say_open(open("n1", O_WRONLY | O_CREAT, 0600));
	say_open(open("l5", O_WRONLY));
	say_open(open_how("nowhere/x", O_WRONLY, 0, 0));
	say_name("d1/h2");
	say_name("f2");
	say_name("n1");
}

/* A descriptor above the limit does not count. */
static void descriptors_above_the_limit(void)
{
	dup2(0, 60);
	dup2(0, 61);
	limit_files(4);
	say_open(open("f2", O_WRONLY | O_TRUNC));
	say_open(open("n1", O_WRONLY | O_CREAT, 0600));
}

static void create_with_slash(void)
{
	static const char *const names[] = {"l5/",  "f1/",   "n1/", "d0/", "nowhere/x/",
					    "d0/.", "d0/..", "/",   "l9/", "n1///"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		say_open(open(names[i], O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

static void not_dumpable(void)
{
	int fd;

	dup2(open("f1", O_RDONLY), 70);
	say_result(setresuid(1000, 1000, 1000));
	say_open(open("/proc/self/fd/99", O_WRONLY | O_CREAT | O_EXCL, 0600));
	say_open(open("/proc/self/fd/70", O_WRONLY | O_CREAT | O_EXCL, 0600));
	say_open(open_how("/proc/self/fd/70", O_WRONLY, 0, RESOLVE_NO_MAGICLINKS));
	say_open(open("/proc/self/cwd/dt/n1", O_WRONLY | O_CREAT, 0600));
	say_open(open("/proc/self/comm", O_RDWR));
	fd = open("/proc/thread-self/comm", O_RDWR);
	say_result(write(fd, "name", 4));
	say_open(fd);
}

static void *other_files(void *arg)
{
	(void)arg;
	say_result(unshare(CLONE_FILES | CLONE_FS));
	say_result(chdir("d1"));
	close(71);
	/* of the first thread, and of this one */
	say_result(truncate("/proc/self/fd/71", 5));
	say_result(truncate("/proc/thread-self/fd/71", 5));
	say_result(truncate("/proc/self/cwd/a", 6));
	say_result(truncate("/proc/thread-self/cwd/a", 6));
	return NULL;
}

static void thread_of_its_own(void)
{
	pthread_t id;

	dup2(open("f2", O_RDWR), 71);
	if (pthread_create(&id, NULL, other_files, NULL) == 0)
		pthread_join(id, NULL);
}

static void open_how_errors(void)
{
	say_open(open_how("f1", O_WRONLY | O_DIRECTORY, 0644, 0));
	say_open(open_how("d1", O_RDONLY | O_DIRECTORY, 0, 0));
	say_open(open_how("d1", O_RDWR | O_TMPFILE, 0600, 0));
	say_open(open_how("l6", O_RDONLY, 0, RESOLVE_NO_XDEV));
	say_open(open_how("d1/../l6", O_WRONLY, 0, RESOLVE_NO_XDEV));
	say_open(open_how("/proc/self/cwd/l6", O_WRONLY, 0, RESOLVE_NO_XDEV));
}

static void limited_size(void)
{
	struct rlimit r = {50, RLIM_INFINITY};

	say_result(setrlimit(RLIMIT_FSIZE, &r));
	say_result(truncate((const char *)8, 100));
	say_result(truncate("nowhere", 100));
	say_result(truncate("d1", 100));
	say_result(truncate("f2", 100)); /* shrinks */
	signal(SIGXFSZ, SIG_IGN);
	say_result(truncate("f0", 100));
	say_name("f0");
	signal(SIGXFSZ, SIG_DFL);
	say_result(truncate("f0", 100));
}

/* The copy-up leaves the content out; still it is a change. */
static void truncated_by_its_copy_up(void)
{
	say_result(truncate("f6", 0));
	say_name("f6");
	say_open(open("f2", O_WRONLY | O_TRUNC));
	say_name("f2");
	say_result(truncate("f0", 0));
	say_name("f0");
}

static void nameless_link(void)
{
	int fd = open("d1/a", O_RDONLY);

	say_result(setresuid(-1, 1000, -1));
	say_result(linkat(fd, "", AT_FDCWD, "n1", AT_EMPTY_PATH));
	close(fd);
}

static void whiteout(void)
{
	say_result(mknod("n1", S_IFCHR | 0600, 0));
	say_open(open("n1", O_RDWR));
}

/* A name for the file that lies below a mount point and has been copied up under its other name. */
static void bound_over(void)
{
	say_result(unshare(CLONE_NEWNS));
	say_result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	say_result(mount("d1/b", "f7", NULL, MS_BIND, NULL));
	say_result(chmod("d1/b", 0604));
	say_result(link("f7", "n1"));
	say_result(link("d1/b", "n2"));
	say_result(linkat(AT_FDCWD, "f7", AT_FDCWD, "n2", 0));
}

static void link_of_an_old_descriptor(void)
{
	int fd = open("ds/s", O_RDONLY);
	char name[40];

	say_result(chmod("ds/s", 0660));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "n1", AT_SYMLINK_FOLLOW));
	say_name("n1");
}

/* What an old descriptor stands for is found wherever it has gone. */
static void old_descriptor_of_a_moved_file(void)
{
	struct timespec ts[2] = {{1200000000, 1}, {1200000001, 2}};
	int fd = open("dt/t", O_RDONLY), path = open("d1/dd/e", O_PATH);
	char name[40];

	say_result(chmod("dt/t", 0640));
	say_result(rename("dt/t", "n1"));
	say_result(rename("dt", "n2"));
	say_result(fchmod(fd, 0604));
	say_result(fchown(fd, 1000, 0));
	say_result(futimens(fd, ts));
	say_name("n1");
	say_result(rename("n2", "dt"));
	say_result(rename("n1", "dt/t"));
	say_result(fchmod(fd, 0644));
	say_name("dt/t");

	say_result(chmod("d1/dd/e", 0600));
	say_result(rename("d1/dd/e", "n1"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	say_result(chmod(name, 0444));
	say_result(truncate(name, 2));
	say_name("n1");
}

/* A new file of the old name, and perhaps of the same inode number, is not meant. */
static void old_descriptor_of_a_removed_file(void)
{
	int fd = open("ac", O_RDONLY);

	say_result(chmod("ac", 0640));
	say_result(unlink("ac"));
	say_open(open("ac", O_WRONLY | O_CREAT | O_EXCL, 0600));
	say_result(fchmod(fd, 0777));
	say_name("ac");
}

static void say_flags(int fd)
{
	say_result(fd < 0 ? fd : fcntl(fd, F_GETFL));
	close(fd);
}

/* F_GETFL shows what was asked for, and nothing else. */
static void status_flags(void)
{
	say_flags(open("f1", O_RDWR | 0x40000000));
	say_flags(open("d1/../f1", O_WRONLY | O_APPEND | O_NOCTTY));
	say_flags(open("n1", O_RDWR | O_CREAT | 0x40000000, 0600));
	say_flags(open("/proc/self/cwd/n2", O_RDWR | O_CREAT | O_DSYNC, 0600));
	say_flags(open_how("f1", O_RDWR | O_NONBLOCK, 0, 0));
	say_flags(open_how("f1", O_RDONLY, 0, 0));
	say_flags(open_how("d1", O_RDONLY | O_DIRECTORY, 0, 0));
}

/* An unnamed file that may never get a name. */
static void unnamed_for_good(void)
{
	int fd = open_how("d1", O_TMPFILE | O_RDWR | O_EXCL, 0600, 0);
	char name[40];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "n1", AT_SYMLINK_FOLLOW));
	say_flags(fd);
}

/* A bind mount of a file holds its inode, not its name. */
static void bound_file(void)
{
	int fd;

	say_result(unshare(CLONE_NEWNS));
	say_result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	say_result(mount("d1/a", "f3", NULL, MS_BIND, NULL));
	fd = open("d1/a", O_WRONLY | O_TRUNC);
	say_result(write(fd, "new", 3));
	close(fd);
	say_name("f3");
	say_open(open_how("f3", O_RDONLY, 0, RESOLVE_NO_XDEV));
	say_open(open_how("d1/../f3", O_WRONLY, 0, RESOLVE_NO_XDEV));
	/* the same by a detached tree, which newer programs use */
	fd = (int)syscall(428 /* open_tree */, AT_FDCWD, "f4", 1 /* OPEN_TREE_CLONE */);
	say_result(fd < 0 ? fd : 0);
	say_result(
		syscall(429 /* move_mount */, fd, "", AT_FDCWD, "f5", 4 /* from the empty path */));
	say_result(chmod("f4", 0600));
	say_name("f5");
}

/* What is said first when several things are wrong. */
static void order_of_errors(void)
{
	int fd = open("da/q", O_RDONLY), path = open("da/q", O_PATH);
	struct { /* xattr_args */
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t) "v", 1, 0};
	char name[40];

	say_result(unlink("da/q"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "f1", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "f1/x", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "nowhere/x", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "/dev/x", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "n1", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "n1/", AT_SYMLINK_FOLLOW));
	say_open(openat(fd, "n1/", O_WRONLY | O_CREAT, 0600));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "f1//", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "d1/..", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "/", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "/proc/self/fd/99", AT_SYMLINK_FOLLOW));
	say_result(syscall(SYS_setxattr, "f1", "", 8, 1, 0));
	say_result(syscall(SYS_setxattr, "f1", "user.x", 8, 1, 99));
	say_result(syscall(SYS_setxattr, "nowhere", "user.x", 8, 1, 0));
	say_result(syscall(SYS_setxattr, "f1", 8, "", 100000, 0));
	/* removexattrat */
	say_result(syscall(466, AT_FDCWD, "f1", 0x4000000, ""));
	say_result(syscall(466, path, "", AT_EMPTY_PATH, "user.one"));
	say_result(syscall(466, fd, "", AT_EMPTY_PATH, "user.one"));
	say_result(syscall(466, AT_FDCWD, "", AT_EMPTY_PATH, "user.one"));
	say_result(syscall(466, AT_FDCWD, "", 0, "user.one"));
	/* setxattrat */
	say_result(syscall(463, AT_FDCWD, "", AT_EMPTY_PATH, "user.one", &args, sizeof(args)));
	say_result(syscall(463, path, "", AT_EMPTY_PATH, "user.one", &args, sizeof(args)));
	say_result(unshare(CLONE_NEWNS));
	say_result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	say_result(mount("d1", "d1", NULL, MS_BIND, NULL));
	say_result(mount(NULL, "d1", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	say_result(link("d1/b", "f1"));
	say_result(link("d1/b", "n1"));
	say_result(link("d1/b", "d1/a"));
	say_result(link("d1/b", "d1/n1"));
	say_result(link("f7", "d1/n1"));
}

static void link_of_an_unnamed_copy(void)
{
	int old = open("fx", O_RDONLY), fd;
	char name[40];

	say_result(unlink("fx"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", old);
	fd = open(name, O_WRONLY | O_APPEND);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "n7", AT_SYMLINK_FOLLOW));
	say_result(linkat(AT_FDCWD, name, AT_FDCWD, "f1", AT_SYMLINK_FOLLOW));
	say_result(linkat(fd, "", AT_FDCWD, "n7", AT_EMPTY_PATH));
	say_name("n7");
}

/* A path walk of the supervisor's own is needed where somebody is chrooted. */
static void dot_of_a_file(void)
{
	struct open_how how = {.flags = O_RDWR, .resolve = RESOLVE_NO_MAGICLINKS};
	int fd = open("f1", O_RDONLY);

	say_result(chroot("d1"));
	say_open(openat(fd, ".", O_RDWR));
	say_open((int)syscall(SYS_openat2, fd, ".", &how, sizeof(how)));
	say_open((int)syscall(SYS_openat2, fd, "./.", &how, sizeof(how)));
	say_result(fchmodat(fd, ".", 0600, 0));
	say_result(fchmodat(AT_FDCWD, "./.", 0755, 0));
}

static void without_any_access(void)
{
	say_open(open("n1", 3 | O_CREAT | O_TRUNC, 0));
}

static void created_with_setgid(void)
{
	say_open(creat("n1", 02711));
	say_open(open("n2", O_WRONLY | O_CREAT | O_TRUNC, 06711));
	say_name("n1");
	say_name("n2");
}

/* protected_regular and protected_fifos are about these too, whatever they are set to. */
static void special_files_in_a_sticky_directory(void)
{
	static const char *const names[] = {"sticky/socket", "sticky/fifo", "sticky/null"};

	say_result(mkdir("sticky", 0777));
	say_result(mknod(names[0], S_IFSOCK | 0666, 0));
	say_result(mknod(names[1], S_IFIFO | 0666, 0));
	say_result(mknod(names[2], S_IFCHR | 0666, makedev(1, 3)));
	for (int i = 0; i < 3; i++)
		say_result(chown(names[i], 1, 1));
	say_result(chown("sticky", 3, 3));
	say_result(chmod("sticky", 01777));
	say_result(setresuid(2, 2, 2));
	for (int i = 0; i < 3; i++) {
		say_open(open(names[i], O_WRONLY | O_CREAT | O_NONBLOCK, 0600));
		say_open(open(names[i], O_WRONLY | O_NONBLOCK));
	}
	say_open(creat(names[0], 0600));
}

/* Where inodes are shared it is ENOSYS (docs/design/cow.md), and programs do without. */
static void path_descriptors_by_openat2(void)
{
	static const char *const names[] = {"d1", "f1", "l2", "nothing"};

	for (int i = 0; i < 4; i++) {
		int fd = open_how(names[i], O_PATH | (i & 2 ? O_NOFOLLOW : 0), 0, 0);

		if (mask && fd < 0 && errno == ENOSYS)
			fd = open(names[i], O_PATH | (i & 2 ? O_NOFOLLOW : 0));
		say_open(fd);
	}
	say_open(open_how("f1", O_PATH | O_RDWR, 0, 0));
}

/* A process of an ordinary user that does one fchmod for each byte it is sent, and answers with the result. */
static int start_caller(uid_t uid, int fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if (fork() == 0) {
		unsigned char mode;
		int result = setresuid(uid, uid, uid) < 0 ? -errno : 0;

		close(pair[0]);
		while (read(pair[1], &mode, 1) == 1) {
			if (result == 0 && fchmod(fd, mode) < 0)
				result = -errno;
			if (write(pair[1], &result, sizeof(result)) < 0)
				break;
		}
		_exit(0);
	}
	close(pair[1]);
	return pair[0];
}

/* What the server has left of one caller's rights must not be in the way of the next one. */
static void two_users_by_turns(void)
{
	int callers[2], results[2] = {0};

	for (int i = 0; i < 2; i++) {
		uid_t uid = 1000 + (uid_t)i;
		int fd = open(i ? "n2" : "n1", O_RDWR | O_CREAT | O_EXCL, 0600);

		say_result(fchown(fd, uid, uid));
		callers[i] = start_caller(uid, fd);
		close(fd);
	}
	for (unsigned char mode = 0600 & 0377; mode < (0600 & 0377) + 6; mode++)
		for (int i = 0; i < 2; i++)
			if (write(callers[i], &mode, 1) != 1 ||
			    read(callers[i], &results[i], sizeof(results[i])) != sizeof(results[i]))
				results[i] = -EIO;
	/* the second one has a copy of the first one's end */
	for (int i = 0; i < 2; i++)
		close(callers[i]);
	for (int i = 0; i < 2; i++) {
		errno = -results[i];
		say_result(results[i] < 0 ? -1 : 0);
		wait(NULL);
	}
}

/* Access mode 3 cannot write, so a read-only mount is no obstacle. */
static void mode_three_on_a_read_only_mount(void)
{
	say_result(mount("d1", "d1", NULL, MS_BIND, NULL));
	say_result(mount(NULL, "d1", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	say_open(open("d1/a", 3));
	say_open(open("d1/a", O_WRONLY));
	say_result(umount2("d1", MNT_DETACH));
	say_open(open("d1/a", 3));
}

/* Where links are not followed, magic links are not either. */
static void own_link_without_links(void)
{
	int fd = open("d1/a", O_PATH);
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	say_result(mount("/proc", "/proc", NULL, MS_BIND, NULL));
	say_result(mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT | NO_SYMLINKS, NULL));
	say_result(chmod(path, 0604));
	say_result(umount2("/proc", MNT_DETACH));
	say_result(chmod(path, 0604));
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(void);
} fixed[] = {
	{"own-link-without-links", own_link_without_links},
	{"mode-three-on-a-read-only-mount", mode_three_on_a_read_only_mount},
	{"two-users-by-turns", two_users_by_turns},
	{"chrooted", chrooted},
	{"missing-in-proc", missing_in_proc},
	{"no-descriptor-left", no_descriptor_left},
	{"descriptors-above-the-limit", descriptors_above_the_limit},
	{"create-with-slash", create_with_slash},
	{"not-dumpable", not_dumpable},
	{"thread-of-its-own", thread_of_its_own},
	{"open-how-errors", open_how_errors},
	{"limited-size", limited_size},
	{"truncated-by-its-copy-up", truncated_by_its_copy_up},
	{"nameless-link", nameless_link},
	{"whiteout", whiteout},
	{"created-with-setgid", created_with_setgid},
	{"bound-over", bound_over},
	{"link-of-an-old-descriptor", link_of_an_old_descriptor},
	{"without-any-access", without_any_access},
	{"dot-of-a-file", dot_of_a_file},
	{"link-of-an-unnamed-copy", link_of_an_unnamed_copy},
	{"bound-file", bound_file},
	{"order-of-errors", order_of_errors},
	{"status-flags", status_flags},
	{"unnamed-for-good", unnamed_for_good},
	{"old-descriptor-of-a-moved-file", old_descriptor_of_a_moved_file},
	{"old-descriptor-of-a-removed-file", old_descriptor_of_a_removed_file},
	{"path-descriptors-by-openat2", path_descriptors_by_openat2},
	{"special-files-in-a-sticky-directory", special_files_in_a_sticky_directory},
};

void run_fixed(unsigned index)
{
	int status = 0;
	pid_t pid;

	if (index >= sizeof(fixed) / sizeof(fixed[0]))
		return;
	say("%u %s", index, fixed[index].name);
	pid = fork();
	if (pid == 0) {
		umask(0);
		fixed[index].run();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say(" status %d\n", status);
	/* the next one begins without the names of this one; what became of shared files stays */
	unlink("n1");
	unlink("n2");
}

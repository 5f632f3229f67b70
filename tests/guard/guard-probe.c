/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way to modify an existing file, tried from inside a root file system; prints what came of each. Its output in a container must equal
 * its output in a plain copy of the image (tests/bats/guard.bats compares them), and the image must be unchanged afterwards.
 *
 *   guard-probe make DIR     makes the files the cases work on, below DIR
 *   guard-probe run DIR      runs all cases as the present user (root), prints "name: result | state of the file"
 *   guard-probe user DIR     the cases of an ordinary user (becomes uid 1000, gid 1000, groups 1000 2000)
 *   guard-probe race DIR     threads that swap the path under the supervisor's eyes, over many files
 * Static: runs in an empty image.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

#define OLD_TIME   1000000000
#define RACE_FILES 600

static char dir[256];

/* Result of the case that runs: "ok" or the name of the errno. */
static const char *result(long r)
{
	return r < 0 ? strerrorname_np(errno) : "ok";
}

static const char *at(const char *name)
{
	static char path[4][PATH_MAX + 300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void state(const char *path)
{
	char content[64] = "", value[32] = "-";
	struct stat st;
	ssize_t n;
	int fd;

	if (lstat(path, &st) < 0) {
		printf(" | %s", strerrorname_np(errno));
		return;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, content, sizeof(content) - 1);
	if (fd >= 0)
		close(fd);
	content[n < 0 ? 0 : n] = '\0';
	for (char *c = content; *c; c++)
		if (*c == '\n')
			*c = '.';
	n = lgetxattr(path, "user.probe", value, sizeof(value) - 1);
	if (n >= 0)
		value[n] = '\0';
	printf(" | %o %u:%u %lld %s [%s] x=%s", st.st_mode, st.st_uid, st.st_gid,
	       (long long)(S_ISREG(st.st_mode) ? st.st_size : 0),
	       st.st_mtime == OLD_TIME ? "old"
	       : st.st_mtime == 12345  ? "set"
				       : "new",
	       content, value);
}

static long put(int fd)
{
	long r = fd < 0 ? -1 : write(fd, "NEW", 3);
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return r;
}

static long open_how_fd(const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .resolve = resolve};

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* A read-only descriptor of path, as text of a path through procfs. */
static const char *through_proc(const char *path, const char *form, int *ret_fd)
{
	static char text[64];

	*ret_fd = open(path, O_RDONLY);
	if (strstr(form, "%d/fd"))
		snprintf(text, sizeof(text), "/proc/%d/fd/%d", getpid(), *ret_fd);
	else
		snprintf(text, sizeof(text), "%s/%d", form, *ret_fd);
	return text;
}

/* The cases. Each gets a file of its own: "original\n", 0644, owner 0:0, mtime OLD_TIME. */

static long c_open_wronly(const char *p)
{
	return put(open(p, O_WRONLY));
}
static long c_open_rdwr(const char *p)
{
	return put(open(p, O_RDWR));
}
static long c_open_append(const char *p)
{
	return put(open(p, O_WRONLY | O_APPEND));
}
static long c_open_trunc(const char *p)
{
	return put(open(p, O_WRONLY | O_TRUNC));
}
static long c_open_rdonly_trunc(const char *p)
{
	return close(open(p, O_RDONLY | O_TRUNC));
}
static long c_open_creat(const char *p)
{
	return put(open(p, O_WRONLY | O_CREAT, 0600));
}
static long c_open_creat_trunc(const char *p)
{
	return put(open(p, O_RDWR | O_CREAT | O_TRUNC, 0600));
}
static long c_open_creat_excl(const char *p)
{
	return put(open(p, O_RDWR | O_CREAT | O_EXCL, 0600));
}
static long c_open_rdonly_creat(const char *p)
{
	return close(open(p, O_RDONLY | O_CREAT, 0600));
}
static long c_open_accmode3(const char *p)
{
	return close(open(p, O_ACCMODE));
}
static long c_open_nofollow(const char *p)
{
	return put(open(p, O_WRONLY | O_NOFOLLOW));
}
static long c_open_sync(const char *p)
{
	return put(open(p, O_WRONLY | O_SYNC | O_NOATIME));
}
static long c_open_directory(const char *p)
{
	return put(open(p, O_WRONLY | O_DIRECTORY));
}
static long c_open_slash(const char *p)
{
	char q[PATH_MAX];

	snprintf(q, sizeof(q), "%s/", p);
	return put(open(q, O_WRONLY));
}
static long c_open_opath(const char *p)
{
	return put(open(p, O_PATH | O_WRONLY | O_TRUNC));
}
static long c_creat(const char *p)
{
	return put(creat(p, 0600));
}
static long c_openat2_wronly(const char *p)
{
	return put((int)open_how_fd(p, O_WRONLY, 0));
}
static long c_openat2_trunc(const char *p)
{
	return put((int)open_how_fd(p, O_RDWR | O_TRUNC, 0));
}
static long c_openat2_rdonly(const char *p)
{
	return close((int)open_how_fd(p, O_RDONLY, 0));
}
static long c_openat2_path(const char *p)
{
	struct open_how how = {.flags = O_PATH};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, p, &how, sizeof(how));

	/* such a descriptor cannot be given from outside: programs shall think of an old kernel */
	return fd >= 0 || errno == ENOSYS ? 0 : -1;
}
static long c_openat2_beneath(const char *p)
{
	return put((int)open_how_fd(p, O_WRONLY, RESOLVE_BENEATH));
}
static long c_openat2_nosym(const char *p)
{
	return put((int)open_how_fd(p, O_WRONLY, RESOLVE_NO_SYMLINKS));
}
static long c_openat2_inroot(const char *p)
{
	struct open_how how = {.flags = O_WRONLY, .resolve = RESOLVE_IN_ROOT};
	int d = open(dir, O_RDONLY | O_DIRECTORY);
	char q[PATH_MAX];

	snprintf(q, sizeof(q), "/%s", strrchr(p, '/'));
	return put((int)syscall(SYS_openat2, d, q, &how, sizeof(how)));
}
static long c_openat2_bad_flags(const char *p)
{
	return put((int)open_how_fd(p, 1ull << 40, 0));
}
static long c_openat2_bad_size(const char *p)
{
	struct open_how how = {.flags = O_WRONLY};

	return put((int)syscall(SYS_openat2, AT_FDCWD, p, &how, 8));
}
static long c_truncate_0(const char *p)
{
	return truncate(p, 0);
}
static long c_truncate_4(const char *p)
{
	return truncate(p, 4);
}
static long c_truncate_grow(const char *p)
{
	return truncate(p, 20);
}
static long c_truncate_negative(const char *p)
{
	return truncate(p, -1);
}
static long c_ftruncate(const char *p)
{
	int fd = open(p, O_RDWR);
	long r = ftruncate(fd, 3);

	close(fd);
	return r;
}
static long c_ftruncate_rdonly(const char *p)
{
	int fd = open(p, O_RDONLY);

	return ftruncate(fd, 3);
}
static long c_fallocate(const char *p)
{
	int fd = open(p, O_RDWR);

	return fallocate(fd, 0, 0, 30);
}
static long c_chmod(const char *p)
{
	return chmod(p, 0751);
}
static long c_chmod_setuid(const char *p)
{
	return chmod(p, 04755);
}
static long c_fchmod_rdonly(const char *p)
{
	return fchmod(open(p, O_RDONLY), 0600);
}
static long c_fchmod_opath(const char *p)
{
	return fchmod(open(p, O_PATH), 0600);
}
static long c_fchmodat(const char *p)
{
	return fchmodat(AT_FDCWD, p, 0711, 0);
}
static long c_fchmodat2(const char *p)
{
	return syscall(__NR_fchmodat2, AT_FDCWD, p, 0640, AT_SYMLINK_NOFOLLOW);
}
static long c_fchmodat2_empty(const char *p)
{
	return syscall(__NR_fchmodat2, open(p, O_PATH), "", 0640, AT_EMPTY_PATH);
}
static long c_fchmodat2_flags(const char *p)
{
	return syscall(__NR_fchmodat2, AT_FDCWD, p, 0640, 0x40000000);
}
static long c_chown(const char *p)
{
	return chown(p, 12, 34);
}
static long c_chown_keep(const char *p)
{
	return chown(p, (uid_t)-1, 7);
}
static long c_lchown(const char *p)
{
	return lchown(p, 3, 4);
}
static long c_fchown_rdonly(const char *p)
{
	return fchown(open(p, O_RDONLY), 5, 6);
}
static long c_fchownat(const char *p)
{
	return fchownat(AT_FDCWD, p, 8, 9, 0);
}
static long c_fchownat_empty(const char *p)
{
	return fchownat(open(p, O_PATH), "", 8, 9, AT_EMPTY_PATH);
}
static long c_two_metadata_calls_on_one_fd(const char *p)
{
	int fd = open(p, O_RDONLY);

	return fchown(fd, 21, 22) < 0 ? -1 : fchmod(fd, 04711);
}
static long c_utime(const char *p)
{
	return utime(p, &(struct utimbuf){5, 12345});
}
static long c_utime_now(const char *p)
{
	return utime(p, NULL);
}
static long c_utimes(const char *p)
{
	return utimes(p, (struct timeval[]){{5, 6}, {12345, 7}});
}
static long c_utimes_bad(const char *p)
{
	return utimes(p, (struct timeval[]){{5, 6}, {12345, 7000000}});
}
static long c_futimesat(const char *p)
{
	return futimesat(AT_FDCWD, p, (struct timeval[]){{5, 6}, {12345, 7}});
}
static long c_utimensat(const char *p)
{
	return utimensat(AT_FDCWD, p, (struct timespec[]){{0, UTIME_OMIT}, {12345, 123456789}}, 0);
}
static long c_utimensat_omit(const char *p)
{
	return utimensat(AT_FDCWD, p, (struct timespec[]){{0, UTIME_OMIT}, {0, UTIME_OMIT}}, 0);
}
static long c_utimensat_nofollow(const char *p)
{
	return utimensat(AT_FDCWD, p, (struct timespec[]){{1, 1}, {12345, 1}}, AT_SYMLINK_NOFOLLOW);
}
static long c_futimens_rdonly(const char *p)
{
	return futimens(open(p, O_RDONLY), (struct timespec[]){{1, 1}, {12345, 1}});
}
static long c_setxattr(const char *p)
{
	return setxattr(p, "user.probe", "v1", 2, 0);
}
static long c_setxattr_replace(const char *p)
{
	return setxattr(p, "user.probe", "v1", 2, XATTR_REPLACE);
}
static long c_setxattr_empty_name(const char *p)
{
	return setxattr(p, "", "v1", 2, 0);
}
static long c_setxattr_too_big(const char *p)
{
	static char big[(64 << 10) + 1];

	return setxattr(p, "user.probe", big, sizeof(big), 0);
}
static long c_lsetxattr(const char *p)
{
	return lsetxattr(p, "user.probe", "v2", 2, XATTR_CREATE);
}
static long c_fsetxattr_rdonly(const char *p)
{
	return fsetxattr(open(p, O_RDONLY), "user.probe", "v3", 2, 0);
}
static long c_xattr_removexattr(const char *p)
{
	return removexattr(p, "user.probe");
}
static long c_xattr_lremovexattr(const char *p)
{
	return lremovexattr(p, "user.probe");
}
static long c_xattr_fremovexattr(const char *p)
{
	return fremovexattr(open(p, O_RDONLY), "user.probe");
}
static long c_removexattr_missing(const char *p)
{
	return removexattr(p, "user.nothing");
}

static long proc_open(const char *p, const char *form)
{
	int fd;
	const char *q = through_proc(p, form, &fd);

	return put(open(q, O_WRONLY));
}
static long c_proc_self_fd(const char *p)
{
	return proc_open(p, "/proc/self/fd");
}
static long c_proc_thread_self_fd(const char *p)
{
	return proc_open(p, "/proc/thread-self/fd");
}
static long c_proc_pid_fd(const char *p)
{
	return proc_open(p, "/proc/%d/fd");
}
static long c_dev_fd(const char *p)
{
	return proc_open(p, "/dev/fd");
}
static long c_proc_self_fd_trunc(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	return put(open(q, O_RDWR | O_TRUNC));
}
static long c_proc_self_fd_openat2(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	return put((int)open_how_fd(q, O_WRONLY, 0));
}
static long c_proc_self_fd_nofollow(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	return put(open(q, O_WRONLY | O_NOFOLLOW));
}
static long c_proc_self_fd_twice(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	if (put(open(q, O_WRONLY)) < 0)
		return -1;
	return put(open(q, O_WRONLY | O_APPEND));
}
static long c_proc_self_fd_chmod(const char *p)
{
	int fd;

	return chmod(through_proc(p, "/proc/self/fd", &fd), 0604);
}
/* procfs knows no such name */
static long c_proc_self_fd_zero(const char *p)
{
	int fd = open(p, O_PATH | O_CLOEXEC);
	char name[48];

	snprintf(name, sizeof(name), "/proc/self/fd/0%d", fd);
	return chmod(name, 0604);
}

static long c_proc_self_fd_truncate(const char *p)
{
	int fd;

	return truncate(through_proc(p, "/proc/self/fd", &fd), 2);
}
static long c_proc_self_fd_setxattr(const char *p)
{
	int fd;

	return setxattr(through_proc(p, "/proc/self/fd", &fd), "user.probe", "p", 1, 0);
}
static long c_proc_self_root(const char *p)
{
	char q[PATH_MAX];

	snprintf(q, sizeof(q), "/proc/self/root%s", p);
	return put(open(q, O_WRONLY));
}
static long c_proc_self_cwd(const char *p)
{
	char q[PATH_MAX];

	if (chdir(dir) < 0)
		return -1;
	snprintf(q, sizeof(q), "/proc/self/cwd%s", strrchr(p, '/'));
	return put(open(q, O_WRONLY));
}
static long c_cwd_relative(const char *p)
{
	return chdir(dir) < 0 ? -1 : put(open(strrchr(p, '/') + 1, O_WRONLY));
}
static long c_cwd_dotdot(const char *p)
{
	char q[PATH_MAX];

	if (chdir(at("sub/deep")) < 0)
		return -1;
	snprintf(q, sizeof(q), "../..%s", strrchr(p, '/'));
	return put(open(q, O_WRONLY));
}
static long c_cwd_renamed(const char *p)
{
	char q[PATH_MAX];
	long r;

	if (chdir(at("sub/moving")) < 0 || rename(at("sub/moving"), at("sub/moved")) < 0)
		return -1;
	snprintf(q, sizeof(q), "../..%s", strrchr(p, '/'));
	r = put(open(q, O_WRONLY));
	rename(at("sub/moved"), at("sub/moving"));
	return r;
}
static long c_cwd_removed(const char *p)
{
	(void)p;
	if (mkdir(at("gone"), 0755) < 0 || chdir(at("gone")) < 0 || rmdir(at("gone")) < 0)
		return -1;
	return put(open("x", O_WRONLY | O_CREAT, 0644));
}
static long c_dirfd(const char *p)
{
	return put(openat(open(dir, O_PATH), strrchr(p, '/') + 1, O_WRONLY));
}
static long c_dirfd_64bit_register(const char *p)
{
	if (chdir(dir) < 0)
		return -1;
	/* AT_FDCWD in the low half only: the kernel looks at 32 bits. */
	return put((int)syscall(SYS_openat, 0xffffff9cul, strrchr(p, '/') + 1, O_WRONLY));
}
static long c_dirfd_bad(const char *p)
{
	return put(openat(999, strrchr(p, '/') + 1, O_WRONLY));
}
static long c_dirfd_not_dir(const char *p)
{
	return put(openat(open(p, O_RDONLY), "x", O_WRONLY));
}
static long c_symlink(const char *p)
{
	return symlink(p, at("l1")) < 0 ? -1 : put(open(at("l1"), O_WRONLY));
}
static long c_symlink_chain(const char *p)
{
	symlink(p, at("l2a"));
	symlink("l2a", at("l2b"));
	symlink("sub/../l2b", at("l2c"));
	return put(open(at("l2c"), O_WRONLY));
}
static long c_symlink_loop(const char *p)
{
	(void)p;
	symlink("l3b", at("l3a"));
	symlink("l3a", at("l3b"));
	return put(open(at("l3a"), O_WRONLY));
}
static long c_symlink_nofollow(const char *p)
{
	symlink(p, at("l4"));
	return put(open(at("l4"), O_WRONLY | O_NOFOLLOW));
}
static long c_symlink_dangling_creat(const char *p)
{
	(void)p;
	symlink("created-through-link", at("l5"));
	if (put(open(at("l5"), O_WRONLY | O_CREAT, 0666)) < 0)
		return -1;
	state(at("created-through-link"));
	return 0;
}
static long c_symlink_lchown(const char *p)
{
	struct stat st;

	symlink(p, at("l6"));
	if (lchown(at("l6"), 77, 78) < 0 || lstat(at("l6"), &st) < 0)
		return -1;
	return st.st_uid == 77 ? 0 : -1;
}
static long c_symlink_lutimes(const char *p)
{
	struct stat st;

	symlink(p, at("l7"));
	if (utimensat(AT_FDCWD, at("l7"), (struct timespec[]){{1, 1}, {12345, 1}},
		      AT_SYMLINK_NOFOLLOW) < 0 ||
	    lstat(at("l7"), &st) < 0)
		return -1;
	return st.st_mtime == 12345 ? 0 : -1;
}
static long c_symlink_chmod_nofollow(const char *p)
{
	symlink(p, at("l8"));
	return syscall(__NR_fchmodat2, AT_FDCWD, at("l8"), 0600, AT_SYMLINK_NOFOLLOW);
}
static long c_link_then_write_new(const char *p)
{
	return link(p, at("h1")) < 0 ? -1 : put(open(at("h1"), O_WRONLY));
}
static long c_link_then_write_old(const char *p)
{
	if (link(p, at("h2")) < 0 || put(open(p, O_WRONLY)) < 0)
		return -1;
	state(at("h2"));
	return 0;
}
static long c_linkat_follow_proc(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	if (linkat(AT_FDCWD, q, AT_FDCWD, at("h3"), AT_SYMLINK_FOLLOW) < 0)
		return -1;
	return put(open(at("h3"), O_WRONLY));
}
static long c_linkat_flags(const char *p)
{
	return linkat(AT_FDCWD, p, AT_FDCWD, at("h4"), 0x40000);
}
static long c_link_backup_then_replace(const char *p)
{
	int fd = open(at("h5.new"), O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (put(fd) < 0 || link(p, at("h5.bak")) < 0 || rename(at("h5.new"), p) < 0)
		return -1;
	state(at("h5.bak"));
	return 0;
}
static long c_image_hardlink(const char *p)
{
	(void)p;
	if (put(open(at("hard-a"), O_WRONLY)) < 0)
		return -1;
	state(at("hard-a"));
	state(at("hard-b"));
	return 0;
}
static long c_rename_then_write(const char *p)
{
	if (rename(p, at("renamed")) < 0)
		return -1;
	return put(open(at("renamed"), O_WRONLY)) < 0 ? -1 : rename(at("renamed"), p);
}
static long c_unlink_then_fchmod(const char *p)
{
	int fd = open(p, O_RDONLY);

	return unlink(p) < 0 ? -1 : fchmod(fd, 0600);
}
static long c_unlink_then_reopen(const char *p)
{
	int fd;
	const char *q = through_proc(p, "/proc/self/fd", &fd);

	return unlink(p) < 0 ? -1 : put(open(q, O_WRONLY));
}
static long c_unlink_then_create(const char *p)
{
	return unlink(p) < 0 ? -1 : put(open(p, O_WRONLY | O_CREAT, 0640));
}
static long c_old_fd_reads_old(const char *p)
{
	char text[16] = "";
	int fd = open(p, O_RDONLY);

	if (put(open(p, O_WRONLY | O_TRUNC)) < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	/* Not compared with a native copy: an old descriptor keeps the old content (documented). */
	return strcmp(text, "original\n") == 0 || strcmp(text, "NEW") == 0 ? 0 : -1;
}
static long c_mmap_shared(const char *p)
{
	int fd = open(p, O_RDWR);
	char *m = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (m == MAP_FAILED)
		return -1;
	memcpy(m, "MAP", 3);
	return munmap(m, 8);
}
static long c_mmap_shared_rdonly(const char *p)
{
	return mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, open(p, O_RDONLY), 0) == MAP_FAILED
		       ? -1
		       : 0;
}
static long c_opath_reopen(const char *p)
{
	char q[64];

	snprintf(q, sizeof(q), "/proc/self/fd/%d", open(p, O_PATH));
	return put(open(q, O_WRONLY));
}
static long c_scm_rights(const char *p)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char out = 'x';
	struct iovec iov = {.iov_base = &out, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.space,
			     .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char byte;
	int pair[2], fd = open(p, O_RDONLY);

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(pair[0], &msg, 0) < 0)
		return -1;
	iov.iov_base = &byte;
	if (recvmsg(pair[1], &msg, 0) < 0)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fchmod(fd, 0600);
}
static long c_chroot(const char *p)
{
	if (chroot(dir) < 0 || chdir("/") < 0)
		return -1;
	return put(open(strrchr(p, '/'), O_WRONLY)); /* the parent looks at the state */
}
static long c_chroot_dotdot(const char *p)
{
	char q[PATH_MAX];

	if (chroot(dir) < 0 || chdir("/sub") < 0)
		return -1;
	snprintf(q, sizeof(q), "../../../..%s", strrchr(p, '/'));
	return put(open(q, O_WRONLY));
}
static long c_chroot_abs_symlink(const char *p)
{
	symlink(strrchr(p, '/'), at("l9"));
	if (chroot(dir) < 0 || chdir("/sub") < 0)
		return -1;
	return put(open("../l9", O_WRONLY));
}
static void *thread_write(void *arg)
{
	return (void *)put(open(arg, O_WRONLY));
}
static long c_thread(const char *p)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, thread_write, (void *)p);
	pthread_join(t, &r);
	return (long)r;
}
static long c_vfork(const char *p)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		int fd = open(p, O_WRONLY);

		_exit(fd >= 0 && write(fd, "NEW", 3) == 3 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status == 0 ? 0 : -1;
}
static long c_umask(const char *p)
{
	umask(027);
	if (unlink(p) < 0)
		return -1;
	return put(open(p, O_WRONLY | O_CREAT, 0666));
}
static long c_cloexec(const char *p)
{
	int a = open(p, O_WRONLY | O_CLOEXEC), b = open(p, O_WRONLY);

	return fcntl(a, F_GETFD) == FD_CLOEXEC && fcntl(b, F_GETFD) == 0 ? 0 : -1;
}
static long c_lowest_fd(const char *p)
{
	int a = open("/", O_RDONLY), b;

	close(a);
	b = open(p, O_WRONLY);
	return a == b ? 0 : -1;
}
static long c_emfile(const char *p)
{
	struct rlimit limit = {10, 10};

	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/", O_RDONLY) >= 0)
		;
	return put(open(p, O_WRONLY | O_TRUNC));
}
static long c_emfile_creat(const char *p)
{
	struct rlimit limit = {10, 10};

	unlink(p);
	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/", O_RDONLY) >= 0)
		;
	return put(open(p, O_WRONLY | O_CREAT, 0644));
}
static long c_fsize(const char *p)
{
	struct rlimit old, limit;
	long r;
	int saved;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){4, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	r = truncate(p, 100);
	saved = errno;
	setrlimit(RLIMIT_FSIZE, &old); /* or the report itself could not be written */
	errno = saved;
	return r;
}
static long c_getfl(const char *p)
{
	int fd = open(p, O_RDWR | O_APPEND | O_NONBLOCK);

	errno = fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_SYNC);
	return errno == (O_RDWR | O_APPEND | O_NONBLOCK) ? 0 : -1;
}
static long c_efault(const char *p)
{
	(void)p;
	return put((int)syscall(SYS_openat, AT_FDCWD, 8, O_WRONLY));
}
static long c_efault_times(const char *p)
{
	return (long)syscall(SYS_utimensat, AT_FDCWD, p, 8, 0);
}
static long c_empty_path(const char *p)
{
	(void)p;
	return put(open("", O_WRONLY));
}
static long c_path_at_page_end(const char *p)
{
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t len = strlen(p) + 1;

	munmap(m + 4096, 4096);
	memcpy(m + 4096 - len, p, len);
	return put(open(m + 4096 - len, O_WRONLY));
}
static long c_name_too_long(const char *p)
{
	char q[600];

	(void)p;
	memset(q, 'a', sizeof(q) - 1);
	q[sizeof(q) - 1] = '\0';
	return put(open(q, O_WRONLY | O_CREAT, 0644));
}
static long c_path_too_long(const char *p)
{
	static char q[5000];

	(void)p;
	for (size_t i = 0; i + 2 < sizeof(q); i += 2)
		memcpy(q + i, "./", 2);
	return put(open(q, O_WRONLY));
}
static long c_missing(const char *p)
{
	(void)p;
	return put(open(at("nothing"), O_WRONLY));
}
static long c_missing_parent_creat(const char *p)
{
	(void)p;
	return put(open(at("nothing/x"), O_WRONLY | O_CREAT, 0644));
}
static long c_parent_not_dir(const char *p)
{
	char q[PATH_MAX];

	snprintf(q, sizeof(q), "%s/x", p);
	return put(open(q, O_WRONLY | O_CREAT, 0644));
}
static long c_creat_slash(const char *p)
{
	(void)p;
	return put(open(at("newdir/"), O_WRONLY | O_CREAT, 0644));
}
static long c_directory_write(const char *p)
{
	(void)p;
	return put(open(at("sub"), O_WRONLY));
}
static long c_directory_creat(const char *p)
{
	(void)p;
	return put(open(at("sub"), O_RDONLY | O_CREAT, 0644));
}
static long c_directory_chmod(const char *p)
{
	struct stat st;

	(void)p;
	if (chmod(at("sub/deep"), 01777) < 0 || stat(at("sub/deep"), &st) < 0)
		return -1;
	return (st.st_mode & 07777) == 01777 ? 0 : -1;
}
static long c_directory_truncate(const char *p)
{
	(void)p;
	return truncate(at("sub"), 0);
}
static long c_fifo_nonblock(const char *p)
{
	(void)p;
	mkfifo(at("fifo1"), 0600);
	return put(open(at("fifo1"), O_WRONLY | O_NONBLOCK));
}
static long c_fifo_rdwr(const char *p)
{
	(void)p;
	mkfifo(at("fifo2"), 0600);
	return put(open(at("fifo2"), O_RDWR));
}
static long c_fifo_blocking(const char *p)
{
	char text[8] = "";
	pid_t pid;
	int fd;

	(void)p;
	mkfifo(at("fifo3"), 0600);
	pid = fork();
	if (pid == 0)
		_exit(put(open(at("fifo3"), O_WRONLY)) == 3 ? 0 : 1);
	usleep(30000);
	fd = open(at("fifo3"), O_RDONLY);
	if (read(fd, text, sizeof(text)) != 3)
		return -1;
	waitpid(pid, NULL, 0);
	return 0;
}
static void nothing(int sig)
{
	(void)sig;
}
static long c_fifo_interrupted(const char *p)
{
	struct sigaction sa = {.sa_handler = nothing};

	(void)p;
	mkfifo(at("fifo4"), 0600);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	return put(open(at("fifo4"), O_WRONLY));
}
static long c_dev_null(const char *p)
{
	(void)p;
	return put(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0666));
}
static long c_dev_tty(const char *p)
{
	(void)p;
	setsid();
	return put(open("/dev/tty", O_WRONLY));
}
static long c_proc_file(const char *p)
{
	char text[16] = "";
	int fd;

	(void)p;
	if (put(open("/proc/self/comm", O_WRONLY)) < 0)
		return -1;
	fd = open("/proc/self/comm", O_RDONLY);
	return read(fd, text, sizeof(text)) == 4 && memcmp(text, "NEW\n", 4) == 0 ? 0 : -1;
}
static long c_proc_oom(const char *p)
{
	int fd = open("/proc/thread-self/oom_score_adj", O_WRONLY);
	long r = write(fd, "500", 3);

	(void)p;
	return r;
}
static long c_tmpfile_linkat(const char *p)
{
	char q[64];
	int fd = open(dir, O_TMPFILE | O_RDWR, 0640);

	if (fd < 0 || unlink(p) < 0)
		return -1;
	snprintf(q, sizeof(q), "/proc/self/fd/%d", fd);
	if (write(fd, "NEW", 3) != 3)
		return -1;
	return linkat(AT_FDCWD, q, AT_FDCWD, p, AT_SYMLINK_FOLLOW);
}
static long c_sticky_creat(const char *p)
{
	(void)p;
	return put(open(at("sticky/others"), O_WRONLY | O_CREAT, 0644));
}
struct one {
	const char *name;
	long (*fn)(const char *path);
};

#define CASE(name)                                                                                 \
	{                                                                                          \
#name, c_##name                                                                    \
	}
static const struct one root_cases[] = {
	CASE(open_wronly),
	CASE(open_rdwr),
	CASE(open_append),
	CASE(open_trunc),
	CASE(open_rdonly_trunc),
	CASE(open_creat),
	CASE(open_creat_trunc),
	CASE(open_creat_excl),
	CASE(open_rdonly_creat),
	CASE(open_accmode3),
	CASE(open_nofollow),
	CASE(open_sync),
	CASE(open_directory),
	CASE(open_slash),
	CASE(open_opath),
	CASE(creat),
	CASE(openat2_wronly),
	CASE(openat2_trunc),
	CASE(openat2_rdonly),
	CASE(openat2_path),
	CASE(openat2_beneath),
	CASE(openat2_nosym),
	CASE(openat2_inroot),
	CASE(openat2_bad_flags),
	CASE(openat2_bad_size),
	CASE(truncate_0),
	CASE(truncate_4),
	CASE(truncate_grow),
	CASE(truncate_negative),
	CASE(ftruncate),
	CASE(ftruncate_rdonly),
	CASE(fallocate),
	CASE(chmod),
	CASE(chmod_setuid),
	CASE(fchmod_rdonly),
	CASE(fchmod_opath),
	CASE(fchmodat),
	CASE(fchmodat2),
	CASE(fchmodat2_empty),
	CASE(fchmodat2_flags),
	CASE(chown),
	CASE(chown_keep),
	CASE(lchown),
	CASE(fchown_rdonly),
	CASE(fchownat),
	CASE(fchownat_empty),
	CASE(two_metadata_calls_on_one_fd),
	CASE(utime),
	CASE(utime_now),
	CASE(utimes),
	CASE(utimes_bad),
	CASE(futimesat),
	CASE(utimensat),
	CASE(utimensat_omit),
	CASE(utimensat_nofollow),
	CASE(futimens_rdonly),
	CASE(setxattr),
	CASE(setxattr_replace),
	CASE(setxattr_empty_name),
	CASE(setxattr_too_big),
	CASE(lsetxattr),
	CASE(fsetxattr_rdonly),
	CASE(xattr_removexattr),
	CASE(xattr_lremovexattr),
	CASE(xattr_fremovexattr),
	CASE(removexattr_missing),
	CASE(proc_self_fd),
	CASE(proc_thread_self_fd),
	CASE(proc_pid_fd),
	CASE(dev_fd),
	CASE(proc_self_fd_trunc),
	CASE(proc_self_fd_openat2),
	CASE(proc_self_fd_nofollow),
	CASE(proc_self_fd_twice),
	CASE(proc_self_fd_chmod),
	CASE(proc_self_fd_zero),
	CASE(proc_self_fd_truncate),
	CASE(proc_self_fd_setxattr),
	CASE(proc_self_root),
	CASE(proc_self_cwd),
	CASE(cwd_relative),
	CASE(cwd_dotdot),
	CASE(cwd_renamed),
	CASE(cwd_removed),
	CASE(dirfd),
	CASE(dirfd_64bit_register),
	CASE(dirfd_bad),
	CASE(dirfd_not_dir),
	CASE(symlink),
	CASE(symlink_chain),
	CASE(symlink_loop),
	CASE(symlink_nofollow),
	CASE(symlink_dangling_creat),
	CASE(symlink_lchown),
	CASE(symlink_lutimes),
	CASE(symlink_chmod_nofollow),
	CASE(link_then_write_new),
	CASE(link_then_write_old),
	CASE(linkat_follow_proc),
	CASE(linkat_flags),
	CASE(link_backup_then_replace),
	CASE(image_hardlink),
	CASE(rename_then_write),
	CASE(unlink_then_fchmod),
	CASE(unlink_then_reopen),
	CASE(unlink_then_create),
	CASE(old_fd_reads_old),
	CASE(mmap_shared),
	CASE(mmap_shared_rdonly),
	CASE(opath_reopen),
	CASE(scm_rights),
	CASE(chroot),
	CASE(chroot_dotdot),
	CASE(chroot_abs_symlink),
	CASE(thread),
	CASE(vfork),
	CASE(umask),
	CASE(cloexec),
	CASE(lowest_fd),
	CASE(emfile),
	CASE(emfile_creat),
	CASE(fsize),
	CASE(getfl),
	CASE(efault),
	CASE(efault_times),
	CASE(empty_path),
	CASE(path_at_page_end),
	CASE(name_too_long),
	CASE(path_too_long),
	CASE(missing),
	CASE(missing_parent_creat),
	CASE(parent_not_dir),
	CASE(creat_slash),
	CASE(directory_write),
	CASE(directory_creat),
	CASE(directory_chmod),
	CASE(directory_truncate),
	CASE(fifo_nonblock),
	CASE(fifo_rdwr),
	CASE(fifo_blocking),
	CASE(fifo_interrupted),
	CASE(dev_null),
	CASE(dev_tty),
	CASE(proc_file),
	CASE(proc_oom),
	CASE(tmpfile_linkat),
	CASE(sticky_creat),
};

/* As uid 1000 with group 2000 too: the file belongs to root unless the name says otherwise. */
static const struct one user_cases[] = {
	CASE(open_wronly),	  CASE(open_trunc),
	CASE(open_creat),	  CASE(open_rdonly_trunc),
	CASE(truncate_0),	  CASE(chmod),
	CASE(fchmod_rdonly),	  CASE(chown),
	CASE(chown_keep),	  CASE(utime),
	CASE(utime_now),	  CASE(setxattr),
	CASE(fsetxattr_rdonly),	  CASE(xattr_removexattr),
	CASE(proc_self_fd),	  CASE(open_sync),
	CASE(openat2_trunc),	  CASE(umask),
	CASE(unlink_then_create), CASE(link_then_write_old),
};

static const char *const owners[] = {"root", "mine", "group", "world", "secret"};

static int make_file(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	struct timespec ts[2] = {{OLD_TIME, 0}, {OLD_TIME, 0}};
	int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, "original\n", 9) != 9 || fchown(fd, uid, gid) < 0 ||
	    fchmod(fd, mode) < 0 ||
	    (strncmp(name, "xattr_", 6) == 0 && fsetxattr(fd, "user.probe", "v0", 2, 0) < 0) ||
	    futimens(fd, ts) < 0) {
		perror(name);
		return 1;
	}
	return close(fd);
}

static int make_user_files(void)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
	} kinds[] = {{0644, 0, 0}, {0644, 1000, 1000}, {0660, 0, 2000}, {0666, 0, 0}, {0600, 0, 0}};
	char name[128];
	int bad = 0;

	for (size_t k = 0; k < 5; k++)
		for (size_t i = 0; i < sizeof(user_cases) / sizeof(user_cases[0]); i++) {
			snprintf(name, sizeof(name), "%s-%s", owners[k], user_cases[i].name);
			bad |= make_file(name, kinds[k].mode, kinds[k].uid, kinds[k].gid);
		}
	return bad;
}

static int make(void)
{
	int bad = 0;

	umask(022);
	mkdir(dir, 0777);
	chmod(dir, 0777);
	mkdir(at("sub"), 0755);
	mkdir(at("sub/deep"), 0755);
	mkdir(at("sub/moving"), 0755);
	mkdir(at("sticky"), 01777);
	chmod(at("sticky"), 01777);
	for (size_t i = 0; i < sizeof(root_cases) / sizeof(root_cases[0]); i++)
		bad |= make_file(root_cases[i].name, 0644, 0, 0);
	bad |= make_file("hard-a", 0644, 0, 0) | make_file("sticky/others", 0666, 5, 5);
	bad |= link(at("hard-a"), at("hard-b"));
	for (int i = 0; i < RACE_FILES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "swap-%04d", i);
		bad |= make_file(name, 0644, 0, 0);
	}
	return bad | make_user_files();
}

static void run_case(const char *label, long (*fn)(const char *), const char *path)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		long r;

		printf("%s:", label);
		errno = 0;
		r = fn(path);
		printf(" %s", result(r));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf(" died(%x)", status);
	state(path);
	printf("\n");
}

static int run_root(void)
{
	char path[PATH_MAX + 100];

	umask(022);
	for (size_t i = 0; i < sizeof(root_cases) / sizeof(root_cases[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, root_cases[i].name);
		run_case(root_cases[i].name, root_cases[i].fn, path);
	}
	return 0;
}

static int run_user(void)
{
	gid_t groups[] = {1000, 2000};
	char path[PATH_MAX + 100];

	umask(022);
	if (setgroups(2, groups) < 0 || setresgid(1000, 1000, 1000) < 0 ||
	    setresuid(1000, 1000, 1000) < 0) {
		perror("become uid 1000");
		return 1;
	}
	for (size_t k = 0; k < 5; k++)
		for (size_t i = 0; i < sizeof(user_cases) / sizeof(user_cases[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s-%s", dir, owners[k],
				 user_cases[i].name);
			run_case(strrchr(path, '/') + 1, user_cases[i].fn, path);
		}
	return 0;
}

/* Races: one thread changes what the other's system call is about, all the time. */

static volatile int stop;
static char swapped[PATH_MAX];
static char target[PATH_MAX], decoy[PATH_MAX];
static int swapped_fd = 900;

static void *swap_string(void *arg)
{
	/* Same length, so that the string is always one of the two. */
	(void)arg;
	while (!stop) {
		memcpy(swapped, decoy, strlen(decoy) + 1);
		memcpy(swapped, target, strlen(target) + 1);
	}
	return NULL;
}

static void *swap_fd(void *arg)
{
	int a = open(target, O_RDONLY), b = open(decoy, O_RDONLY | O_NONBLOCK);

	(void)arg;
	while (!stop) {
		dup2(a, swapped_fd);
		dup2(b, swapped_fd);
	}
	return NULL;
}

static void *swap_symlink(void *arg)
{
	char tmp[300];

	(void)arg;
	snprintf(tmp, sizeof(tmp), "%s/swap-tmp", dir);
	while (!stop) {
		symlink(decoy, tmp);
		rename(tmp, at("swap-link"));
		symlink(target, tmp);
		rename(tmp, at("swap-link"));
	}
	return NULL;
}

static void attack(const char *path)
{
	struct open_how how = {.flags = O_WRONLY | O_NONBLOCK};
	int fd = open(path, O_WRONLY | O_NONBLOCK);

	if (fd >= 0) {
		if (write(fd, "RACE", 4) < 0)
			stop = stop; /* a FIFO without reader: no matter */
		close(fd);
	}
	fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd >= 0)
		close(fd);
	chmod(path, 0666);
	fd = open(path, O_RDONLY | O_TRUNC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	utimes(path, NULL);
}

/* One shared file, one way to swap: a few attacks decide, since the first that hits copies the file up. */
static void race_once(void *(*swapper)(void *), const char *path)
{
	pthread_t t;

	stop = 0;
	snprintf(swapped, sizeof(swapped), "%s", decoy);
	pthread_create(&t, NULL, swapper, NULL);
	for (int i = 0; i < 4; i++)
		attack(path);
	stop = 1;
	pthread_join(t, NULL);
}

static int race(void)
{
	char fd_path[64], link_path[PATH_MAX];

	snprintf(decoy, sizeof(decoy), "%s/swap-pipe", dir);
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", swapped_fd);
	snprintf(link_path, sizeof(link_path), "%s/swap-link", dir);
	mkfifo(decoy, 0666);
	for (int i = 0; i < RACE_FILES; i++) {
		snprintf(target, sizeof(target), "%s/swap-%04d", dir, i);
		switch (i % 3) {
		case 0:
			race_once(swap_string, swapped);
			break;
		case 1:
			race_once(swap_fd, fd_path);
			break;
		default:
			race_once(swap_symlink, link_path);
			break;
		}
	}
	printf("race: done\n");
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (argc < 3) {
		fprintf(stderr, "usage: guard-probe make|run|user|race DIR\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s", argv[2]);
	if (strcmp(argv[1], "make") == 0)
		return make();
	if (strcmp(argv[1], "run") == 0)
		return run_root();
	if (strcmp(argv[1], "user") == 0)
		return run_user();
	if (strcmp(argv[1], "race") == 0)
		return race();
	return 2;
}

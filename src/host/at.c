/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thin wrappers of the *at calls; see at.h. Untrusted: what the names lead to, hence no call
 * follows a final symlink. */
#include <config.h>

#include "host/at.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROC_FD_SIZE 40

static void proc_fd_path(int fd, char path[PROC_FD_SIZE])
{
	snprintf(path, PROC_FD_SIZE, "/proc/self/fd/%d", fd);
}

static int open_retry(int dirfd, const char *name, int flags, mode_t mode, int *ret_fd)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int host_openat(int dirfd, const char *name, int flags, mode_t mode, int *ret_fd)
{
	return open_retry(dirfd, name, flags | O_NOFOLLOW, mode, ret_fd);
}

/* O_NOATIME is for the owner and CAP_FOWNER only; EPERM can also mean something else, so the second
 * try decides. */
static int open_noatime(int dirfd, const char *name, int flags, int *ret_fd)
{
	int r = open_retry(dirfd, name, flags | O_NOATIME, 0, ret_fd);

	return r == -EPERM ? open_retry(dirfd, name, flags, 0, ret_fd) : r;
}

int host_open_dir(int dirfd, const char *name, int *ret_fd)
{
	return open_noatime(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, ret_fd);
}

int host_open_dir_path(const char *path, int *ret_fd)
{
	return open_noatime(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, ret_fd);
}

int host_open_read(int dirfd, const char *name, int *ret_fd)
{
	return open_noatime(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, ret_fd);
}

int host_reopen(int fd, int flags, int *ret_fd)
{
	char path[PROC_FD_SIZE];

	proc_fd_path(fd, path);
	return open_retry(AT_FDCWD, path, flags, 0, ret_fd);
}

int host_open_tmpfile(int dirfd, int *ret_fd)
{
	int r = open_retry(dirfd, ".", O_TMPFILE | O_RDWR, 0600, ret_fd);

	/* a kernel or file system without it opens the directory itself, for writing */
	return r == -EISDIR ? -EOPNOTSUPP : r;
}

int host_statx(int dirfd, const char *name, struct statx *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;

	return statx(dirfd, name, flags, STATX_BASIC_STATS | STATX_BTIME, ret) < 0 ? -errno : 0;
}

int host_mkdirat(int dirfd, const char *name, mode_t mode)
{
	return mkdirat(dirfd, name, mode) < 0 ? -errno : 0;
}

int host_mknodat(int dirfd, const char *name, mode_t mode, dev_t dev)
{
	return mknodat(dirfd, name, mode, dev) < 0 ? -errno : 0;
}

int host_symlinkat(const char *target, int dirfd, const char *name)
{
	return symlinkat(target, dirfd, name) < 0 ? -errno : 0;
}

int host_readlinkat(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(dirfd, name, buf, size);

	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return 0;
}

int host_linkat(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	return linkat(from_dirfd, from, to_dirfd, to, 0) < 0 ? -errno : 0;
}

int host_unlinkat(int dirfd, const char *name, int flags)
{
	return unlinkat(dirfd, name, flags) < 0 ? -errno : 0;
}

int host_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags) < 0 ? -errno : 0;
}

int host_fchown(int fd, uid_t uid, gid_t gid)
{
	return fchown(fd, uid, gid) < 0 ? -errno : 0;
}

int host_lchownat(int dirfd, const char *name, uid_t uid, gid_t gid)
{
	return fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int host_fchmod(int fd, mode_t mode)
{
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int host_chmodat(int dirfd, const char *name, mode_t mode)
{
	return fchmodat(dirfd, name, mode, 0) < 0 ? -errno : 0;
}

int host_chmod_path_fd(int fd, mode_t mode)
{
	char path[PROC_FD_SIZE];

	proc_fd_path(fd, path);
	return fchmodat(AT_FDCWD, path, mode, 0) < 0 ? -errno : 0;
}

int host_futimens(int fd, const struct timespec times[2])
{
	return futimens(fd, times) < 0 ? -errno : 0;
}

int host_lutimensat(int dirfd, const char *name, const struct timespec times[2])
{
	return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int host_ftruncate(int fd, off_t size)
{
	int r;

	do
		r = ftruncate(fd, size);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

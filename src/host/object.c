/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on an object held by a descriptor. Raw kernel calls only. */
#include <config.h>

#include "host/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/compat.h"

int host_access_fd(int fd, int mode)
{
	/* libc emulates AT_EACCESS with the wrong (process-wide) ids where it thinks the kernel
	 * cannot. */
	long r = syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS);

	return r < 0 ? -errno : 0;
}

static int chmod_by_link(int fd, mode_t mode)
{
	char path[48];
	struct stat st;

	/* Through /proc a symlink's own mode would be asked for. */
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode))
		return -EOPNOTSUPP;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode) < 0 ? -errno : 0;
}

int host_chmod_fd(int fd, mode_t mode)
{
	static atomic_bool missing;

	if (!atomic_load(&missing)) {
		if (syscall(__NR_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0)
			return 0;
		/* EPERM: an older container runtime's profile may answer so for what it does not know */
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
		if (errno == ENOSYS)
			atomic_store(&missing, true);
	}
	return chmod_by_link(fd, mode);
}

int host_utimens_fd(int fd, const struct timespec times[2])
{
	char path[48];

	/* libc's refuses an empty path in some versions */
	if (syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* EINVAL may mean the times as well: then so does this */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return utimensat(AT_FDCWD, path, times, 0) < 0 ? -errno : 0;
}

int host_truncate_fd(int fd, off_t length)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return truncate(path, length) < 0 ? -errno : 0;
}

int host_file_setattr_fd(int fd, const void *attr, size_t size)
{
	long r = syscall(__NR_file_setattr, fd, "", attr, size, AT_EMPTY_PATH);

	return r < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on an object held by a descriptor. Raw kernel calls only. */
#include <config.h>

#include "host/object.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/compat.h"

int host_access_fd(int fd, int mode)
{
	/* libc emulates AT_EACCESS with the wrong (process-wide) ids where it thinks the kernel
	 * cannot. */
	long r = syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS);

	return r < 0 ? -errno : 0;
}

int host_file_setattr_fd(int fd, const void *attr, size_t size)
{
	long r = syscall(__NR_file_setattr, fd, "", attr, size, AT_EMPTY_PATH);

	return r < 0 ? -errno : 0;
}

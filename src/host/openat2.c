/* SPDX-License-Identifier: GPL-2.0-or-later */
/* openat2(2). Raw kernel call only. */
#include <config.h>

#include "host/openat2.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SCOPED_RETRIES 32

int host_openat2(int dirfd, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = resolve,
	};

	if (flags & (O_CREAT | __O_TMPFILE))
		how.mode = mode;
	for (int i = 0;; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		/* openat2(2): EAGAIN when "..", in scope, could not be proved safe because of a
		 * concurrent rename. Else it is about a lease. */
		if (errno != EAGAIN || i == SCOPED_RETRIES ||
		    !(resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))
			return -errno;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the caller. Runs in the supervisor. Untrusted: everything read. process_vm_readv needs
 * ptrace access, which the supervisor has by CAP_SYS_PTRACE in the container's user namespace.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/compiler.h"
#include "tracee/tracee.h"

#define PAGE 4096u

int tracee_read(pid_t tid, struct tracee_ptr from, void *to, size_t len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)from.addr, .iov_len = len};
	ssize_t n;

	if (len == 0)
		return 0;
	n = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EFAULT;
}

int tracee_read_string(pid_t tid, struct tracee_ptr from, char *to, size_t max, size_t *ret_len)
{
	size_t got = 0;

	/* Page by page: the string may end right before an unmapped one. */
	while (got < max) {
		size_t to_page_end = PAGE - (size_t)((from.addr + got) % PAGE);
		size_t chunk = MIN(max - got, to_page_end);
		char *end;
		int r;

		r = tracee_read(tid, (struct tracee_ptr){from.addr + got}, to + got, chunk);
		if (r < 0)
			return r;
		end = memchr(to + got, '\0', chunk);
		if (end) {
			*ret_len = (size_t)(end - to);
			return 0;
		}
		got += chunk;
	}
	return -ENAMETOOLONG;
}

int tracee_read_path(pid_t tid, struct tracee_ptr from, struct tracee_path *ret)
{
	return tracee_read_string(tid, from, ret->bytes, sizeof(ret->bytes), &ret->len);
}

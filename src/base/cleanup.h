/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound release of resources. A cleanup never changes a result: errno is kept.
 * `cleanup_fd int fd = -EBADF;` ... `*ret_fd = steal_fd(&fd);`
 */
#ifndef SANDLOCK_BASE_CLEANUP_H
#define SANDLOCK_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"

static inline void cleanup_fd_fn(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

static inline void cleanup_free_fn(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_dir_fn(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void cleanup_file_fn(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup_fd   ATTR_CLEANUP(cleanup_fd_fn)
#define cleanup_free ATTR_CLEANUP(cleanup_free_fn)
#define cleanup_dir  ATTR_CLEANUP(cleanup_dir_fn)
#define cleanup_file ATTR_CLEANUP(cleanup_file_fn)

static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -EBADF;
	return r;
}

static inline void close_fd(int *fd)
{
	cleanup_fd_fn(fd);
	*fd = -EBADF;
}

#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(*(p)) steal_tmp_ = *(p);                                                \
		*(p) = NULL;                                                                       \
		steal_tmp_;                                                                        \
	})

#endif

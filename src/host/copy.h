/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File contents: reflink, or copy with holes kept. Any process; blocks for as long as the disk
 * does. */
#ifndef SANDLOCK_HOST_COPY_H
#define SANDLOCK_HOST_COPY_H

#include <stdint.h>
#include <sys/types.h>

struct statx;

/* Shares the extents of src (FICLONE). -EOPNOTSUPP, -EXDEV, -EINVAL, -ENOTTY…: cannot be shared,
 * nothing has changed. */
int host_clone(int src, int dst);
/*
 * Copies the data of src, a regular file that st describes, into dst, a new empty one; holes stay
 * holes. The offsets of both move. -ESTALE: src became shorter meanwhile.
 */
int host_copy_data(int src, int dst, const struct statx *st, uint64_t *ret_bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* openat2(2), Linux 5.6. There is no fallback to openat: a name must not promise what a fallback
 * drops. */
#ifndef SANDLOCK_HOST_OPENAT2_H
#define SANDLOCK_HOST_OPENAT2_H

#include <linux/openat2.h>
#include <stdint.h>

/*
 * Descriptor (O_CLOEXEC is always added) or -errno. mode counts only with O_CREAT or O_TMPFILE.
 * resolve: RESOLVE_*. -EAGAIN (a rename raced with a scoped walk) is retried a few times.
 */
int host_openat2(int dirfd, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock(7), without policy. All return 0 (or a descriptor) or -errno. The access bits of kernels that are newer than the headers are defined
 * here (uapi/linux/landlock.h; in brackets the ABI).
 */
#ifndef SANDLOCK_HOST_LANDLOCK_SYS_H
#define SANDLOCK_HOST_LANDLOCK_SYS_H

#include <linux/landlock.h>
#include <stdint.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* 5.19 (2) */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* 6.2 (3) */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* 6.10 (5) */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP	(1ULL << 0) /* 6.7 (4) */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* 6.12 (6) */
#define LANDLOCK_SCOPE_SIGNAL		    (1ULL << 1)
#endif

/* The kernel's ABI, at least 1. 0: built without Landlock, not enabled at boot, or refused by a filter that holds us. */
int host_landlock_abi(void);

/* Handled bits that the kernel's ABI does not know must not be set: -EINVAL, or -E2BIG. */
int host_landlock_create(uint64_t fs, uint64_t net, uint64_t scoped, int *ret_fd);
/* path_fd: O_PATH. -EINVAL: rights of directories on a file; -EBADFD: a file that no rule can name (nsfs, pipes). */
int host_landlock_add_path(int ruleset_fd, int path_fd, uint64_t access);
int host_landlock_add_port(int ruleset_fd, uint16_t port, uint64_t access);
/* The calling thread and its children, for good. -EPERM without no_new_privs and CAP_SYS_ADMIN; -E2BIG: 16 domains are stacked already. */
int host_landlock_restrict(int ruleset_fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of the calling THREAD. The kernel keeps them per thread; libc's wrappers would change
 * all threads of the process, so these are the raw calls (nptl(7)).
 */
#ifndef SANDLOCK_HOST_THREAD_CRED_H
#define SANDLOCK_HOST_THREAD_CRED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Real and saved ids stay (they are the way back); effective and file system ids change. */
int host_thread_set_uid(uid_t euid, uid_t fsuid);
int host_thread_set_gid(gid_t egid, gid_t fsgid);
int host_thread_set_groups(const gid_t *groups, size_t n);
/* Effective capability set; permitted is left alone, so it can be raised again. Bits outside of
 * permitted are left out. */
int host_thread_set_effective(uint64_t effective, uint64_t permitted);
int host_thread_get_caps(uint64_t *ret_effective, uint64_t *ret_permitted);
/* SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS: id changes do not touch capabilities. Needs
 * CAP_SETPCAP. Inherited by threads made later. */
int host_thread_keep_caps(void);
/* A umask and a working directory of its own for this thread: unshare(CLONE_FS). */
int host_thread_unshare_fs(void);
/* File system ids of the thread; no other call shows them. */
uid_t host_thread_fsuid(void);
gid_t host_thread_fsgid(void);

#endif

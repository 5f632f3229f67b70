/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp(2) and seccomp_unotify(2), without policy. All return 0 (or a descriptor) or -errno.
 * Kernel >= 5.14 for ADDFD_FLAG_SEND. */
#ifndef SANDLOCK_HOST_SECCOMP_SYS_H
#define SANDLOCK_HOST_SECCOMP_SYS_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Loads a filter into the calling thread. flags: SECCOMP_FILTER_FLAG_*. */
int host_seccomp_load(const struct sock_fprog *prog, unsigned long flags);
/* Does the kernel know that SECCOMP_FILTER_FLAG_*? Loads nothing. */
bool host_seccomp_has_flag(unsigned long flag);
/*
 * The same with a user-notification listener, which is returned (CLOEXEC). Asks for
 * WAIT_KILLABLE_RECV (5.19), so that a signal with a handler cannot restart a half-served call;
 * does without on older kernels. -EBUSY: the task already has a listener.
 */
int host_seccomp_load_listener(const struct sock_fprog *prog);

/* Blocks. -ENOENT: the target died meanwhile, or (6.11) no task is left; -EINTR. */
int host_notif_recv(int listener, struct seccomp_notif *ret);
/* -ENOENT: the target is gone or the call was interrupted. */
int host_notif_send(int listener, uint64_t id, int64_t value, int error, uint32_t flags);
/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is known (5.19): once received, a call ends by an answer or with its caller. */
bool host_seccomp_wait_is_killable(void);
/*
 * Installs fd in the target and returns its number there; -EMFILE etc. as of the target. send: answers the call with the number too. A sender that
 * is killed while the target has not yet woken up to take the descriptor leaves it with the answer 0, and no descriptor (6.18).
 */
int host_notif_addfd(int listener, uint64_t id, int fd, bool cloexec, bool send);
/* Replaces descriptor target_fd of the target by fd; the call stays unanswered. */
int host_notif_replace_fd(int listener, uint64_t id, int fd, int target_fd, bool cloexec);
bool host_notif_id_valid(int listener, uint64_t id);
/* Asks for SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (6.6); false: not there, works without. */
bool host_notif_sync_wake_up(int listener);

#endif

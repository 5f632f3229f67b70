/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into the process whose system call is being served: memory, descriptors, credentials.
 * Everything that comes from here is untrusted, and belongs to the caller only if the notification
 * is still valid AFTER it was read (a pid may be reused): the user of these functions checks that.
 *
 * tid is a thread id in the pid namespace of the /proc that proc_fd stands for (the supervisor's
 * own).
 */
#ifndef SANDLOCK_TRACEE_TRACEE_H
#define SANDLOCK_TRACEE_TRACEE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define TRACEE_GROUPS_MAX 512 /* more supplementary groups than this are -E2BIG */
#define TRACEE_PID_LEVELS 32  /* MAX_PID_NS_LEVEL of the kernel */

/* An address in the caller, so that it is never dereferenced by mistake. */
struct tracee_ptr {
	uint64_t addr;
};

/* A path as the caller gave it: bytes, without the final NUL in len. */
struct tracee_path {
	size_t len;
	char bytes[PATH_MAX];
};

struct tracee_creds {
	pid_t tgid;
	uid_t euid, fsuid;
	gid_t egid, fsgid;
	uint64_t effective; /* capabilities */
	uint32_t umask;
	unsigned threads; /* in the process */
	size_t n_groups;
	gid_t groups[TRACEE_GROUPS_MAX];
	/* Thread and process ids, from the supervisor's pid namespace inwards. */
	size_t n_levels;
	pid_t tids[TRACEE_PID_LEVELS], tgids[TRACEE_PID_LEVELS];
};

/* Exactly len bytes, or -EFAULT; -ESRCH. */
int tracee_read(pid_t tid, struct tracee_ptr from, void *to, size_t len);
/* A NUL-terminated string of at most max - 1 bytes into to (max bytes). -ENAMETOOLONG when it is
 * longer; -EFAULT. */
int tracee_read_string(pid_t tid, struct tracee_ptr from, char *to, size_t max, size_t *ret_len);
int tracee_read_path(pid_t tid, struct tracee_ptr from, struct tracee_path *ret);

/* O_PATH descriptors of what the caller's root, cwd, or descriptor number refer to. -EBADF for a
 * number that is not open. */
int tracee_open_root(int proc_fd, pid_t tid, int *ret_fd);
int tracee_open_exe(int proc_fd, pid_t tid, int *ret_fd);
int tracee_open_cwd(int proc_fd, pid_t tid, int *ret_fd);
int tracee_open_fd(int proc_fd, pid_t tid, int number, int *ret_fd);
/* Was the descriptor opened with O_PATH? */
int tracee_fd_is_path(int proc_fd, pid_t tid, int number, bool *ret);
/* As many descriptors are open as RLIMIT_NOFILE allows: a new one would be EMFILE. Kernels
 * before 6.2 do not tell: false. */
bool tracee_fd_table_full(int proc_fd, pid_t tid);

/* -E2BIG: more than TRACEE_GROUPS_MAX supplementary groups. */
int tracee_read_creds(int proc_fd, pid_t tid, struct tracee_creds *ret);
/* Inode number of the caller's user namespace (nsfs). */
int tracee_userns_ino(int proc_fd, pid_t tid, ino_t *ret);
/* A signal that is neither blocked nor ignored waits for the thread. */
bool tracee_signal_pending(int proc_fd, pid_t tid);
/* Device number of the controlling terminal, 0 = none. */
int tracee_tty(int proc_fd, pid_t tid, dev_t *ret);

#endif

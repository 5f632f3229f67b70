/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of others by number, safe against reuse of the number: a pid is only meant together with its start time. */
#ifndef SANDLOCK_HOST_PROCESS_H
#define SANDLOCK_HOST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/<pid>/stat. -ESRCH: no such process, or it is a zombie or dead already. */
int host_process_start_time(pid_t pid, uint64_t *ret);
/* A live, non-zombie process with that start time. */
bool host_process_is(pid_t pid, uint64_t start_time);
/*
 * A pidfd (CLOEXEC) of exactly that process; -ESRCH as above. The start time is compared after the descriptor was
 * opened, so that a reuse in between is noticed.
 */
int host_process_open(pid_t pid, uint64_t start_time, int *ret_fd);
/* Waits for the end of a child and reaps it. ret_status: as waitpid(2) has it, or NULL. 0 or -errno (-ECHILD: no child of ours). */
int host_reap(pid_t pid, int *ret_status);
int host_process_signal(int pidfd, int sig);
/* Waits for the end of any process (child or not), timeout_ms -1 = for ever. -ETIMEDOUT. Does not reap. */
int host_process_wait(int pidfd, int timeout_ms);

#endif

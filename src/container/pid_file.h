/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How create, run and exec tell their caller which process it is, and which descriptors they take along. */
#ifndef SANDLOCK_CONTAINER_PID_FILE_H
#define SANDLOCK_CONTAINER_PID_FILE_H

#include <stdint.h>
#include <sys/types.h>

struct err;

int pid_file_write(const char *path, pid_t pid, struct err **err);
/* Sends a pidfd over the AF_UNIX stream socket at path (--pidfd-socket). */
int pid_file_send_pidfd(const char *path, pid_t pid, uint64_t start_time, struct err **err);
/* LISTEN_FDS of our environment: *preserve_fds grows by it, *ret_listen_fds is it (0: not set or nonsense). */
void pid_file_listen_fds(unsigned *preserve_fds, unsigned *ret_listen_fds);

#endif

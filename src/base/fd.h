/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors: whole reads and writes, passing them over AF_UNIX sockets. All return 0 (or a count) or -errno. */
#ifndef SANDLOCK_BASE_FD_H
#define SANDLOCK_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

struct buf;

/* Writes all of it; retries EINTR and short writes. */
int fd_write_all(int fd, const void *data, size_t len);
/* Reads until len bytes or end of file; *ret_len says how many. */
int fd_read_full(int fd, void *data, size_t len, size_t *ret_len);
/* Appends everything up to end of file to out; -EFBIG when more than max bytes come. */
int fd_read_to_buf(int fd, size_t max, struct buf *out);
int fd_set_cloexec(int fd, int on);

/* Connects a SOCK_STREAM socket (CLOEXEC) to a path of any length. */
int fd_connect_unix(const char *path, int *ret_fd);
/* The same for SOCK_DGRAM and others; "@name" is an abstract address. */
int fd_connect_unix_type(const char *path, int type, int *ret_fd);
/* socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC). */
int fd_socketpair(int ret_fds[2]);
/* One message with n_fds (0 to 8) descriptors attached. len must be > 0. Never raises SIGPIPE. */
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds);
/* The same by sendmmsg, which no notify filter of ours traps: for handing over that filter's listener. */
int fd_send_untrapped(int sock, const void *data, size_t len, const int *fds, size_t n_fds);
/*
 * One message. Descriptors are received CLOEXEC; *n_fds in: room, out: number received (surplus ones are closed). *ret_len 0 = the peer is gone.
 * A message longer than len is -EMSGSIZE (and its descriptors are closed).
 */
int fd_recv(int sock, void *data, size_t len, size_t *ret_len, int *ret_fds, size_t *n_fds);

#endif

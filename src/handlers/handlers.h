/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers that syscalls.def names, under the file that defines them. All run in a supervisor
 * worker thread; see request.h for the contract. */
#ifndef SANDLOCK_HANDLERS_HANDLERS_H
#define SANDLOCK_HANDLERS_HANDLERS_H

#include <stdbool.h>

struct request;
struct reply;
struct parked;
struct tracee_path;

/* open.c */
int handle_open(struct request *rq, struct reply *reply);
int handle_creat(struct request *rq, struct reply *reply);
int handle_openat2(struct request *rq, struct reply *reply);

/* fifo.c: tries a parked open again. -EAGAIN: not yet. 0: ret_fd is the open file. Other: the
 * caller's errno. */
int fifo_retry(struct request *rq, const struct parked *parked, int *ret_fd);
void parked_free(struct parked *parked);

/* attr.c */
int handle_chmod(struct request *rq, struct reply *reply);
int handle_chown(struct request *rq, struct reply *reply);
int handle_truncate(struct request *rq, struct reply *reply);

/* times.c */
int handle_utime(struct request *rq, struct reply *reply);
int handle_utimes(struct request *rq, struct reply *reply);
int handle_utimensat(struct request *rq, struct reply *reply);

/* xattr.c */
int handle_setxattr(struct request *rq, struct reply *reply);
int handle_setxattrat(struct request *rq, struct reply *reply);
int handle_removexattr(struct request *rq, struct reply *reply);

/* inode_flags.c */
int handle_ioctl(struct request *rq, struct reply *reply);
int handle_file_setattr(struct request *rq, struct reply *reply);

/* link.c */
int handle_link(struct request *rq, struct reply *reply);

/* creds.c */
int handle_creds(struct request *rq, struct reply *reply);
int handle_umask(struct request *rq, struct reply *reply);

/* exec.c */
int handle_exec(struct request *rq, struct reply *reply);
/* The interpreter that the kernel opens by itself when it executes fd; false: none. */
bool exec_find_interpreter(int fd, struct tracee_path *ret);

/* path.c: calls that are only notified while the live root is populated lazily */
int handle_path(struct request *rq, struct reply *reply);
int handle_two_paths(struct request *rq, struct reply *reply);
int handle_remove(struct request *rq, struct reply *reply);
int handle_rename(struct request *rq, struct reply *reply);
int handle_socket_address(struct request *rq, struct reply *reply);
int handle_sendmsg(struct request *rq, struct reply *reply);

/* mount.c */
int handle_mount(struct request *rq, struct reply *reply);

/* bind.c */
int handle_open_tree(struct request *rq, struct reply *reply);

#endif

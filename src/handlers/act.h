/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting on a checked object as the container process would: its credentials, its umask; with a
 * copy-up first when the object is a shared file. Supervisor worker threads.
 */
#ifndef SANDLOCK_HANDLERS_ACT_H
#define SANDLOCK_HANDLERS_ACT_H

struct live_name;
struct object;
struct request;
struct service;
struct worker_creds;

/*
 * Switches the thread to the caller's ids, groups, effective capabilities and umask. Between
 * act_as_caller and act_as_self nothing but the operation on the caller's behalf may be done. A
 * caller in a nested user namespace acts with its ids but without capabilities (its capabilities
 * mean nothing in ours).
 */
int act_as_caller(struct request *rq);
/* Back to the supervisor's capabilities; the ids stay until the next caller (capabilities, not ids,
 * are what we need). */
void act_as_self(struct request *rq);
/* Before a call that act_on_descriptor may take: nothing if that can be done with what the thread has, else as act_as_self. */
void act_for_descriptor(struct request *rq);
/* With the supervisor's ids and umask too: for populating, where what is made belongs to whoever makes it. */
void act_as_supervisor(struct request *rq);
/* The same for a thread that serves no requests. */
void act_thread_as_supervisor(const struct service *svc, struct worker_creds *me);

/*
 * The whole of that around one operation, which for a caller with capabilities in a nested user namespace is done by a child (nested.h): fn
 * must make system calls only. It returns 0, or with ret_fd a new descriptor, or -errno.
 */
int act_call(struct request *rq, int (*fn)(void *arg), void *arg, int *ret_fd);

/*
 * fd is the object or its private copy. path: "/proc/self/fd/N" of it if fd is an O_PATH descriptor, NULL if it is an open file. Called as the caller. Returns 0 or
 * -errno. May be called twice (probe on an empty file of the same owner and mode, then for real).
 */
typedef int (*act_fn)(int fd, const char *path, void *arg);

/*
 * For a call that names a descriptor: performs fn on the caller's own open file, fetched through a pidfd, when that is an object that needs no copy-up and the caller's
 * credentials are known. A third of the system calls of act_on_object, which takes the others: 1, nothing has been done then. (pidfd_getfd(2) and the caller's
 * memory need ptrace access, so CAP_SYS_PTRACE is kept meanwhile; no operation on an open file asks for that one. The thread stays so: act_as_self.)
 */
int act_on_descriptor(struct request *rq, int number, act_fn fn, void *arg);

#define ACT_NO_DATA (1u << 0) /* the content does not survive the operation (truncate to 0) */
/*
 * Performs fn on the object; shared files are copied up, and the copy is published only if fn
 * succeeded on it. -EAGAIN: the name changed meanwhile, resolve again.
 */
int act_on_object(struct request *rq, const struct object *obj, act_fn fn, void *arg,
		  unsigned flags);

/*
 * Gives a shared object a private inode under its live name (ln, LIVE_NAMED), without any other change. The caller's
 * right to do what it is about to do has been checked. -EAGAIN as above (also the normal success of
 * a rival).
 */
int act_copy_up(struct request *rq, const struct object *obj, const struct live_name *ln,
		unsigned flags);

#endif

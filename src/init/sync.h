/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
/*
 * The conversation between create (or exec) and init over one SOCK_SEQPACKET pair. One message is one packet:
 *
 *	u32 type	enum sync_type
 *	i32 code	errno for ERROR, a pid for CLONED, 1 for MAPPED with a live root that is still being populated, else 0
 *	char text[]	no NUL; at most SYNC_TEXT_MAX bytes
 *
 * with at most one descriptor attached. EOF without a message is a failure of the peer. Order for create:
 *
 *	intermediate process (only when namespaces are joined early)
 *	  #0 CLONED pid		-> create	who the container's init is
 *	init
 *	  #1 MAPPED		<- create	id maps are written, cgroup joined, root prepared: go
 *	  #2 MOUNTED		-> create	mounts are done, the old root is still there
 *	  #3 HOOKED		<- create	prestart and createRuntime hooks are done
 *	  CONSOLE fd		-> create	foreground terminal (only when asked for)
 *	  #4 LISTENER fd	-> create	the notify filter is loaded
 *	  #4a AGENT fd		-> create	a profile with SCMP_ACT_NOTIFY is loaded (never both); sent by init's courier
 *	  #5 SERVED		<- create	the supervisor answers, or the agent has the descriptor
 *	  #6 READY		-> create	parked on the exec fifo (create); about to execve (exec)
 *
 * At any time before READY init may send WARNING (goes on) or ERROR (ends it); create ends init by killing it. exec leaves out #2 and #3, and
 * ERROR may follow READY: EOF then means that execve has succeeded.
 */
/* clang-format on */
#ifndef SANDLOCK_INIT_SYNC_H
#define SANDLOCK_INIT_SYNC_H

#include <stdint.h>

struct err;

#define SYNC_TEXT_MAX 4000

enum sync_type {
	SYNC_CLONED = 1,
	SYNC_MAPPED,
	SYNC_MOUNTED,
	SYNC_HOOKED,
	SYNC_CONSOLE,
	SYNC_LISTENER,
	SYNC_AGENT,
	SYNC_SERVED,
	SYNC_READY,
	SYNC_WARNING,
	SYNC_ERROR,
};

struct sync_msg {
	enum sync_type type;
	int code;
	int fd; /* -EBADF when none came; the receiver owns it */
	char text[SYNC_TEXT_MAX + 1];
};

/* text may be NULL, fd -EBADF. A longer text is cut. 0 or -errno. */
int sync_send(int sock, enum sync_type type, int code, const char *text, int fd);
/* Blocks for one message. -ECONNRESET: the peer is gone; -EBADMSG: nonsense. */
int sync_recv(int sock, struct sync_msg *ret);
/* Receives and insists on `type`, whose code it returns; an ERROR message becomes *err, anything else -EBADMSG. An
 * attached descriptor is closed. */
int sync_expect(int sock, enum sync_type type, struct err **err);
/* Sends *err as ERROR. */
void sync_send_err(int sock, const struct err *err);

#endif

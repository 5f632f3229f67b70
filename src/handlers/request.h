/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One trapped system call, from notification to answer, and the ways to answer it. A handler runs
 * in a supervisor worker thread and returns 0 with the reply filled in, or -errno, which becomes
 * the caller's errno. There is no other way to answer.
 */
#ifndef SANDLOCK_HANDLERS_REQUEST_H
#define SANDLOCK_HANDLERS_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracee/tracee.h"

struct cow;
struct cred_cache;
struct request;
struct syscall_row;

/* A row of the container's device cgroup, evaluated here because the supervisor is not in that
 * cgroup. */
struct device_rule {
	bool allow;
	char type;	      /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: all */
	bool read, write, mknod;
};

/* What all requests of one container share; constant once serving has begun, except where noted. */
struct service {
	struct cow *cow;
	int proc_fd;	 /* /proc of the supervisor's pid namespace, O_PATH */
	int self_fd_dir; /* /proc/self/fd, O_PATH */
	ino_t userns_ino;
	bool has_device_rules; /* false: every device may be opened */
	const struct device_rule *device_rules;
	size_t n_device_rules;
	/* Called by a handler before it does what may take long (copying data, a mount): somebody else must receive meanwhile. */
	void (*may_block)(struct request *rq);
	/* Called before what is not the quickest: is somebody else waiting to be received? */
	void (*look_around)(struct request *rq);
	uint64_t permitted; /* capabilities of the supervisor */
	bool groups_denied; /* setgroups(2) is denied in this user namespace: nobody's groups can
			       differ */
	/* The live root's place in its file system, as mountinfo shows it. */
	char root_in_fs[PATH_MAX];
	/* The live root in the container's mounts, O_PATH; -EBADF until a caller has shown it. Shared by all threads. */
	atomic_int *container_root;
	/* Of a procfs that has shown its callers (own_link.c); 0: none yet. Shared by all threads. */
	_Atomic dev_t *procfs_dev;
	struct cred_cache *cred_cache; /* has its own lock */
	uid_t uid;		       /* the supervisor's own ids */
	gid_t gid;
	unsigned protected_symlinks, protected_regular,
		protected_fifos; /* sysctl fs.protected_* at start: 0, 1 or 2 */
};

/* Credentials a worker thread has at the moment; see act.h. */
struct worker_creds {
	uid_t euid, fsuid;
	gid_t egid, fsgid;
	bool groups_known;
	size_t n_groups;
	gid_t groups[TRACEE_GROUPS_MAX];
	uint64_t effective;
	uint32_t umask;
};

struct request {
	const struct service *svc;
	void *owner;		 /* of the dispatcher, for may_block */
	struct worker_creds *me; /* of this thread */
	int listener;
	uint64_t id;
	pid_t tid;
	const struct syscall_row *row;
	const uint64_t *args;
	bool creds_known;
	struct tracee_creds creds;
	/* The caller is in a nested user namespace and has these capabilities there; creds.effective is empty then. */
	bool nested;
	uint64_t nested_effective;
	bool stay_caller; /* what comes after the look-up is done as the caller too; see lookup_object */
	bool only_touching; /* path.c: the look-up is for populating, not for an answer */
	int populate_error; /* what it failed with */
};

/* Why a call may be left to the kernel although its memory can change after we looked
 * (seccomp_unotify(2)). */
enum continue_reason {
	/* link(2): whatever the path names by then, a new name for an inode modifies neither data
	   nor mode; at worst one hard link is split. */
	CONTINUE_LINK_MODIFIES_NOTHING = 1,
	/* A bind mount: a second place for whatever the path names by then; at worst it goes on to show the file as it was. */
	CONTINUE_MOUNT_MODIFIES_NOTHING,
	/* set*id, execve and the like: not guarded at all; we only forget what we knew of the caller before the kernel does it. */
	CONTINUE_OWN_CREDENTIALS,
	/* A path call that the filter would allow if the live root were complete: the registers alone, which cannot change, say that it
	   modifies no existing inode. */
	CONTINUE_NOT_GUARDED,
	/* No inode of the live root is a lower's: whatever the call becomes, it modifies what is the container's own. */
	CONTINUE_NOTHING_SHARED,
};

/* A call that waits for something outside (the other end of a FIFO) and is tried again by the
 * loop's timer. */
struct parked {
	int fd; /* O_PATH descriptor of the checked object, owned */
	int flags;
	bool cloexec;
	struct tracee_creds creds;
};

enum reply_kind {
	REPLY_VALUE,
	REPLY_FD,
	REPLY_CONTINUE,
	REPLY_PARK,
};

struct reply {
	enum reply_kind kind;
	int64_t value;
	int fd;	      /* REPLY_FD: owned; installed in the caller and closed here */
	bool cloexec; /* REPLY_FD: in the caller */
	enum continue_reason reason;
	struct parked *parked; /* REPLY_PARK: owned, malloc */
};

static inline int reply_value(struct reply *reply, int64_t value)
{
	reply->kind = REPLY_VALUE;
	reply->value = value;
	return 0;
}

static inline int reply_fd(struct reply *reply, int fd, bool cloexec)
{
	reply->kind = REPLY_FD;
	reply->fd = fd;
	reply->cloexec = cloexec;
	return 0;
}

static inline int reply_continue(struct reply *reply, enum continue_reason reason)
{
	reply->kind = REPLY_CONTINUE;
	reply->reason = reason;
	return 0;
}

static inline int reply_park(struct reply *reply, struct parked *parked)
{
	reply->kind = REPLY_PARK;
	reply->parked = parked;
	return 0;
}

/* Argument n as the kernel would take it: registers are 64 bits wide, int arguments their low half.
 */
static inline int request_int(const struct request *rq, unsigned n)
{
	return (int)(uint32_t)rq->args[n];
}

static inline struct tracee_ptr request_ptr(const struct request *rq, unsigned n)
{
	return (struct tracee_ptr){rq->args[n]};
}

/* Is the caller still the one whose memory and /proc entries were read? -ESRCH if not. */
int request_check_alive(const struct request *rq);
/* Reads the caller's credentials once per request. */
int request_need_creds(struct request *rq);

#endif

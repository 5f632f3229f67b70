/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount(2) of a new file system, made for the caller by a child that has joined its namespaces,
 * with our own copies of all strings: what was checked is what is mounted. An overlay is refused,
 * because with its upper directory in the live root the kernel would write to shared inodes without
 * a system call that we see. Supervisor worker thread, then its child.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "handlers/bind.h"
#include "handlers/handlers.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "host/pidfd.h"
#include "host/process.h"
#include "host/thread_cred.h"

/* Defined by the raw mount call; libc's <sys/mount.h> does not go with <linux/mount.h>. */
#define MOUNT_DATA_MAX 4096

struct mount_call {
	char source[PATH_MAX], type[64], data[MOUNT_DATA_MAX];
	struct tracee_path target;
	bool has_source, has_data;
	unsigned long flags;
	struct tracee_creds creds;
	int namespaces, cwd, root; /* descriptors of the caller's */
	int others;		   /* CLONE_NEW* of its namespaces that are not ours */
};

/* File systems that write through to other inodes, or that need a descriptor of the caller's
 * (fuse). */
static const char *const refused_types[] = {"overlay", "fuse", "fuseblk", "ecryptfs", "aufs"};

static int read_optional(struct request *rq, unsigned reg, char *to, size_t max, bool *ret_there)
{
	struct tracee_ptr ptr = request_ptr(rq, reg);
	size_t len;

	*ret_there = ptr.addr != 0;
	return *ret_there ? tracee_read_string(rq->tid, ptr, to, max, &len) : 0;
}

static int read_call(struct request *rq, struct mount_call *call)
{
	size_t len;
	int r;

	call->flags = rq->args[3];
	if ((call->flags & MS_MGC_MSK) == MS_MGC_VAL)
		call->flags &= ~(unsigned long)MS_MGC_MSK;
	r = tracee_read_path(rq->tid, request_ptr(rq, 1), &call->target);
	if (r == 0)
		r = read_optional(rq, 0, call->source, sizeof(call->source), &call->has_source);
	if (r == 0 && rq->args[2] == 0)
		r = -EINVAL; /* a new file system needs a type */
	if (r == 0)
		r = tracee_read_string(rq->tid, request_ptr(rq, 2), call->type, sizeof(call->type),
				       &len);
	if (r == -ENAMETOOLONG)
		r = -ENODEV;
	if (r == 0)
		r = read_optional(rq, 4, call->data, sizeof(call->data), &call->has_data);
	return r;
}

static bool is_refused(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_types); i++)
		if (strncmp(type, refused_types[i], strlen(refused_types[i])) == 0)
			return true;
	return false;
}

/* The last process: has the caller's pid namespace too (procfs shows the one of its mounter). */
static int mount_in_child(const struct mount_call *call)
{
	const struct tracee_creds *c = &call->creds;
	uint64_t effective, permitted;

	if (fchdir(call->root) < 0 || chroot(".") < 0 || fchdir(call->cwd) < 0)
		return errno;
	/* setns gave every capability of the namespace; the caller's decide. */
	if (host_thread_get_caps(&effective, &permitted) < 0 ||
	    host_thread_set_uid(c->euid, c->fsuid) < 0 ||
	    host_thread_set_effective(c->effective, permitted) < 0)
		return EPERM;
	if (syscall(SYS_mount, call->has_source ? call->source : NULL, call->target.bytes,
		    call->type, call->flags, call->has_data ? call->data : NULL) < 0)
		return errno;
	return 0;
}

static int wait_status(pid_t pid)
{
	int status;

	if (host_reap(pid, &status) < 0)
		return ECHILD;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/* The first child: joins, and forks once more, since a pid namespace takes effect for children
 * only. */
static ATTR_NORETURN void join_and_mount(const struct mount_call *call)
{
	pid_t pid;
	int error;

	if (call->others && setns(call->namespaces, call->others) < 0)
		_exit(EPERM);
	pid = fork();
	if (pid < 0)
		_exit(EAGAIN);
	if (pid == 0) {
		error = mount_in_child(call);
		_exit(error < 256 ? error : EIO);
	}
	_exit(wait_status(pid));
}

static int run(const struct mount_call *call)
{
	/* fork, not vfork: the child changes namespaces and root. It has this thread only, and uses
	 * no locks but malloc's, which fork keeps sane. */
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		join_and_mount(call);
	return -wait_status(pid);
}

/*
 * Joining our own namespace again is an error for the user namespace, and for others where they belong to a namespace above ours: the host's network or
 * control groups in a container of an ordinary user.
 */
static int find_others(struct request *rq, int *ret)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},	{"pid", CLONE_NEWPID},
		{"net", CLONE_NEWNET},	 {"ipc", CLONE_NEWIPC}, {"cgroup", CLONE_NEWCGROUP},
	};
	int others = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char ours[32], theirs[40];
		struct stat a, b;

		snprintf(ours, sizeof(ours), "self/ns/%s", kinds[i].name);
		snprintf(theirs, sizeof(theirs), "%d/ns/%s", (int)rq->tid, kinds[i].name);
		if (fstatat(rq->svc->proc_fd, ours, &a, 0) < 0 ||
		    fstatat(rq->svc->proc_fd, theirs, &b, 0) < 0)
			return -errno;
		if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			others |= kinds[i].flag;
	}
	*ret = others;
	return 0;
}

static int open_caller(struct request *rq, struct mount_call *call)
{
	int r;

	r = request_need_creds(rq);
	if (r < 0)
		return r;
	call->creds = rq->creds;
	/* In its own user namespace the caller's real capabilities count, which request_need_creds
	 * hides from us. */
	r = tracee_read_creds(rq->svc->proc_fd, rq->tid, &call->creds);
	if (r == 0)
		r = tracee_open_root(rq->svc->proc_fd, rq->tid, &call->root);
	if (r == 0)
		r = tracee_open_cwd(rq->svc->proc_fd, rq->tid, &call->cwd);
	if (r == 0)
		r = find_others(rq, &call->others);
	if (r < 0)
		return r;
	/* setns with a pidfd, 5.8: all namespaces of one process in one step. The leader's
	 * namespaces; threads rarely differ. */
	call->namespaces = host_pidfd_open(call->creds.tgid);
	return call->namespaces < 0 ? call->namespaces : request_check_alive(rq);
}

/* As the filter decides. The old magic in the upper half contains the bit of MS_PRIVATE. */
static bool is_new_fs(unsigned long flags)
{
	return (flags & MS_MGC_MSK) == MS_MGC_VAL ||
	       !(flags & (MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE |
			  MS_UNBINDABLE));
}

/* Without MS_BIND notified only while the live root is populated lazily. */
static int continue_mount(struct request *rq, struct reply *reply)
{
	int r = path_touch(rq, AT_FDCWD, request_ptr(rq, 1), 0);

	if (r == 0 && (rq->args[3] & MS_BIND) && !(rq->args[3] & MS_REMOUNT)) {
		r = bind_before(rq, AT_FDCWD, request_ptr(rq, 0), 0);
		return r < 0 ? r : reply_continue(reply, CONTINUE_MOUNT_MODIFIES_NOTHING);
	}
	if (r == 0 && (rq->args[3] & MS_MOVE))
		r = path_touch(rq, AT_FDCWD, request_ptr(rq, 0), 0);
	return path_continue(rq, r, reply);
}

int handle_mount(struct request *rq, struct reply *reply)
{
	cleanup_free struct mount_call *call = NULL;
	int r;

	if (!is_new_fs(rq->args[3]))
		return continue_mount(rq, reply);
	r = path_touch(rq, AT_FDCWD, request_ptr(rq, 1), 0);
	if (r < 0)
		return r;
	call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->namespaces = call->cwd = call->root = -EBADF;
	r = read_call(rq, call);
	if (r == 0 && is_refused(call->type))
		r = -ENODEV;
	if (r == 0)
		r = open_caller(rq, call);
	if (r == 0) {
		rq->svc->may_block(rq);
		r = run(call);
	}
	close_fd(&call->namespaces);
	close_fd(&call->cwd);
	close_fd(&call->root);
	return r < 0 ? r : reply_value(reply, 0);
}

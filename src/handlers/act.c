/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting as the container process: credentials of the worker thread, and the frame "copy up, act on
 * the private copy, publish". Supervisor. Untrusted: the caller's credentials are the kernel's word
 * (/proc), not the caller's.
 */
#include <config.h>

#include "handlers/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "cow/cow.h"
#include "handlers/cred_cache.h"
#include "handlers/live_name.h"
#include "handlers/nested.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "host/seccomp_sys.h"
#include "host/thread_cred.h"

int request_check_alive(const struct request *rq)
{
	return host_notif_id_valid(rq->listener, rq->id) ? 0 : -ESRCH;
}

/* user_namespaces(7): capabilities of a nested namespace say nothing about ours. */
static int check_nested(const struct request *rq, struct cached_creds *c)
{
	ino_t userns;
	int r;

	if (!c->creds.effective)
		return 0;
	r = tracee_userns_ino(rq->svc->proc_fd, rq->tid, &userns);
	if (r < 0 || userns == rq->svc->userns_ino)
		return r;
	c->nested = true;
	c->nested_effective = c->creds.effective;
	c->creds.effective = 0;
	return 0;
}

static int read_creds(const struct request *rq, struct cached_creds *ret)
{
	uint64_t begun = cred_cache_begin(rq->svc->cred_cache);
	int r;

	ret->nested = false;
	ret->nested_effective = 0;
	r = tracee_read_creds(rq->svc->proc_fd, rq->tid, &ret->creds);
	if (r == 0)
		r = check_nested(rq, ret);
	if (r == 0)
		r = request_check_alive(rq);
	if (r == 0)
		cred_cache_add(rq->svc->cred_cache, rq->tid, ret, begun);
	return r;
}

int request_need_creds(struct request *rq)
{
	struct cached_creds c;
	int r;

	if (rq->creds_known)
		return 0;
	if (!cred_cache_find(rq->svc->cred_cache, rq->tid, &c)) {
		r = read_creds(rq, &c);
		if (r < 0)
			return r;
	}
	rq->creds = c.creds;
	rq->nested = c.nested;
	rq->nested_effective = c.nested_effective;
	rq->creds_known = true;
	return 0;
}

static bool same_groups(const struct worker_creds *me, const struct tracee_creds *c)
{
	return me->groups_known && me->n_groups == c->n_groups &&
	       memcmp(me->groups, c->groups, c->n_groups * sizeof(gid_t)) == 0;
}

static int take_groups(struct request *rq)
{
	const struct tracee_creds *c = &rq->creds;
	struct worker_creds *me = rq->me;
	int r;

	if (rq->svc->groups_denied || same_groups(me, c))
		return 0;
	act_as_self(rq); /* what the last caller had left may not include CAP_SETGID */
	me->groups_known = false;
	r = host_thread_set_groups(c->groups, c->n_groups);
	if (r < 0)
		return r;
	memcpy(me->groups, c->groups, c->n_groups * sizeof(gid_t));
	me->n_groups = c->n_groups;
	me->groups_known = true;
	return 0;
}

static int take_ids(struct request *rq)
{
	const struct tracee_creds *c = &rq->creds;
	struct worker_creds *me = rq->me;
	int r = 0;

	if (me->egid != c->egid || me->fsgid != c->fsgid) {
		act_as_self(rq);
		r = host_thread_set_gid(c->egid, c->fsgid);
		me->egid = r < 0 ? (gid_t)-1 : c->egid;
		me->fsgid = c->fsgid;
	}
	if (r == 0 && (me->euid != c->euid || me->fsuid != c->fsuid)) {
		act_as_self(rq);
		r = host_thread_set_uid(c->euid, c->fsuid);
		me->euid = r < 0 ? (uid_t)-1 : c->euid;
		me->fsuid = c->fsuid;
	}
	return r;
}

/* Everything but the capabilities. */
static int take_identity(struct request *rq)
{
	struct worker_creds *me = rq->me;
	int r;

	r = request_need_creds(rq);
	if (r == 0)
		r = take_groups(rq);
	if (r == 0)
		r = take_ids(rq);
	if (r == 0 && me->umask != rq->creds.umask) {
		umask((mode_t)rq->creds.umask);
		me->umask = rq->creds.umask;
	}
	return r;
}

static int take_effective(struct request *rq, uint64_t effective)
{
	struct worker_creds *me = rq->me;
	int r;

	effective &= rq->svc->permitted;
	if (effective == me->effective)
		return 0;
	r = host_thread_set_effective(effective, rq->svc->permitted);
	if (r == 0)
		me->effective = effective;
	return r;
}

int act_as_caller(struct request *rq)
{
	int r = take_identity(rq);

	return r < 0 ? r : take_effective(rq, rq->creds.effective);
}

void act_as_self(struct request *rq)
{
	/* Raising effective to permitted cannot be refused (capabilities(7)); if it were, every
	 * later call would fail with EPERM. */
	take_effective(rq, rq->svc->permitted);
}

void act_for_descriptor(struct request *rq)
{
	if (!(rq->me->effective & (1ull << CAP_SYS_PTRACE)))
		act_as_self(rq);
}

void act_as_supervisor(struct request *rq)
{
	act_as_self(rq);
	act_thread_as_supervisor(rq->svc, rq->me);
}

void act_thread_as_supervisor(const struct service *svc, struct worker_creds *me)
{
	if (me->egid != svc->gid || me->fsgid != svc->gid) {
		me->egid = host_thread_set_gid(svc->gid, svc->gid) < 0 ? (gid_t)-1 : svc->gid;
		me->fsgid = svc->gid;
	}
	if (me->euid != svc->uid || me->fsuid != svc->uid) {
		me->euid = host_thread_set_uid(svc->uid, svc->uid) < 0 ? (uid_t)-1 : svc->uid;
		me->fsuid = svc->uid;
	}
	if (me->umask != 0) {
		umask(0);
		me->umask = 0;
	}
}

int act_call(struct request *rq, int (*fn)(void *arg), void *arg, int *ret_fd)
{
	int r = take_identity(rq);

	if (r < 0)
		return r;
	if (rq->nested) {
		act_as_self(rq);
		return nested_call(rq, fn, arg, ret_fd);
	}
	r = act_as_caller(rq);
	if (r == 0)
		r = fn(arg);
	act_as_self(rq);
	if (r >= 0 && ret_fd)
		*ret_fd = r;
	return MIN(r, 0);
}

struct object_call {
	act_fn fn;
	int fd;
	bool is_open;
	void *arg;
};

static int call_object(void *arg)
{
	const struct object_call *call = arg;
	char path[48];

	if (call->is_open)
		return call->fn(call->fd, NULL, call->arg);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", call->fd);
	return call->fn(call->fd, path, call->arg);
}

static int call_as_caller(struct request *rq, int fd, bool is_open, act_fn fn, void *arg)
{
	struct object_call call = {.fn = fn, .fd = fd, .is_open = is_open, .arg = arg};

	return act_call(rq, call_object, &call, NULL);
}

/* Owner or CAP_FOWNER: metadata changes will hardly be refused, so the probe is not worth its file.
 */
static bool likely_permitted(const struct request *rq, const struct object *obj)
{
	return rq->creds.fsuid == obj->st.st_uid || (rq->creds.effective & (1ull << CAP_FOWNER));
}

/* What would the kernel say? Asked of an empty file with the same owner, mode and xattrs, which is
 * thrown away. */
static int probe(struct request *rq, const struct object *obj, const struct live_name *ln,
		 act_fn fn, void *arg)
{
	struct cow_copy *copy;
	int r;

	r = cow_copy_begin(rq->svc->cow, ln->parent, ln->name, obj->st.st_dev, obj->st.st_ino,
			   COW_NO_DATA, &copy);
	if (r < 0)
		return r;
	r = call_as_caller(rq, cow_copy_fd(copy), true, fn, arg);
	cow_copy_abort(copy);
	return r;
}

static int publish(const struct live_name *ln, struct cow_copy *copy)
{
	int r = cow_copy_publish(copy, ln->path);

	return r == -ENOENT ? -EAGAIN : r;
}

/* Small files are copied faster than another thread gets up. */
#define QUICK_COPY (64 * 1024)

static int begin(struct request *rq, const struct object *obj, const struct live_name *ln,
		 unsigned flags, struct cow_copy **ret)
{
	static const struct timespec modified_now[] = {{.tv_nsec = UTIME_OMIT},
						       {.tv_nsec = UTIME_NOW}};
	int r;

	if (!(flags & ACT_NO_DATA) && obj->st.st_size > QUICK_COPY)
		rq->svc->may_block(rq);
	r = cow_copy_begin(rq->svc->cow, ln->parent, ln->name, obj->st.st_dev, obj->st.st_ino,
			   flags & ACT_NO_DATA ? COW_NO_DATA : 0, ret);
	/* What comes is a truncation to nothing; of a file that is empty already, tmpfs would not take note of it. */
	if (r == 0 && (flags & ACT_NO_DATA) && obj->st.st_size > 0 &&
	    futimens(cow_copy_fd(*ret), modified_now) < 0) {
		r = -errno;
		cow_copy_abort(*ret);
	}
	return r == -ENOENT ? -EAGAIN : r;
}

static int act_on_named(struct request *rq, const struct object *obj, const struct live_name *ln,
			act_fn fn, void *arg, unsigned flags)
{
	struct cow_copy *copy;
	int r;

	r = request_need_creds(rq);
	if (r == 0 && !likely_permitted(rq, obj))
		r = probe(rq, obj, ln, fn, arg);
	if (r < 0)
		return r;
	r = begin(rq, obj, ln, flags, &copy);
	if (r < 0)
		return r;
	r = call_as_caller(rq, cow_copy_fd(copy), true, fn, arg);
	if (r < 0) {
		cow_copy_abort(copy);
		return r;
	}
	return publish(ln, copy);
}

/*
 * A shared file without a name can only be reached by descriptors that were opened read-only. The
 * operation is judged on a private copy; its effect is not visible through the old descriptor
 * (docs/design/cow.md, "known differences").
 */
static int act_on_gone(struct request *rq, const struct object *obj, act_fn fn, void *arg)
{
	cleanup_fd int fd = -EBADF;
	int r;

	r = cow_copy_unnamed(rq->svc->cow, obj->fd, &fd);
	return r < 0 ? r : call_as_caller(rq, fd, true, fn, arg);
}

int act_on_object(struct request *rq, const struct object *obj, act_fn fn, void *arg,
		  unsigned flags)
{
	struct live_name ln;
	int r;

	if (!obj->shared)
		return call_as_caller(rq, obj->fd, false, fn, arg);
	act_as_self(rq);
	r = object_check_writable(obj);
	if (r == 0)
		r = live_name_find(rq, obj, &ln);
	if (r < 0)
		return r;
	if (ln.kind == LIVE_NAMED)
		r = act_on_named(rq, obj, &ln, fn, arg, flags);
	else if (ln.kind == LIVE_MOVED)
		r = call_as_caller(rq, ln.moved_fd, false, fn, arg);
	else
		r = act_on_gone(rq, obj, fn, arg);
	live_name_done(&ln);
	return r;
}

/* Is it an object that any call may act on without more ado? */
static bool is_plain(const struct request *rq, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || object_is_shared(rq, &st))
		return false;
	return !S_ISDIR(st.st_mode) || !cow_is_unpopulated(rq->svc->cow, st.st_dev, st.st_ino);
}

int act_on_descriptor(struct request *rq, int number, act_fn fn, void *arg)
{
	cleanup_fd int fd = -EBADF;
	int r;

	r = cred_cache_get_fd(rq->svc->cred_cache, rq->tid, number, &rq->creds, &fd);
	if (r != 0)
		return r;
	if (!is_plain(rq, fd))
		return 1;
	/* The entry's process has this tid; that it is the one who called is said by the notification. */
	r = request_check_alive(rq);
	if (r < 0)
		return r;
	rq->creds_known = true;
	r = take_identity(rq);
	if (r == 0)
		r = take_effective(rq, rq->creds.effective | 1ull << CAP_SYS_PTRACE);
	return r < 0 ? r : fn(fd, NULL, arg);
}

int act_copy_up(struct request *rq, const struct object *obj, const struct live_name *ln,
		unsigned flags)
{
	struct cow_copy *copy;
	int r = begin(rq, obj, ln, flags, &copy);

	return r < 0 ? r : publish(ln, copy);
}

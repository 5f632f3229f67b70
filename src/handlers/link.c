/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link, linkat: a shared file gets its private inode before it gets a second name (as in
 * overlayfs), so that both names stay one file when either is written. The link itself is made by
 * the kernel. Supervisor worker thread.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/live_name.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/object.h"
#include "host/openat2.h"

#define ROUNDS 100

/* linkat's default is not to follow; its flag is the opposite one. */
static int resolve_source(struct request *rq, struct object *ret)
{
	int flags = rq->row->at_flags >= 0 ? request_int(rq, (unsigned)rq->row->at_flags) : 0;
	struct syscall_row row = *rq->row;
	struct request as_nofollow = *rq;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	row.at_flags = NO_REGISTER;
	row.fixed_flags =
		(flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) | (flags & AT_EMPTY_PATH);
	as_nofollow.row = &row;
	return resolve_call(&as_nofollow, 0, 0, ret);
}

static int check_same_mount(int a, int b)
{
	struct statx x, y;

	if (statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0 ||
	    statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &y) < 0)
		return -errno;
	return x.stx_mnt_id == y.stx_mnt_id ? 0 : -EXDEV;
}

/*
 * What an old descriptor of a file without a name was opened anew for: to the caller that file, although it lies on our own mount, where the
 * kernel would say EXDEV, and could be given a name.
 */
static bool is_unnamed_copy(const struct request *rq, const struct object *obj)
{
	return S_ISREG(obj->st.st_mode) && obj->st.st_nlink == 0 &&
	       check_same_mount(obj->fd, cow_root_fd(rq->svc->cow)) == 0;
}

/* The new name, less what link(2) allows directories only. */
static bool strip_slashes(struct tracee_path *path)
{
	bool stripped = false;

	while (path->len > 1 && path->bytes[path->len - 1] == '/') {
		path->bytes[--path->len] = '\0';
		stripped = true;
	}
	return stripped;
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* What linkat(2) says of the new name, in its order. */
static int check_new_name(struct request *rq, const struct object *obj, const struct object *parent,
			  const char *name, bool slash)
{
	int there, r;

	if (!S_ISDIR(parent->st.st_mode))
		return -ENOTDIR;
	r = act_as_caller(rq);
	if (r < 0)
		return r;
	there = host_openat2(parent->fd, name, O_PATH | O_NOFOLLOW, 0, 0);
	act_as_self(rq);
	if (there >= 0) {
		close(there);
		return -EEXIST;
	}
	/* procfs knows no names that are not there yet */
	if (there != -ENOENT || slash || is_procfs(parent->fd))
		return there;
	r = object_check_writable(parent);
	/* a file bound over another one is not in the mount of its neighbours */
	return r < 0 || is_unnamed_copy(rq, obj) ? r : check_same_mount(obj->fd, parent->fd);
}

static bool is_no_name(const struct tracee_path *path)
{
	const char *slash = strrchr(path->bytes, '/');
	const char *name = slash ? slash + 1 : path->bytes;

	return strcmp(name, "") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Where the new name is to be. */
static int find_new_name(struct request *rq, const struct object *obj, struct object *ret_parent,
			 char *ret_name)
{
	/* link has no descriptor for the new name, linkat has */
	bool at = rq->row->at_flags >= 0, slash;
	unsigned op = (unsigned)rq->row->operand;
	int dirfd = at ? request_int(rq, op) : AT_FDCWD;
	struct tracee_path path;
	struct lookup lk;
	int r;

	r = tracee_read_path(rq->tid, request_ptr(rq, at ? op + 1 : op), &path);
	if (r < 0)
		return r;
	slash = strip_slashes(&path);
	r = lookup_begin(rq, dirfd, &path, 0, &lk);
	if (r < 0)
		return r;
	if (is_no_name(&path)) {
		r = lookup_object(rq, &lk, false, ret_parent);
		lookup_done(&lk);
		return r < 0 ? r : -EEXIST;
	}
	r = lookup_parent(rq, &lk, ret_parent, ret_name);
	lookup_done(&lk);
	return r < 0 ? r : check_new_name(rq, obj, ret_parent, ret_name, slash);
}

/* No link to a file whose last name is gone: what linkat(2) says after everything that may be wrong with the new name. */
static int link_gone(struct request *rq, const struct object *obj)
{
	cleanup_object struct object parent = OBJECT_INIT;
	char name[NAME_MAX + 1];
	int r;

	r = find_new_name(rq, obj, &parent, name);
	if (r == 0)
		r = act_as_caller(rq);
	if (r < 0)
		return r;
	r = host_access_fd(parent.fd, W_OK | X_OK);
	act_as_self(rq);
	return r < 0 ? r : -ENOENT;
}

/*
 * The source is an old descriptor of a file that has been copied up since: the new name is for the private file. Made by us, on the objects
 * that were checked, since the kernel would link the old inode.
 */
static int link_moved(struct request *rq, const struct object *obj, int moved_fd)
{
	cleanup_object struct object parent = OBJECT_INIT;
	char name[NAME_MAX + 1], source[16];
	int r;

	r = find_new_name(rq, obj, &parent, name);
	if (r == 0)
		r = act_as_caller(rq);
	if (r < 0)
		return r;
	snprintf(source, sizeof(source), "%d", moved_fd);
	r = linkat(rq->svc->self_fd_dir, source, parent.fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno
											 : 0;
	act_as_self(rq);
	return r;
}

/*
 * linkat(2): AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH. (Since 6.10 also allowed to who opened the descriptor and has not changed since: we cannot know that. Shared
 * files are none that somebody made without a name.)
 */
static int check_empty_path(struct request *rq)
{
	int flags = rq->row->at_flags >= 0 ? request_int(rq, (unsigned)rq->row->at_flags) : 0;
	struct tracee_path path;
	int r;

	if (!(flags & AT_EMPTY_PATH))
		return 0;
	r = tracee_read_path(rq->tid, request_ptr(rq, (unsigned)rq->row->path), &path);
	if (r == 0)
		r = request_need_creds(rq);
	if (r < 0 || path.len > 0)
		return r;
	return rq->creds.effective & (1ull << CAP_DAC_READ_SEARCH) ? 0 : -ENOENT;
}

static int continue_link(struct request *rq, struct reply *reply)
{
	int r = path_touch_second(rq);

	return r < 0 ? r : reply_continue(reply, CONTINUE_LINK_MODIFIES_NOTHING);
}

static int link_shared(struct request *rq, const struct object *obj, struct reply *reply)
{
	struct live_name ln;
	int r;

	r = check_empty_path(rq);
	if (r < 0)
		return r;
	/* nothing can be made there, and the kernel knows what is to be said first */
	if (object_check_writable(obj) < 0)
		return continue_link(rq, reply);
	r = live_name_find(rq, obj, &ln);
	if (r < 0)
		return r;
	if (ln.kind == LIVE_NAMED)
		r = act_copy_up(rq, obj, &ln, 0);
	else if (ln.kind == LIVE_MOVED)
		r = link_moved(rq, obj, ln.moved_fd);
	else
		r = link_gone(rq, obj);
	if (r == 0)
		r = ln.kind == LIVE_NAMED ? -EAGAIN : reply_value(reply, 0);
	live_name_done(&ln);
	return r;
}

/* There is no such source. (Other failures are of populating it.) */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ELOOP || r == -ENAMETOOLONG ||
	       r == -EBADF || r == -EINVAL || r == -EFAULT;
}

static int link_unnamed_copy(struct request *rq, const struct object *obj)
{
	int r = check_empty_path(rq);

	return r < 0 ? r : link_gone(rq, obj);
}

static int round_once(struct request *rq, struct reply *reply)
{
	cleanup_object struct object obj = OBJECT_INIT;
	int r = resolve_source(rq, &obj);

	/* the kernel knows best what is to be said first */
	if (is_absent(r))
		return continue_link(rq, reply);
	if (r < 0)
		return r;
	if (is_unnamed_copy(rq, &obj))
		return link_unnamed_copy(rq, &obj);
	return obj.shared ? link_shared(rq, &obj, reply) : continue_link(rq, reply);
}

int handle_link(struct request *rq, struct reply *reply)
{
	int r = -EAGAIN;

	for (int i = 0; i < ROUNDS && r == -EAGAIN; i++)
		r = round_once(rq, reply);
	return r;
}

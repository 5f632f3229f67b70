/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The component-wise path walk. Supervisor worker thread, as the caller. Untrusted: the path,
 * everything in the container's file systems. Keeps the kernel's rules: path_resolution(7), 40
 * links, protected_symlinks, nosymfollow mounts, RESOLVE_* of openat2(2).
 */
#include <config.h>

#include "handlers/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "handlers/act.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "host/openat2.h"

#define MAX_LINKS 40
#define MAX_REST  (16 * PATH_MAX) /* path still to be walked, with the links' targets put in */
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000 /* 5.8 */
#endif

/* Where in procfs the walk is, as far as the caller's own entries go. */
enum own {
	OWN_NONE,
	OWN_ENTRY, /* /proc/<pid> or /proc/<pid>/task/<tid> of the caller */
	OWN_TASK,  /* /proc/<pid>/task */
	OWN_FD,	   /* /proc/<pid>/fd */
};

struct walk {
	struct request *rq;
	int root;   /* borrowed */
	int start;  /* borrowed; scope of RESOLVE_BENEATH and RESOLVE_IN_ROOT */
	int cur;    /* owned */
	char *rest; /* owned; what is left, from pos */
	size_t pos;
	unsigned links;
	bool nofollow;
	bool root_known; /* the kernel has looked up the root: see absolute_link */
	enum own own;
	bool own_thread; /* it was reached through task/ */
	pid_t own_tid; /* whose entry: of a thread, or of the first thread, which may have other descriptors and another cwd */
	uint64_t resolve;
	uint64_t mount; /* mount id of the start, for RESOLVE_NO_XDEV */
};

static int mount_id(int fd, uint64_t *ret)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret = stx.stx_mnt_id;
	return 0;
}

static int same_place(int a, int b)
{
	struct statx x, y;

	if (statx(a, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &x) < 0 ||
	    statx(b, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &y) < 0)
		return -errno;
	return x.stx_ino == y.stx_ino && x.stx_mnt_id == y.stx_mnt_id &&
	       x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}

static int check_mount(const struct walk *w, int fd)
{
	uint64_t mount = 0;
	int r;

	if (!(w->resolve & RESOLVE_NO_XDEV))
		return 0;
	r = mount_id(fd, &mount);
	if (r < 0)
		return r;
	return mount != w->mount ? -EXDEV : 0;
}

static int enter(struct walk *w, int fd)
{
	int r = path_enter_dir(w->rq, fd, true);

	if (r == 0)
		r = check_mount(w, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	close(w->cur);
	w->cur = fd;
	return 0;
}

static int go_to(struct walk *w, int dir)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : enter(w, fd);
}

/* "/" at the beginning of the path or of a link's target. */
static int go_to_root(struct walk *w)
{
	if (w->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	w->own = OWN_NONE;
	return go_to(w, w->resolve & RESOLVE_IN_ROOT ? w->start : w->root);
}

static int go_up(struct walk *w)
{
	int top = w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT) ? w->start : w->root;
	int fd, at_top = same_place(w->cur, top);

	w->root_known = true;
	if (at_top < 0)
		return at_top;
	if (at_top)
		return w->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
	/* ".." of the topmost directory of a mount leads to the directory the mount sits on, as in
	 * the kernel's walk. */
	fd = openat(w->cur, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	w->own = OWN_NONE;
	return fd < 0 ? -errno : enter(w, fd);
}

/*
 * With RESOLVE_NO_XDEV the kernel compares the mount with that of the root. Before it has looked the root up (for a path that begins with "/", for "..") that is
 * no mount at all, so a relative path may not meet an absolute link (namei.c, nd_jump_root, 6.18).
 */
static int absolute_link(struct walk *w)
{
	if ((w->resolve & RESOLVE_NO_XDEV) && !w->root_known)
		return -EXDEV;
	return go_to_root(w);
}

/* Puts target in front of what is left. */
static int prepend(struct walk *w, const char *target)
{
	size_t target_len = strlen(target), rest_len = strlen(w->rest + w->pos);
	char *joined;

	if (target_len == 0)
		return -ENOENT;
	if (target_len + rest_len + 2 > MAX_REST)
		return -ENAMETOOLONG;
	joined = malloc(target_len + rest_len + 1);
	if (!joined)
		return -ENOMEM;
	memcpy(joined, target, target_len);
	memcpy(joined + target_len, w->rest + w->pos, rest_len + 1);
	free(w->rest);
	w->rest = joined;
	w->pos = 0;
	return *target == '/' ? absolute_link(w) : 0;
}

/*
 * Which of the caller's pids is its pid in this procfs? status of procfs shows the ids from the
 * procfs's own namespace inwards, so it must equal the tail of ours. Reading a foreign status by
 * accident does no harm: access is checked with the caller's credentials.
 */
static int procfs_level(const struct request *rq, int dir, size_t *ret_level)
{
	const struct tracee_creds *c = &rq->creds;

	/* The longest tail first: pid 1 of a nested namespace must not be taken for pid 1 of this procfs. */
	for (size_t i = 0; i < c->n_levels; i++) {
		struct tracee_creds seen;

		if (tracee_read_creds(dir, c->tgids[i], &seen) < 0)
			continue;
		if (seen.n_levels == c->n_levels - i &&
		    memcmp(seen.tgids, c->tgids + i, seen.n_levels * sizeof(pid_t)) == 0) {
			*ret_level = i;
			return 0;
		}
	}
	return -ENOENT;
}

bool walk_procfs_shows(struct request *rq, int dir)
{
	size_t level;

	return procfs_level(rq, dir, &level) == 0;
}

/* /proc/self and /proc/thread-self are symlinks whose text depends on the reader: the caller's
 * text, not ours. */
static int procfs_self(const struct walk *w, const char *name, char *target, size_t max)
{
	const struct tracee_creds *c = &w->rq->creds;
	size_t level = 0;
	int r = procfs_level(w->rq, w->cur, &level);

	if (r < 0)
		return r;
	if (strcmp(name, "self") == 0)
		snprintf(target, max, "%d", c->tgids[level]);
	else
		snprintf(target, max, "%d/task/%d", c->tgids[level], c->tids[level]);
	return 0;
}

static int read_target(int link, char *target, size_t max)
{
	ssize_t n = readlinkat(link, "", target, max - 1);

	if (n < 0)
		return -errno;
	if ((size_t)n == max - 1)
		return -ENAMETOOLONG;
	target[n] = '\0';
	return 0;
}

/* proc(5), protected_symlinks: in a sticky world-writable directory only links of the follower or
 * of the directory's owner. */
static int check_protected(const struct walk *w, const struct stat *link)
{
	struct stat dir;

	if (!w->rq->svc->protected_symlinks || link->st_uid == w->rq->creds.fsuid)
		return 0;
	if (fstat(w->cur, &dir) < 0)
		return -errno;
	if ((dir.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
	    dir.st_uid == link->st_uid)
		return 0;
	return -EACCES;
}

/* Keeps track of the caller's own entries while the walk goes down procfs. name has just been entered from a directory with that inode number. */
static enum own next_own(struct walk *w, const char *name, ino_t parent_ino)
{
	const struct tracee_creds *c = &w->rq->creds;
	size_t level;
	char own[16];

	switch (w->own) {
	case OWN_NONE:
		if (parent_ino != PROC_ROOT_INODE || procfs_level(w->rq, w->cur, &level) < 0)
			return OWN_NONE;
		snprintf(own, sizeof(own), "%d", c->tgids[level]);
		w->own_tid = c->tgids[0];
		w->own_thread = false;
		return strcmp(name, own) == 0 ? OWN_ENTRY : OWN_NONE;
	case OWN_ENTRY:
		if (strcmp(name, "fd") == 0)
			return OWN_FD;
		return strcmp(name, "task") == 0 ? OWN_TASK : OWN_NONE;
	case OWN_TASK:
		for (size_t i = 0; i < c->n_levels; i++) {
			snprintf(own, sizeof(own), "%d", c->tids[i]);
			w->own_tid = w->rq->tid;
			w->own_thread = true;
			if (strcmp(name, own) == 0)
				return OWN_ENTRY;
		}
		return OWN_NONE;
	case OWN_FD:
		return OWN_NONE;
	}
	return OWN_NONE;
}

/* No sign, no leading zeros (procfs, name_to_int). */
static int open_fd_link(struct request *rq, pid_t tid, const char *name, int *ret_fd)
{
	int number;

	if ((name[0] == '0' && name[1]) || num_parse_int(name, &number) < 0 || number < 0)
		return -ENOENT;
	return tracee_open_fd(rq->svc->proc_fd, tid, number, ret_fd);
}

static int open_entry_link(struct request *rq, pid_t tid, const char *name, int *ret_fd)
{
	if (strcmp(name, "root") == 0)
		return tracee_open_root(rq->svc->proc_fd, tid, ret_fd);
	if (strcmp(name, "cwd") == 0)
		return tracee_open_cwd(rq->svc->proc_fd, tid, ret_fd);
	if (strcmp(name, "exe") == 0)
		return tracee_open_exe(rq->svc->proc_fd, tid, ret_fd);
	return -EXDEV; /* ns/…, map_files/…: the ordinary way */
}

/*
 * A process may always follow its own magic links, even when it is not dumpable (after setuid(2), say) and another process with its ids
 * may not (ptrace(2), access mode checking). As the caller we are that other process, so these are followed with our own rights.
 */
int walk_open_own(struct request *rq, pid_t tid, bool in_fd, const char *name, int *ret_fd)
{
	int r;

	act_as_self(rq);
	r = in_fd ? open_fd_link(rq, tid, name, ret_fd) : open_entry_link(rq, tid, name, ret_fd);
	if (r == -EBADF)
		r = -ENOENT;
	if (r == 0)
		r = request_check_alive(rq);
	if (r < 0)
		close_fd(ret_fd);
	return act_as_caller(rq) < 0 ? -EPERM : r;
}

/* A name as the caller; the caller's own magic links as ourselves: it may look at them even when it is not dumpable (see walk_open_own). */
static int open_child(struct walk *w, const char *name, uint64_t flags, uint64_t resolve)
{
	bool own = w->own == OWN_FD ||
		   (w->own == OWN_ENTRY && (strcmp(name, "exe") == 0 || strcmp(name, "cwd") == 0 ||
					    strcmp(name, "root") == 0));
	int fd;

	if (own)
		act_as_self(w->rq);
	fd = host_openat2(w->cur, name, O_PATH | flags, 0, resolve);
	if (own && act_as_caller(w->rq) < 0) {
		close_fd(&fd);
		return -EPERM;
	}
	return fd;
}

/* Returns 1 when the object behind a magic link is the new position (*ret_fd), 0 when a target was
 * put in front of the rest. */
static int follow(struct walk *w, int link, const char *name, const struct stat *st, bool last,
		  int *ret_fd)
{
	char target[PATH_MAX];
	struct statfs fs;
	int r;

	if (w->resolve & RESOLVE_NO_SYMLINKS || ++w->links > MAX_LINKS)
		return -ELOOP;
	if (fstatfs(w->cur, &fs) < 0)
		return -errno;
	if (fs.f_flags & ST_NOSYMFOLLOW)
		return -ELOOP;
	if (fs.f_type != PROC_SUPER_MAGIC) {
		r = last ? check_protected(w, st) : 0;
		if (r == 0)
			r = read_target(link, target, sizeof(target));
		return r < 0 ? r : prepend(w, target);
	}
	r = open_child(w, name, 0, RESOLVE_NO_MAGICLINKS);
	if (r == -ELOOP) {
		if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
			return w->resolve & RESOLVE_NO_MAGICLINKS ? -ELOOP : -EXDEV;
		r = host_openat2(w->cur, name, O_PATH, 0, 0);
		if (r < 0)
			return r;
		*ret_fd = r;
		return 1;
	}
	if (r >= 0)
		close(r);
	if (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0) {
		struct stat dir;

		if (fstat(w->cur, &dir) < 0)
			return -errno;
		if (dir.st_ino == PROC_ROOT_INODE) {
			r = procfs_self(w, name, target, sizeof(target));
			return r < 0 ? r : prepend(w, target);
		}
	}
	r = read_target(link, target, sizeof(target));
	return r < 0 ? r : prepend(w, target);
}

/* Takes the next name out of the rest. Returns 0: nothing is left. */
static int next_name(struct walk *w, char *name, bool *ret_last, bool *ret_slash)
{
	const char *p = w->rest + w->pos;
	size_t len;

	p += strspn(p, "/");
	len = strcspn(p, "/");
	if (len == 0)
		return 0;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, p, len);
	name[len] = '\0';
	p += len;
	*ret_slash = *p == '/';
	*ret_last = p[strspn(p, "/")] == '\0';
	w->pos = (size_t)(p - w->rest);
	return 1;
}

/* child (taken over) is where a name leads. Returns 1: *ret is the end of the walk. */
static int arrive(struct walk *w, int child, enum own own, bool last, bool slash,
		  struct walk_end *ret)
{
	cleanup_fd int fd = child;
	struct stat st;
	int r = check_mount(w, fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((!last || slash) && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (last && !S_ISDIR(st.st_mode)) {
		ret->fd = steal_fd(&fd);
		return 1;
	}
	w->own = own;
	return enter(w, steal_fd(&fd));
}

static bool follows_own_link(const struct walk *w, bool last, bool slash)
{
	if (w->own != OWN_FD && w->own != OWN_ENTRY)
		return false;
	return !(w->resolve & ~(uint64_t)RESOLVE_NO_XDEV) && !(last && !slash && w->nofollow);
}

/* One ordinary name. Returns 1: *ret is the end of the walk. */
static int step(struct walk *w, const char *name, bool last, bool slash, struct walk_end *ret)
{
	cleanup_fd int child = -EBADF;
	struct stat st, dir;
	bool own_link = false;
	int r;

	if (follows_own_link(w, last, slash)) {
		r = walk_open_own(w->rq, w->own_tid, w->own == OWN_FD, name, &child);
		if (r < 0 && r != -EXDEV)
			return r;
		own_link = r == 0;
	}
	if (own_link)
		return arrive(w, steal_fd(&child), OWN_NONE, last, slash, ret);
	if (fstat(w->cur, &dir) < 0)
		return -errno;

	child = open_child(w, name, O_NOFOLLOW, 0);
	/* Nothing can be made among the caller's descriptors. */
	if (child == -ENOENT && last && w->own != OWN_FD) {
		ret->parent = fcntl(w->cur, F_DUPFD_CLOEXEC, 0);
		memcpy(ret->name, name, strlen(name) + 1);
		ret->slash = slash;
		return ret->parent < 0 ? -errno : -ENOENT;
	}
	if (child < 0)
		return child;
	if (fstat(child, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(last && !slash && w->nofollow)) {
		int jumped = -EBADF;

		r = follow(w, child, name, &st, last, &jumped);
		if (r <= 0)
			return r;
		return arrive(w, jumped, OWN_NONE, last, slash, ret);
	}
	ret->own_comm = w->own == OWN_ENTRY && w->own_thread && strcmp(name, "comm") == 0;
	return arrive(w, steal_fd(&child), next_own(w, name, dir.st_ino), last, slash, ret);
}

/* "." leads nowhere, but only in a directory that may be searched. */
static int stay(struct walk *w)
{
	int fd = open_child(w, ".", O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int run(struct walk *w, struct walk_end *ret)
{
	char name[NAME_MAX + 1];
	bool last, slash;
	int r;

	while ((r = next_name(w, name, &last, &slash)) > 0) {
		if (strcmp(name, ".") == 0)
			r = stay(w);
		else
			r = strcmp(name, "..") == 0 ? go_up(w) : step(w, name, last, slash, ret);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (r < 0)
		return r;
	ret->fd = w->cur;
	w->cur = -EBADF;
	return 0;
}

int walk_path(struct request *rq, int root, int start, const char *path, bool nofollow,
	      uint64_t resolve, struct walk_end *ret)
{
	struct walk w = {
		.rq = rq,
		.root = root,
		.start = start,
		.nofollow = nofollow,
		.resolve = resolve,
		.root_known = *path == '/' || (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)),
	};
	int r;

	*ret = (struct walk_end){.fd = -EBADF, .parent = -EBADF};
	if (*path == '\0')
		return -ENOENT;
	w.rest = strdup(path);
	w.cur = fcntl(start, F_DUPFD_CLOEXEC, 0);
	if (!w.rest || w.cur < 0)
		r = w.rest ? -errno : -ENOMEM;
	else
		r = mount_id(start, &w.mount);
	if (r == 0)
		r = path_enter_dir(rq, start, true);
	if (r == 0 && *path == '/')
		r = go_to_root(&w);
	if (r == 0)
		r = run(&w, ret);
	if (w.cur >= 0)
		close(w.cur);
	free(w.rest);
	return r;
}

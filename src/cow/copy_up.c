/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copy-up: a shared file gets a private copy in the live root. Library; runs in the supervisor, in
 * several threads at once. Untrusted: the live root, which the container changes meanwhile; so
 * every step says which inode it means and is undone if that is another one.
 */
#include <config.h>

#include "cow/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/lazy.h"
#include "cow/moved.h"
#include "cow/share.h"
#include "host/at.h"
#include "host/copy.h"

struct cow_copy {
	struct cow *cow;
	struct cow_copy *next; /* in cow->copies */
	dev_t dev;	       /* the shared file */
	ino_t ino;
	int parent_fd;		   /* borrowed */
	int fd;			   /* the private file */
	char temp[TEMP_NAME_SIZE]; /* its name in work/, "" if there is none */
	char name[];
};

/* Takes the lock of the inode, or waits until the thread that holds it is done: then -EAGAIN. */
static int lock_inode(struct cow_copy *copy)
{
	struct cow *cow = copy->cow;
	bool waited = false;
	struct cow_copy *c;

	pthread_mutex_lock(&cow->copies_lock);
	for (;;) {
		for (c = cow->copies; c; c = c->next)
			if (c->ino == copy->ino && c->dev == copy->dev)
				break;
		if (!c)
			break;
		waited = true;
		pthread_cond_wait(&cow->copies_done, &cow->copies_lock);
	}
	if (!waited) {
		copy->next = cow->copies;
		cow->copies = copy;
	}
	pthread_mutex_unlock(&cow->copies_lock);
	return waited ? -EAGAIN : 0;
}

static void unlock_inode(struct cow_copy *copy)
{
	struct cow *cow = copy->cow;
	struct cow_copy **p;

	pthread_mutex_lock(&cow->copies_lock);
	for (p = &cow->copies; *p != copy; p = &(*p)->next)
		;
	*p = copy->next;
	pthread_cond_broadcast(&cow->copies_done);
	pthread_mutex_unlock(&cow->copies_lock);
}

static bool is_inode(const struct statx *st, dev_t dev, ino_t ino)
{
	return st->stx_ino == ino && host_statx_dev(st) == dev;
}

/* Both are in the live root's file system: what it cannot do once it never can. */
static bool clone_data(struct cow *cow, int src, int dst)
{
	int r;

	if (cow->meta.share == COW_SHARE_COPY || atomic_load(&cow->cannot_clone))
		return false;
	r = host_clone(src, dst);
	if (r == -EOPNOTSUPP)
		atomic_store(&cow->cannot_clone, true);
	return r == 0;
}

/* Content and metadata of src into dst. */
static int fill_copy(struct cow *cow, int src, const struct statx *st, int dst, unsigned flags)
{
	bool has_data = !(flags & COW_NO_DATA) && st->stx_size > 0, cloned;
	struct attr attr;
	uint64_t bytes;
	int r = 0;

	if (has_data && !clone_data(cow, src, dst))
		r = share_data(src, dst, st, false, &cloned, &bytes);
	if (r < 0)
		return r;
	attr_of_live(st, &attr);
	return attr_apply(&attr, (struct host_xattr_ref){src, NULL},
			  (struct host_xattr_ref){dst, NULL}, NULL);
}

/* *ret_fd: the shared file, if the name still leads to it (-EAGAIN: to something else). */
static int open_shared(const struct cow_copy *copy, struct statx *ret_st, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_read(copy->parent_fd, copy->name, &fd);

	/* a symlink or a socket has taken the name */
	if (r == -ELOOP || r == -ENXIO)
		return -EAGAIN;
	if (r == 0)
		r = host_statx(fd, "", ret_st);
	if (r < 0)
		return r;
	if (!is_inode(ret_st, copy->dev, copy->ino) || !S_ISREG(ret_st->stx_mode))
		return -EAGAIN;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int make_copy(struct cow_copy *copy, unsigned flags)
{
	cleanup_fd int src = -EBADF;
	struct statx st;
	int r = open_shared(copy, &st, &src);

	if (r < 0)
		return r;
	r = store_temp_file(copy->cow, copy->temp, &copy->fd);
	if (r < 0) {
		copy->temp[0] = '\0';
		return r;
	}
	return fill_copy(copy->cow, src, &st, copy->fd, flags);
}

static void free_copy(struct cow_copy *copy)
{
	close_fd(&copy->fd);
	free(copy);
}

/* Ends a copy that has the lock; its temporary name, if it has one still, goes. */
static void end_copy(struct cow_copy *copy)
{
	if (copy->temp[0])
		host_unlinkat(copy->cow->work_fd, copy->temp, 0);
	unlock_inode(copy);
	free_copy(copy);
}

static int new_copy(struct cow *cow, int parent_fd, const char *name, dev_t dev, ino_t ino,
		    struct cow_copy **ret)
{
	size_t size = strlen(name) + 1;
	struct cow_copy *copy = malloc(sizeof(*copy) + size);

	if (!copy)
		return -ENOMEM;
	*copy = (struct cow_copy){
		.cow = cow, .dev = dev, .ino = ino, .parent_fd = parent_fd, .fd = -EBADF};
	memcpy(copy->name, name, size);
	*ret = copy;
	return 0;
}

int cow_copy_begin(struct cow *cow, int parent_fd, const char *name, dev_t dev, ino_t ino,
		   unsigned flags, struct cow_copy **ret)
{
	struct cow_copy *copy = NULL;
	int r = new_copy(cow, parent_fd, name, dev, ino, &copy);

	if (r < 0)
		return r;
	r = lazy_before_copy(cow, ino);
	if (r == 0)
		r = lock_inode(copy);
	if (r < 0) {
		free_copy(copy);
		return r;
	}
	r = make_copy(copy, flags);
	if (r < 0) {
		end_copy(copy);
		return r;
	}
	*ret = copy;
	return 0;
}

int cow_copy_fd(const struct cow_copy *copy)
{
	return copy->fd;
}

void cow_copy_abort(struct cow_copy *copy)
{
	if (copy)
		end_copy(copy);
}

struct inode {
	dev_t dev;
	ino_t ino;
};

/* Exchanges the temporary name and the live one; *ret_got: what the temporary name refers to now.
 */
static int exchange(const struct cow_copy *copy, struct inode *ret_got)
{
	struct statx st;
	int work = copy->cow->work_fd;
	int r = host_renameat2(work, copy->temp, copy->parent_fd, copy->name, RENAME_EXCHANGE);

	if (r == 0)
		r = host_statx(work, copy->temp, &st);
	if (r == 0)
		*ret_got = (struct inode){host_statx_dev(&st), st.stx_ino};
	return r;
}

static bool same(struct inode a, struct inode b)
{
	return a.ino == b.ino && a.dev == b.dev;
}

/*
 * Swaps the private file in, and back out again if it was not the shared file that came out: then a
 * rival has renamed something else over the name. The kernel has no compare-and-swap of names, so
 * rivals may come between any two swaps; the rule for all of them: what comes out must be what lay
 * there last (for the first swap the shared file, then what we have put in). If it is, the swap was
 * clean and what came out is to go; if not, what came out is the rival's newer file and is put in
 * again. So the last of the rivals' files ends up under the name and those that they have
 * themselves overwritten go, as if we had never been there.
 */
static int swap_in(struct cow_copy *copy, const struct statx *private)
{
	struct inode put = {host_statx_dev(private), private->stx_ino};
	struct inode expected = {copy->dev, copy->ino};

	for (bool first = true;; first = false) {
		struct inode got = {0};
		int r = exchange(copy, &got);

		/*
		 * The name is gone: whoever removed it meant what lay there for him, which is what we hold. (One who between our
		 * two swaps moved it elsewhere has moved the private file instead: that cannot be told from here.)
		 */
		if (r < 0)
			return r;
		if (same(got, expected))
			return first ? 0 : -EAGAIN;
		expected = put;
		put = got;
	}
}

/* What a rival's name held may be a directory (then it is empty, or he could not have removed it).
 */
static void drop_temp(struct cow_copy *copy)
{
	int r = host_unlinkat(copy->cow->work_fd, copy->temp, 0);

	if (r == -EISDIR || r == -EPERM)
		host_unlinkat(copy->cow->work_fd, copy->temp, AT_REMOVEDIR);
	copy->temp[0] = '\0';
}

int cow_copy_publish(struct cow_copy *copy, const char *path)
{
	struct statx st, live;
	int r = host_statx(copy->fd, "", &st);

	/* before anybody can see it: who has an old descriptor may be quick */
	if (r == 0 && path)
		r = moved_note(copy->cow, copy->ino, &st, path);
	/* a cheap look first: most rivals have come and gone by now */
	if (r == 0)
		r = host_statx(copy->parent_fd, copy->name, &live);
	if (r == 0 && !is_inode(&live, copy->dev, copy->ino))
		r = -EAGAIN;
	if (r == 0)
		r = swap_in(copy, &st);
	drop_temp(copy);
	end_copy(copy);
	return r;
}

int cow_copy_up(struct cow *cow, int parent_fd, const char *name, dev_t dev, ino_t ino,
		unsigned flags)
{
	struct cow_copy *copy;
	int r = cow_copy_begin(cow, parent_fd, name, dev, ino, flags, &copy);

	return r < 0 ? r : cow_copy_publish(copy, NULL);
}

int cow_recover(struct cow *cow)
{
	int fd;
	int r = host_open_dir(cow->dir_fd, STORE_WORK, &fd);

	return r < 0 ? r : remove_contents(fd, NULL);
}

/* Where O_TMPFILE is not known: a file whose name goes at once. */
static int unnamed_file(struct cow *cow, int *ret_fd)
{
	char temp[TEMP_NAME_SIZE];
	int r = host_open_tmpfile(cow->work_fd, ret_fd);

	if (r != -EOPNOTSUPP)
		return r;
	r = store_temp_file(cow, temp, ret_fd);
	return r < 0 ? r : host_unlinkat(cow->work_fd, temp, 0);
}

int cow_copy_unnamed(struct cow *cow, int fd, int *ret_fd)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	struct statx st;
	int r = host_statx(fd, "", &st);

	if (r == 0 && !S_ISREG(st.stx_mode))
		r = -EINVAL;
	if (r == 0)
		r = host_reopen(fd, O_RDONLY, &src);
	if (r == 0)
		r = unnamed_file(cow, &dst);
	if (r == 0)
		r = fill_copy(cow, src, &st, dst, 0);
	if (r == 0 && lseek(dst, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = steal_fd(&dst);
	return r;
}

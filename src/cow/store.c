/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: <dir>/{root,work,meta,index,owners,fresh}. Made, opened and closed here. Library; runs with
 * the credentials of the container's root. Untrusted: what lies in the store's place before it is
 * made; the text of its files afterwards. meta is written first and removed last, so that whatever
 * half of a store exists can be told from a directory of somebody else.
 */
#include <config.h>

#include "cow/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cow/lazy.h"
#include "cow/moved.h"
#include "host/at.h"
#include "host/dirent.h"

#define BLOB_MAX ((size_t)1 << 32)

void fault_set(struct cow_fault *fault, const char *op, const char *dir, const char *name)
{
	bool sep = dir && *dir && name && *name;

	if (!fault)
		return;
	fault->op = op;
	snprintf(fault->path, sizeof(fault->path), "%s%s%s", dir ? dir : "", sep ? "/" : "",
		 name ? name : "");
}

int store_write(int dir_fd, const char *name, const void *data, size_t len)
{
	cleanup_fd int fd = -EBADF;
	char temp[32];
	int r;

	snprintf(temp, sizeof(temp), "%s" STORE_NEW, name);
	r = host_unlinkat(dir_fd, temp, 0);
	if (r < 0 && r != -ENOENT)
		return r;
	r = host_openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
	if (r < 0)
		return r;
	r = fd_write_all(fd, data, len);
	if (r == 0)
		r = host_renameat2(dir_fd, temp, dir_fd, name, 0);
	if (r < 0)
		host_unlinkat(dir_fd, temp, 0);
	return r;
}

int store_read(int dir_fd, const char *name, size_t max, struct buf *ret)
{
	cleanup_fd int fd = -EBADF;
	struct statx st;
	size_t got = 0;
	int r = host_open_read(dir_fd, name, &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r < 0)
		return r == -ELOOP ? -EUCLEAN : r;
	if (!S_ISREG(st.stx_mode) || st.stx_size > max)
		return -EUCLEAN;
	r = buf_reserve(ret, st.stx_size);
	if (r == 0)
		r = fd_read_full(fd, ret->data, st.stx_size, &got);
	if (r < 0)
		return r;
	ret->len = got;
	ret->data[got] = '\0';
	return got == st.stx_size ? 0 : -EUCLEAN;
}

/* Nothing made in it may inherit a group or an ACL: live objects get the lower's and no others. */
static int make_plain(int fd)
{
	static const char *const acls[] = {"system.posix_acl_default", "system.posix_acl_access"};

	for (size_t i = 0; i < ARRAY_SIZE(acls); i++) {
		int r = host_xattr_remove((struct host_xattr_ref){fd, NULL}, acls[i]);

		if (r < 0 && r != -ENODATA && r != -EOPNOTSUPP)
			return r;
	}
	return host_fchmod(fd, 0700);
}

static int is_empty(int fd, bool *ret)
{
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	int r = host_dir_reader_init(&rd, fd);

	if (r == 0)
		r = host_dir_read(&rd, &d);
	host_dir_reader_done(&rd);
	if (r < 0)
		return r;
	*ret = r == 0;
	return 0;
}

/* Something has this name already: is it an empty directory of ours that nobody else can write to?
 */
static int check_existing(int fd)
{
	struct statx st;
	bool empty;
	int r = host_statx(fd, "", &st);

	if (r < 0)
		return r;
	if (st.stx_uid != geteuid() || (st.stx_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	r = is_empty(fd, &empty);
	if (r < 0)
		return r;
	return empty ? 0 : -EEXIST;
}

int store_make_dir(const char *dir, bool *ret_made, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	int r = host_mkdirat(AT_FDCWD, dir, 0700);

	if (r < 0 && r != -EEXIST)
		return r;
	*ret_made = r == 0;
	r = store_open_dir(dir, &fd);
	if (r < 0)
		return r;
	/* also when just made: somebody may have put another directory in its place */
	r = check_existing(fd);
	if (r == 0)
		r = make_plain(fd);
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r;
}

static int make_subdir(int dir_fd, const char *name)
{
	cleanup_fd int fd = -EBADF;
	int r = host_mkdirat(dir_fd, name, 0700);

	if (r == 0)
		r = host_open_dir(dir_fd, name, &fd);
	return r < 0 ? r : make_plain(fd);
}

static int write_files(const struct cow *cow)
{
	cleanup_buf struct buf text = {0};
	int r = meta_encode(&cow->meta, &text);

	if (r == 0)
		r = store_write(cow->dir_fd, STORE_META, text.data, text.len);
	if (r < 0 || !cow->owners)
		return r;
	text.len = 0;
	r = owners_encode(cow->owners, &text);
	return r < 0 ? r : store_write(cow->dir_fd, STORE_OWNERS, text.data, text.len);
}

int store_set_owner(struct cow *cow, const char *owner_id)
{
	cleanup_buf struct buf text = {0};
	char *id = strdup(owner_id);
	int r;

	if (!id)
		return -ENOMEM;
	free(cow->meta.owner_id);
	cow->meta.owner_id = id;
	r = meta_encode(&cow->meta, &text);
	return r < 0 ? r : store_write(cow->dir_fd, STORE_META, text.data, text.len);
}

static int cow_new(int dir_fd, struct cow **ret)
{
	cleanup_fd int fd = dir_fd;
	struct cow *cow = calloc(1, sizeof(*cow));
	int r;

	if (!cow)
		return -ENOMEM;
	cow->root_fd = cow->work_fd = -EBADF;
	cow->moved = moved_new();
	r = cow->moved ? -pthread_mutex_init(&cow->copies_lock, NULL) : -ENOMEM;
	if (r < 0) {
		moved_free(cow->moved);
		free(cow);
		return r;
	}
	r = -pthread_cond_init(&cow->copies_done, NULL);
	if (r < 0) {
		pthread_mutex_destroy(&cow->copies_lock);
		moved_free(cow->moved);
		free(cow);
		return r;
	}
	cow->dir_fd = steal_fd(&fd);
	*ret = cow;
	return 0;
}

static int open_parts(struct cow *cow)
{
	struct statx st;
	int r = host_statx(cow->dir_fd, "", &st);

	if (r < 0)
		return r;
	cow->store_dev = host_statx_dev(&st);
	cow->store_ino = st.stx_ino;
	r = host_openat(cow->dir_fd, STORE_ROOT, O_PATH | O_DIRECTORY, 0, &cow->root_fd);
	if (r == 0)
		r = host_openat(cow->dir_fd, STORE_WORK, O_RDONLY | O_DIRECTORY, 0, &cow->work_fd);
	if (r == 0)
		r = host_statx(cow->root_fd, "", &st);
	if (r == 0)
		cow->dev = host_statx_dev(&st);
	return r;
}

static int fill_store(struct cow *cow, const struct cow_params *params)
{
	int r = meta_from_params(params, &cow->meta);

	cow->frozen = params->frozen;
	if (r == 0 && params->owners)
		r = owners_dup(params->owners, &cow->owners);
	if (r == 0)
		r = write_files(cow);
	if (r == 0)
		r = make_subdir(cow->dir_fd, STORE_ROOT);
	if (r == 0)
		r = make_subdir(cow->dir_fd, STORE_WORK);
	return r < 0 ? r : open_parts(cow);
}

static void undo_store(int dir_fd)
{
	static const char *const files[] = {STORE_INDEX, STORE_LAZY, STORE_OWNERS, STORE_META};

	host_unlinkat(dir_fd, STORE_ROOT, AT_REMOVEDIR);
	host_unlinkat(dir_fd, STORE_WORK, AT_REMOVEDIR);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		host_unlinkat(dir_fd, files[i], 0);
}

int cow_create(const struct cow_params *params, struct cow **ret)
{
	cleanup_fd int fd = -EBADF;
	struct cow *cow = NULL;
	bool made = false;
	int r;

	if (params->dir[0] != '/' || !params->lowers || !params->lowers[0])
		return -EINVAL;
	for (size_t i = 0; params->lowers[i]; i++)
		if (params->lowers[i][0] != '/')
			return -EINVAL;
	r = store_make_dir(params->dir, &made, &fd);
	if (r == 0)
		r = cow_new(steal_fd(&fd), &cow);
	if (r == 0) {
		r = fill_store(cow, params);
		if (r < 0)
			undo_store(cow->dir_fd);
	}
	if (r < 0) {
		cow_close(cow);
		if (made)
			store_remove_dir(params->dir);
		return r;
	}
	*ret = cow;
	return 0;
}

int store_set_populated(struct cow *cow)
{
	struct statx st;
	int r = host_statx(cow->dir_fd, STORE_LAZY, &st);

	if (r == -ENOENT)
		r = host_statx(cow->dir_fd, STORE_INDEX, &st);
	if (r < 0)
		return r;
	cow->populated_at = st.stx_ctime;
	cow->populated = true;
	return 0;
}

bool store_is_lazy(const struct cow *cow)
{
	struct statx st;

	return host_statx(cow->dir_fd, STORE_LAZY, &st) == 0;
}

static int load_files(struct cow *cow)
{
	cleanup_buf struct buf data = {0};
	int r = store_read(cow->dir_fd, STORE_META, META_MAX, &data);

	if (r == 0)
		r = meta_decode(data.data, data.len, &cow->meta);
	if (r < 0)
		return r == -ENOENT ? -EUCLEAN : r;
	if (cow->meta.shifted) {
		data.len = 0;
		r = store_read(cow->dir_fd, STORE_OWNERS, BLOB_MAX, &data);
		if (r == 0)
			r = owners_decode(data.data, data.len, &cow->owners);
		if (r < 0)
			return r == -ENOENT ? -EUCLEAN : r;
	}
	data.len = 0;
	r = store_read(cow->dir_fd, STORE_INDEX, BLOB_MAX, &data);
	if (r == -ENOENT) /* populate did not come to its end */
		return 0;
	if (r == 0)
		r = index_decode(data.data, data.len, &cow->index);
	return r < 0 ? r : store_set_populated(cow);
}

int store_open_dir(const char *dir, int *ret_fd)
{
	int r = host_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, ret_fd);

	return r == -ELOOP ? -ENOTDIR : r;
}

int store_remove_dir(const char *dir)
{
	return host_unlinkat(AT_FDCWD, dir, AT_REMOVEDIR);
}

int cow_open(const char *dir, struct cow **ret)
{
	cleanup_fd int fd = -EBADF;
	struct cow *cow = NULL;
	int r = store_open_dir(dir, &fd);

	if (r < 0)
		return r;
	r = cow_new(steal_fd(&fd), &cow);
	if (r == 0)
		r = load_files(cow);
	if (r == 0) {
		r = open_parts(cow);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			r = -EUCLEAN;
	}
	if (r < 0)
		cow_close(cow);
	else
		*ret = cow;
	return r;
}

void cow_close(struct cow *cow)
{
	if (!cow)
		return;
	close_fd(&cow->dir_fd);
	close_fd(&cow->root_fd);
	close_fd(&cow->work_fd);
	lazy_free(cow->lazy);
	meta_done(&cow->meta);
	index_done(&cow->index);
	cow_owners_free(cow->owners);
	moved_free(cow->moved);
	pthread_cond_destroy(&cow->copies_done);
	pthread_mutex_destroy(&cow->copies_lock);
	free(cow);
}

bool cow_is_populated(const struct cow *cow)
{
	return cow->populated;
}

int cow_root_fd(const struct cow *cow)
{
	return cow->root_fd;
}

int cow_store_fd(const struct cow *cow)
{
	return cow->dir_fd;
}

bool cow_needs_lowers(const struct cow *cow)
{
	return cow->lazy != NULL;
}

dev_t cow_live_dev(const struct cow *cow)
{
	return cow->dev;
}

bool cow_is_shared(const struct cow *cow, dev_t dev, ino_t ino)
{
	bool doubtful;

	if (dev != cow->dev)
		return false;
	return cow->lazy ? lazy_is_shared(cow->lazy, ino, &doubtful) : index_has(&cow->index, ino);
}

bool cow_shares_nothing(const struct cow *cow)
{
	return cow->meta.share == COW_SHARE_REFLINK || cow->meta.share == COW_SHARE_COPY;
}

void store_temp_name(struct cow *cow, char name[TEMP_NAME_SIZE])
{
	snprintf(name, TEMP_NAME_SIZE, "t%u", atomic_fetch_add(&cow->next_temp, 1));
}

int store_temp_file(struct cow *cow, char name[TEMP_NAME_SIZE], int *ret_fd)
{
	int r;

	do { /* a name left by a process that was killed is passed over */
		store_temp_name(cow, name);
		r = host_openat(cow->work_fd, name, O_RDWR | O_CREAT | O_EXCL, 0600, ret_fd);
	} while (r == -EEXIST);
	return r;
}

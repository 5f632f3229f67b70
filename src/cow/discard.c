/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting stores aside, and removing them later. Library; runs as the container's root. Untrusted: the names in the directory; what looks
 * like a store put aside is removed only if it is one (cow_remove).
 */
#include <config.h>

#include "cow/discard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cow/internal.h"
#include "host/at.h"
#include "host/dirent.h"

/* An index below this size: removing the store takes less time than starting a process for it. */
#define SMALL_INDEX (256 * 8)
/* Unless the container has made many files: as many as a small image can have, with its directories, are removed before that is decided. */
#define SMALL_STORE 1024

/* The directory that holds dir, with a slash at its end. */
static int parent_of(const char *dir, struct buf *ret)
{
	const char *slash = strrchr(dir, '/');

	return slash ? buf_add(ret, dir, (size_t)(slash - dir) + 1) : -EINVAL;
}

static bool is_small(int dir_fd)
{
	struct statx st;

	return host_statx(dir_fd, STORE_INDEX, &st) == 0 && st.stx_size < SMALL_INDEX;
}

static int put_aside(const char *dir)
{
	cleanup_buf struct buf aside = {0};
	uint64_t number;
	int r = parent_of(dir, &aside);

	if (r < 0)
		return r;
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = (uint64_t)getpid();
	r = buf_printf(&aside, COW_TRASH_PREFIX "%016llx", (unsigned long long)number);
	return r < 0 ? r : host_renameat2(AT_FDCWD, dir, AT_FDCWD, aside.data, RENAME_NOREPLACE);
}

int cow_discard(const char *dir, bool *ret_later, struct cow_fault *fault)
{
	cleanup_fd int fd = -EBADF;
	int r = store_open_dir(dir, &fd);

	*ret_later = false;
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = store_check(fd);
	if (r == 0 && is_small(fd)) {
		r = remove_at_most(dir, SMALL_STORE, fault);
		if (r != -E2BIG)
			return r;
		r = 0;
	}
	/* Also when it cannot be renamed (a mount point, a parent of somebody else's): cow_remove says what is wrong. */
	if (r < 0 || put_aside(dir) < 0)
		return cow_remove(dir, fault);
	*ret_later = true;
	return 0;
}

static void remove_one(const char *parent, const char *name)
{
	cleanup_buf struct buf path = {0};
	cleanup_fd int fd = -EBADF;

	if (buf_add_str(&path, parent) < 0 || buf_add_str(&path, name) < 0)
		return;
	/* Two that remove one tree would trip over each other. */
	if (store_open_dir(path.data, &fd) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		cow_remove(path.data, NULL);
}

void cow_empty_trash(const char *dir)
{
	cleanup_buf struct buf parent = {0};
	cleanup_fd int fd = -EBADF;
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	int r = parent_of(dir, &parent);

	if (r == 0)
		r = host_open_dir_path(parent.data, &fd);
	if (r == 0)
		r = host_dir_reader_init(&rd, fd);
	while (r == 0 && host_dir_read(&rd, &d) > 0)
		if (!strncmp(d.name, COW_TRASH_PREFIX, strlen(COW_TRASH_PREFIX)))
			remove_one(parent.data, d.name);
	host_dir_reader_done(&rd);
}

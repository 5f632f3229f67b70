/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens, and makes, mount points below the container's root. Runs in init. The tree is untrusted (image content, volumes shared with
 * running containers): every look-up is the kernel's, confined to the root; nothing is done by a path that was checked before.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/mount.h"

#define MAX_LINKS 40

/* Makes name in the directory `done`. 1: it was made (or a rival made it). 0: it is a dangling symlink, *ret_link its text. */
static int make_entry(int root_fd, const char *done, const char *name, bool dir, char **ret_link)
{
	cleanup_fd int parent = -EBADF, fd = -EBADF;
	char link[PATH_MAX];
	ssize_t n;
	int r = host_open_in_root(root_fd, done[0] ? done : ".", O_PATH | O_DIRECTORY, 0, &parent);

	if (r < 0)
		return r;
	if (dir) {
		if (mkdirat(parent, name, 0755) == 0)
			return 1;
	} else {
		fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
			    0644);
		if (fd >= 0)
			return 1;
	}
	if (errno != EEXIST)
		return -errno;
	n = readlinkat(parent, name, link, sizeof(link) - 1);
	if (n < 0)
		return errno == EINVAL ? 1 : -errno;
	*ret_link = xstrndup(link, (size_t)n);
	return 0;
}

static int make_path(int root_fd, const char *path, bool dir, unsigned links);

/* The part of the path before `rest` ended in a dangling link: go on with what it names. */
static int make_through_link(int root_fd, const char *done, const char *link, const char *rest,
			     bool dir, unsigned links)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", link[0] == '/' ? "" : done, link, rest);

	if (links >= MAX_LINKS)
		return -ELOOP;
	return make_path(root_fd, path, dir, links + 1);
}

static int make_path(int root_fd, const char *path, bool dir, unsigned links)
{
	cleanup_free char *done = xcalloc(1, strlen(path) + 2);
	size_t len = 0;

	for (const char *p = path + strspn(path, "/"); *p;) {
		size_t n = strcspn(p, "/");
		const char *rest = p + n + strspn(p + n, "/");
		cleanup_free char *name = xstrndup(p, n), *link = NULL;
		cleanup_fd int fd = -EBADF;
		int r;

		done[len] = '/';
		memcpy(done + len + 1, p, n);
		done[len + 1 + n] = '\0';
		r = host_open_in_root(root_fd, done, O_PATH, 0, &fd);
		if (r == -ENOENT) {
			done[len] = '\0';
			r = make_entry(root_fd, done, name, dir || *rest, &link);
			if (r == 0)
				return make_through_link(root_fd, done, link, rest, dir, links);
			done[len] = '/';
		}
		if (r < 0)
			return r;
		len += 1 + n;
		p = rest;
	}
	return 0;
}

int target_open(int root_fd, const char *path, bool dir, bool nofollow, int *ret_fd)
{
	int flags = O_PATH | (dir ? O_DIRECTORY : 0) | (nofollow ? O_NOFOLLOW : 0);
	int r = host_open_in_root(root_fd, path, flags, 0, ret_fd);

	if (r != -ENOENT)
		return r;
	r = make_path(root_fd, path, dir, 0);
	return r < 0 ? r : host_open_in_root(root_fd, path, flags, 0, ret_fd);
}

int target_parent(int root_fd, const char *path, int *ret_fd, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *dir = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	int r = target_open(root_fd, dir[0] ? dir : "/", true, false, ret_fd);

	if (r < 0)
		return r;
	*ret_name = slash ? slash + 1 : path;
	return 0;
}

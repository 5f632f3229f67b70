/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tmpcopyup: fills a new tmpfs with what its mount point held. Runs in init; the tree is image content, so no symlink is followed. */
#include <config.h>

#include "init/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_DEPTH 256 /* one descriptor pair per level */

static int copy_dir(int from_fd, int to_fd, unsigned depth);

static int copy_content(int from, int to)
{
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1 << 20);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	cleanup_fd int from =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	cleanup_fd int to = -EBADF;

	if (from < 0)
		return -errno;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	return copy_content(from, to);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
	char link[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, link, sizeof(link) - 1);

	if (n < 0)
		return -errno;
	link[n] = '\0';
	return symlinkat(link, to_dir, name) < 0 ? -errno : 0;
}

static int copy_subdir(int from_dir, int to_dir, const char *name, unsigned depth)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	cleanup_fd int from = openat(from_dir, name, flags), to = -EBADF;

	if (from < 0)
		return -errno;
	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to = openat(to_dir, name, flags);
	if (to < 0)
		return -errno;
	return copy_dir(from, to, depth + 1);
}

/* Owner before mode: chown clears the set-id bits. EINVAL: an owner without a mapping stays ours. */
static int copy_attrs(int to_dir, const char *name, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL && errno != EPERM)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(int from_dir, int to_dir, const char *name, unsigned depth)
{
	struct stat st;
	int r;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		r = copy_subdir(from_dir, to_dir, name, depth);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from_dir, to_dir, name);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from_dir, to_dir, name);
	else if (mknodat(to_dir, name, st.st_mode, st.st_rdev) < 0)
		return errno == EPERM ? 0 : -errno; /* devices cannot be made in a user namespace */
	else
		r = 0;
	return r < 0 ? r : copy_attrs(to_dir, name, &st);
}

static int copy_dir(int from_fd, int to_fd, unsigned depth)
{
	cleanup_dir DIR *dir = NULL;
	int fd = dup(from_fd);
	struct dirent *e;

	if (depth > MAX_DEPTH || fd < 0)
		return fd < 0 ? -errno : -ELOOP;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((errno = 0, e = readdir(dir))) {
		int r;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = copy_entry(from_fd, to_fd, e->d_name, depth);
		if (r < 0)
			return r;
	}
	return errno ? -errno : 0;
}

/*
 * The new root itself keeps what the mount options say (mode=, uid=), or the 1777 of a tmpfs: as with crun, so that any user of the container
 * can write to a `--tmpfs` of podman.
 */
int mount_copy_up(int from_fd, int to_fd)
{
	cleanup_fd int from = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return from < 0 ? -errno : copy_dir(from, to_fd, 0);
}

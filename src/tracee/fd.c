/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root, cwd and descriptors of the caller, through the magic links of /proc/<tid> (pidfd_getfd is
 * refused on some hosts). Runs in the supervisor. The text of a magic link is never used.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "host/dirent.h"
#include "tracee/internal.h"
#include "tracee/tracee.h"

static int open_link(int proc_fd, pid_t tid, const char *name, int *ret_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	fd = openat(proc_fd, path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int tracee_open_root(int proc_fd, pid_t tid, int *ret_fd)
{
	int r = open_link(proc_fd, tid, "root", ret_fd);

	return r == -ENOENT ? -ESRCH : r;
}

int tracee_open_exe(int proc_fd, pid_t tid, int *ret_fd)
{
	int r = open_link(proc_fd, tid, "exe", ret_fd);

	return r == -ENOENT ? -ESRCH : r;
}

int tracee_open_cwd(int proc_fd, pid_t tid, int *ret_fd)
{
	int r = open_link(proc_fd, tid, "cwd", ret_fd);

	return r == -ENOENT ? -ESRCH : r;
}

int tracee_open_fd(int proc_fd, pid_t tid, int number, int *ret_fd)
{
	char name[32];
	int r;

	if (number < 0)
		return -EBADF;
	snprintf(name, sizeof(name), "fd/%d", number);
	r = open_link(proc_fd, tid, name, ret_fd);
	return r == -ENOENT ? -EBADF : r;
}

int tracee_fd_is_path(int proc_fd, pid_t tid, int number, bool *ret)
{
	char name[48], text[512];
	const char *value;
	struct stat st;
	unsigned flags;
	int r;

	/* The link's permission bits show the access mode (proc_pid_fd(5)): none at all with O_PATH, and with the odd mode 3. */
	snprintf(name, sizeof(name), "%d/fd/%d", tid, number);
	if (fstatat(proc_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -EBADF : -errno;
	if (st.st_mode & (S_IRUSR | S_IWUSR)) {
		*ret = false;
		return 0;
	}
	snprintf(name, sizeof(name), "fdinfo/%d", number);
	r = tracee_read_proc(proc_fd, tid, name, text, sizeof(text));
	if (r < 0)
		return r == -ESRCH ? -EBADF : r;
	value = tracee_field(text, "flags");
	if (!value || sscanf(value, "%o", &flags) != 1)
		return -EIO;
	*ret = !!(flags & O_PATH);
	return 0;
}

/* Descriptors above the limit (it was lowered since) do not count. */
static bool all_below_used(int proc_fd, const char *path, uint64_t limit)
{
	cleanup_fd int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host_dir_reader rd;
	struct host_dirent e;
	uint64_t used = 0;
	int number;

	if (fd < 0 || host_dir_reader_init(&rd, fd) < 0)
		return false;
	while (host_dir_read(&rd, &e) > 0)
		used += num_parse_int(e.name, &number) == 0 && (uint64_t)number < limit;
	host_dir_reader_done(&rd);
	return used >= limit;
}

bool tracee_fd_table_full(int proc_fd, pid_t tid)
{
	struct rlimit limit;
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "%d/fd", tid);
	/* st_size of this directory is the number of open descriptors since 6.2; 0 before. */
	if (fstatat(proc_fd, path, &st, 0) < 0 || st.st_size == 0)
		return false;
	if (prlimit(tid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return false;
	return (uint64_t)st.st_size >= limit.rlim_cur &&
	       all_below_used(proc_fd, path, limit.rlim_cur);
}

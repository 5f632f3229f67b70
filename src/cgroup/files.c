/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing cgroup control files. Runs in the commands; one write per value, as the
 * kernel wants it. */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

static int open_file(const char *dir, const char *file, int flags)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_write_raw(const char *dir, const char *file, const char *text)
{
	cleanup_fd int fd = open_file(dir, file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, text, strlen(text));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int cgroup_write(const char *dir, const char *file, const char *text, struct err **err)
{
	int r = cgroup_write_raw(dir, file, text);

	/* Not strerror(ENOENT): podman takes that phrase for a missing command. */
	if (r == -ENOENT)
		return err_text(err, r,
				"cgroup: cannot write '%s': the file %s/%s is not there "
				"(controller not available)",
				text, dir, file);
	return r < 0 ? err_set(err, r, "cgroup: write '%s' to %s/%s", text, dir, file) : 0;
}

int cgroup_write_i64(const char *dir, const char *file, int64_t value, struct err **err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return cgroup_write(dir, file, text, err);
}

int cgroup_write_u64(const char *dir, const char *file, uint64_t value, struct err **err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return cgroup_write(dir, file, text, err);
}

int cgroup_write_max(const char *dir, const char *file, int64_t value, struct err **err)
{
	return value == -1 ? cgroup_write(dir, file, "max", err)
			   : cgroup_write_i64(dir, file, value, err);
}

bool cgroup_has_file(const char *dir, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, file);

	return access(path, F_OK) == 0;
}

int cgroup_read(const char *dir, const char *file, char *ret, size_t size)
{
	cleanup_fd int fd = open_file(dir, file, O_RDONLY);
	size_t n;
	int r;

	if (fd < 0)
		return fd;
	r = fd_read_full(fd, ret, size - 1, &n);
	if (r < 0)
		return r;
	if (n > 0 && ret[n - 1] == '\n')
		n--;
	ret[n] = '\0';
	return 0;
}

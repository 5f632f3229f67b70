/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading mountinfo. Supervisor, create. The text is the kernel's, but names in
 * it are the container's: octal escapes. */
#include <config.h>

#include "host/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000 /* 5.8 */
#endif

static int is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Takes one blank-separated field; \ooo stands for a byte. */
static int take_field(const char **p, char *out, size_t max)
{
	size_t n = 0;

	while (**p && **p != ' ' && **p != '\n') {
		char c = **p;

		if (c == '\\' && is_octal((*p)[1]) && is_octal((*p)[2]) && is_octal((*p)[3])) {
			c = (char)(((*p)[1] - '0') << 6 | ((*p)[2] - '0') << 3 | ((*p)[3] - '0'));
			*p += 3;
		}
		(*p)++;
		if (n + 1 >= max)
			return -ENAMETOOLONG;
		out[n++] = c;
	}
	out[n] = '\0';
	*p += strspn(*p, " ");
	return 0;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,…": mount id, parent id, device, root, mount point. */
static int parse_line(const char *line, struct mount_place *ret)
{
	unsigned major, minor;
	int used = 0, r;

	if (sscanf(line, "%" SCNu64 " %*u %u:%u %n", &ret->id, &major, &minor, &used) != 3 || !used)
		return -EIO;
	ret->dev = makedev(major, minor);
	line += used;
	r = take_field(&line, ret->root, sizeof(ret->root));
	return r < 0 ? r : take_field(&line, ret->point, sizeof(ret->point));
}

static int each(int info_fd, mountinfo_fn fn, void *arg)
{
	cleanup_file FILE *f = fdopen(info_fd, "r");
	cleanup_free char *line = NULL;
	struct mount_place place;
	size_t size = 0;
	int r = 0;

	if (!f) {
		close(info_fd);
		return -ENOMEM;
	}
	while (r == 0 && getline(&line, &size, f) > 0)
		if (parse_line(line, &place) == 0)
			r = fn(&place, arg);
	return r;
}

int mountinfo_each(mountinfo_fn fn, void *arg)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : each(fd, fn, arg);
}

static int is_wanted(const struct mount_place *place, void *arg)
{
	struct mount_place *wanted = arg;

	if (place->id != wanted->id)
		return 0;
	*wanted = *place;
	return 1;
}

int mountinfo_find_fd(int proc_fd, pid_t tid, int fd, struct mount_place *ret)
{
	char path[40];
	struct statx stx;
	int info, r;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stx) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%d/mountinfo", tid);
	info = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	ret->id = stx.stx_mnt_id;
	r = each(info, is_wanted, ret);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

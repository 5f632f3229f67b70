/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up one mount in /proc/<tid>/mountinfo. Supervisor. The text is the kernel's, but names in
 * it are the container's: octal escapes. */
#include <config.h>

#include "handlers/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000 /* 5.8 */
#endif

static bool is_octal(char c)
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
static int parse_line(const char *line, uint64_t *ret_id, struct mount_place *ret)
{
	char skip[64];
	int r;

	if (sscanf(line, "%" SCNu64, ret_id) != 1)
		return -EIO;
	for (int i = 0; i < 3; i++) {
		r = take_field(&line, skip, sizeof(skip));
		if (r < 0)
			return r;
	}
	r = take_field(&line, ret->root, sizeof(ret->root));
	return r < 0 ? r : take_field(&line, ret->point, sizeof(ret->point));
}

int mountinfo_find_fd(int proc_fd, pid_t tid, int fd, struct mount_place *ret)
{
	cleanup_file FILE *f = NULL;
	cleanup_free char *line = NULL;
	char path[40];
	struct statx stx;
	size_t size = 0;
	int info;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stx) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%d/mountinfo", tid);
	info = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	f = fdopen(info, "r");
	if (!f) {
		close(info);
		return -ENOMEM;
	}
	while (getline(&line, &size, f) > 0) {
		uint64_t id;

		if (parse_line(line, &id, ret) == 0 && id == stx.stx_mnt_id)
			return 0;
	}
	return -ENOENT;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See cgroup_lines.h. Runs in the commands and in init. */
#include <config.h>

#include "host/cgroup_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strv.h"

#define TEXT_MAX (1u << 20)

int host_cgroup_text(pid_t pid, struct buf *ret)
{
	char file[32] = "/proc/self/cgroup";
	cleanup_fd int fd = -EBADF;

	if (pid > 0)
		snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd_read_to_buf(fd, TEXT_MAX, ret);
}

static bool take_apart(char *line, struct host_cgroup_line *ret)
{
	char *controllers = strchr(line, ':'), *path;

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return false;
	*path = '\0';
	ret->controllers = controllers + 1;
	ret->path = path + 1;
	return true;
}

bool host_cgroup_next(char **at, struct host_cgroup_line *ret)
{
	char *line;

	while (*at && (line = strsep(at, "\n")))
		if (take_apart(line, ret))
			return true;
	return false;
}

int host_cgroup_path(pid_t pid, const char *controllers, char **ret)
{
	cleanup_buf struct buf text = {0};
	struct host_cgroup_line line;
	int r = host_cgroup_text(pid, &text);
	char *at = text.data, *path;

	if (r < 0)
		return r;
	while (host_cgroup_next(&at, &line)) {
		if (strcmp(line.controllers, controllers) != 0)
			continue;
		path = strdup(line.path);
		if (!path)
			return -ENOMEM;
		*ret = path;
		return 0;
	}
	return -ENOENT;
}

const char *host_cgroup_dir(const char *controllers)
{
	return str_starts(controllers, "name=") ? controllers + 5 : controllers;
}

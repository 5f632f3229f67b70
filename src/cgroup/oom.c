/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's notice that a group ran out of memory. Runs in `events`. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cgroup/internal.h"
#include "cgroup/stats_internal.h"

static int open_in(const char *dir, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* oom_kill of memory.events; reading also takes the notice back. */
static uint64_t kills(int fd)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *at;

	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "oom_kill ");
	return at ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

static int watch_v2(const char *dir, struct cgroup_oom *ret)
{
	int fd = open_in(dir, "memory.events");

	if (fd < 0)
		return fd;
	*ret = (struct cgroup_oom){.event_fd = fd, .file_fd = -EBADF, .kills = kills(fd)};
	return 0;
}

static int watch_v1(const char *dir, struct cgroup_oom *ret)
{
	cleanup_fd int control = open_in(dir, "memory.oom_control");
	cleanup_fd int event = -EBADF;
	char text[32];
	int r;

	if (control < 0)
		return control;
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d %d", event, control);
	r = cgroup_write_raw(dir, "cgroup.event_control", text);
	if (r < 0)
		return r;
	*ret = (struct cgroup_oom){.event_fd = steal_fd(&event), .file_fd = steal_fd(&control)};
	return 0;
}

int cgroup_watch_oom(struct cgroup *cg, struct cgroup_oom *ret, struct err **err)
{
	const char *dir;
	int r;

	if (!cg->ops)
		return cgroup_none(err, "watch its memory");
	dir = stats_dir(cg, "memory");
	if (!dir)
		return err_text(err, ENOTSUP,
				"the requested cgroup controller `memory` is not available");
	r = cg->ops == &cgroup_v2_ops ? watch_v2(dir, ret) : watch_v1(dir, ret);
	return r < 0 ? err_set(err, r, "cgroup: watch the memory of %s", dir) : 0;
}

uint64_t cgroup_count_oom(struct cgroup_oom *oom)
{
	uint64_t n = 0, now;

	if (oom->file_fd >= 0)
		return read(oom->event_fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
	now = kills(oom->event_fd);
	n = now > oom->kills ? now - oom->kills : 0;
	oom->kills = now;
	return n;
}

void cgroup_unwatch_oom(struct cgroup_oom *oom)
{
	close_fd(&oom->event_fd);
	close_fd(&oom->file_fd);
}

bool cgroup_had_oom(const struct cgroup *cg)
{
	const char *dir = cg->ops ? stats_dir(cg, "memory") : NULL;
	struct cgroup_named_value *v;
	uint64_t n_kills;
	size_t n;

	if (!dir)
		return false;
	v = stats_lines(dir, cg->ops == &cgroup_v2_ops ? "memory.events" : "memory.oom_control",
			&n);
	n_kills = stats_value(v, n, "oom_kill");
	stats_free_lines(v, n);
	return n_kills > 0;
}

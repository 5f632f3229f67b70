/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device rules and /dev/tty. Supervisor worker thread. */
#include <config.h>

#include "handlers/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "host/openat2.h"

/* Documentation/admin-guide/devices.rst */
#define TTYAUX_MAJOR	   5
#define UNIX98_SLAVE_MAJOR 136
#define UNIX98_SLAVE_LAST  143

static bool rule_matches(const struct device_rule *rule, const struct stat *st)
{
	char type = S_ISCHR(st->st_mode) ? 'c' : 'b';

	return (rule->type == 'a' || rule->type == type) &&
	       (rule->major < 0 || rule->major == (int64_t)major(st->st_rdev)) &&
	       (rule->minor < 0 || rule->minor == (int64_t)minor(st->st_rdev));
}

/* Each access bit for itself: a rule speaks only of the accesses it names. */
static bool allowed(const struct service *svc, const struct stat *st, bool write)
{
	bool verdict = false;

	for (size_t i = 0; i < svc->n_device_rules; i++) {
		const struct device_rule *rule = &svc->device_rules[i];

		if ((write ? rule->write : rule->read) && rule_matches(rule, st))
			verdict = rule->allow;
	}
	return verdict;
}

int device_check(const struct request *rq, const struct object *obj, int access)
{
	const struct service *svc = rq->svc;

	/* 0:0, overlayfs's whiteout, is no device for the kernel's check either. */
	if (!svc->has_device_rules || obj->st.st_rdev == 0)
		return 0;
	if ((access & R_OK) && !allowed(svc, &obj->st, false))
		return -EPERM;
	if ((access & W_OK) && !allowed(svc, &obj->st, true))
		return -EPERM;
	return 0;
}

bool device_is_tty(const struct object *obj)
{
	return S_ISCHR(obj->st.st_mode) && obj->st.st_rdev == makedev(TTYAUX_MAJOR, 0);
}

static int try_tty(int root, const char *path, dev_t tty, struct object *obj)
{
	cleanup_fd int fd = -EBADF;
	struct stat st;

	fd = host_openat2(root, path, O_PATH | O_NOFOLLOW, 0,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != tty)
		return -ENXIO;
	close(obj->fd);
	obj->fd = steal_fd(&fd);
	obj->st = st;
	return 0;
}

int device_open_tty(struct request *rq, struct object *obj)
{
	cleanup_fd int root = -EBADF;
	char path[48];
	dev_t tty;
	int r;

	r = tracee_tty(rq->svc->proc_fd, rq->tid, &tty);
	if (r == 0)
		r = tracee_open_root(rq->svc->proc_fd, rq->tid, &root);
	if (r == 0)
		r = request_check_alive(rq);
	if (r < 0)
		return r;
	if (tty == 0)
		return -ENXIO;
	if (major(tty) >= UNIX98_SLAVE_MAJOR && major(tty) <= UNIX98_SLAVE_LAST) {
		snprintf(path, sizeof(path), "dev/pts/%u",
			 (major(tty) - UNIX98_SLAVE_MAJOR) * 256 + minor(tty));
		if (try_tty(root, path, tty, obj) == 0)
			return 0;
	}
	return try_tty(root, "dev/console", tty, obj);
}

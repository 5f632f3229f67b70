/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount namespace of the supervisor's own with nothing in it but the store and /proc: what a supervisor that has been taken over could open. Runs once,
 * before anything is heard of the container; servers inherit it. Only in a user namespace: real root gets out of it, by /proc/1/root. Only if
 * populate is done: a link from a lower to the live root must not cross two mounts. docs/design/supervisor.md.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/cow.h"
#include "host/at.h"
#include "host/mount.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"

static int clone_path(const char *path, bool rec, int *ret_fd)
{
	cleanup_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : host_tree_clone(fd, rec, ret_fd);
}

static int attach_as(int tree, int root, const char *name)
{
	cleanup_fd int target = -EBADF;
	int r = mkdirat(root, name, 0700) < 0 ? -errno : 0;

	if (r == 0)
		r = host_openat(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, &target);
	return r < 0 ? r : host_tree_attach(tree, target);
}

static int small_tmpfs(int *ret_tree)
{
	cleanup_fd int fs = -EBADF;
	int r = host_fs_open("tmpfs", &fs);

	if (r == 0)
		r = host_fs_set(fs, "size", "64k");
	if (r == 0)
		r = host_fs_set(fs, "nr_inodes", "8");
	/* workers look up /proc/self/fd/N with their callers' ids */
	if (r == 0)
		r = host_fs_set(fs, "mode", "555");
	return r < 0 ? r
		     : host_fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				     ret_tree);
}

/* The working directory is the store, as this namespace sees it. */
static int make_view(void)
{
	cleanup_fd int store = -EBADF, proc = -EBADF, root = -EBADF, over = -EBADF;
	int r;

	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	r = clone_path(".", false, &store);
	if (r == 0)
		r = clone_path("/proc", true, &proc);
	if (r == 0)
		r = small_tmpfs(&root);
	/* it must lie somewhere before it can become the root */
	if (r == 0)
		r = host_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0, &over);
	if (r == 0)
		r = host_tree_attach(root, over);
	if (r == 0)
		r = attach_as(store, root, VIEW_STORE_NAME);
	if (r == 0)
		r = attach_as(proc, root, "proc");
	return r < 0 ? r : host_pivot_root(root);
}

/* A store of sandlock-mount was opened before the ids changed: it may belong to somebody who means nothing in the container's user namespace. */
static bool can_open_again(const struct cow *cow)
{
	struct cow *again;

	if (fchdir(cow_store_fd(cow)) < 0 || cow_open(".", &again) < 0)
		return false;
	cow_close(again);
	return chdir("/") == 0;
}

bool view_is_possible(const struct server *server, const struct supervisor_params *params)
{
	const struct cow *cow = server->svc.cow;

	return params->userns_fd >= 0 && !cow_needs_lowers(cow) &&
	       (!params->existing || can_open_again(cow));
}

int view_enter(struct server *server)
{
	struct service *svc = &server->svc;
	int r;

	/* Not by its path: the directories above may be closed to us. unshare takes the working directory along. */
	if (fchdir(cow_store_fd(svc->cow)) < 0 || unshare(CLONE_NEWNS) < 0)
		return -errno;
	r = make_view();
	if (r < 0)
		return r;
	server->has_view = true;
	/* Descriptors from before lead by ".." to all of the host. */
	cow_close(svc->cow);
	svc->cow = NULL;
	close_fd(&svc->proc_fd);
	close_fd(&svc->self_fd_dir);
	r = cow_open(VIEW_STORE, &svc->cow);
	return r < 0 ? r : service_open_proc(svc);
}

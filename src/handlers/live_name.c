/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object -> name in the live root. Supervisor. The text of our own magic link only proposes a name;
 * it counts only when the inode found under it, on our own mount, is the object's. A wrong proposal
 * (a mount inside the container, a rename meanwhile) is never acted on.
 */
#include <config.h>

#include "handlers/live_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "cow/cow.h"
#include "host/mountinfo.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "host/openat2.h"

#define DELETED " (deleted)"
#define TRIES	3

static int link_text(const struct service *svc, int fd, char *text)
{
	char name[16];
	ssize_t n;

	snprintf(name, sizeof(name), "%d", fd);
	n = readlinkat(svc->self_fd_dir, name, text, PATH_MAX);
	if (n < 0)
		return -errno;
	if (n == PATH_MAX)
		return -ENAMETOOLONG;
	text[n] = '\0';
	return 0;
}

/* 0: the inode is there, and ret has the name. -ESTALE: it is not. */
static int try_path(const struct request *rq, const struct object *obj, const char *path,
		    struct live_name *ret)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	cleanup_fd int parent = -EBADF;
	char dir[PATH_MAX];
	struct stat st;

	if (*base == '\0' || strlen(base) > NAME_MAX)
		return -ESTALE;
	snprintf(dir, sizeof(dir), "./%.*s", (int)(slash ? slash - path : 0), path);
	parent = host_openat2(cow_root_fd(rq->svc->cow), dir, O_PATH | O_DIRECTORY, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (parent < 0)
		return -ESTALE;
	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != obj->st.st_ino ||
	    st.st_dev != obj->st.st_dev)
		return -ESTALE;
	ret->kind = LIVE_NAMED;
	ret->parent = steal_fd(&parent);
	snprintf(ret->name, sizeof(ret->name), "%s", base);
	snprintf(ret->path, sizeof(ret->path), "%s", path);
	return 0;
}

/* Where in its file system lies what `text` names below the mount `place`? -ESTALE: it is not below it. */
static int path_in_fs(const struct mount_place *place, const char *text, char *ret, size_t max)
{
	size_t point_len = strcmp(place->point, "/") == 0 ? 0 : strlen(place->point);

	if (strncmp(text, place->point, point_len) != 0)
		return -ESTALE;
	snprintf(ret, max, "%s%s", strcmp(place->root, "/") == 0 ? "" : place->root,
		 text + point_len);
	return 0;
}

/* An object in a mount of the container's own making: its mount's root plus the rest of the text,
 * less the container root's place. */
static int try_mount(const struct request *rq, const struct object *obj, const char *text,
		     struct live_name *ret)
{
	struct mount_place place;
	char in_fs[2 * PATH_MAX];
	size_t root_len = strlen(rq->svc->root_in_fs);

	if (mountinfo_find_fd(rq->svc->proc_fd, rq->tid, obj->fd, &place) < 0 ||
	    path_in_fs(&place, text, in_fs, sizeof(in_fs)) < 0)
		return -ESTALE;
	if (strncmp(in_fs, rq->svc->root_in_fs, root_len) != 0 || in_fs[root_len] != '/')
		return -ESTALE;
	if (strlen(in_fs + root_len + 1) >= PATH_MAX)
		return -ENAMETOOLONG;
	return try_path(rq, obj, in_fs + root_len + 1, ret);
}

/* The live root in the caller's own mounts: the caller's root, unless that is another directory. */
static int caller_root(const struct request *rq, int *ret_fd)
{
	cleanup_fd int root = -EBADF;
	struct stat a, b;
	int r;

	r = tracee_open_root(rq->svc->proc_fd, rq->tid, &root);
	if (r < 0)
		return r;
	if (fstat(root, &a) < 0 || fstat(cow_root_fd(rq->svc->cow), &b) < 0)
		return -errno;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return -ENOENT;
	r = request_check_alive(rq);
	if (r == 0)
		*ret_fd = steal_fd(&root);
	return r;
}

/*
 * The live root in the container's mounts, for callers that are chrooted: so that what we open there shows container paths in /proc. Learned from
 * the first caller whose root it is: init itself cannot be asked before its execve (its memory still belongs to the namespace of `create`). Until
 * then our own mount serves.
 */
static int container_root(const struct request *rq)
{
	int known = atomic_load(rq->svc->container_root);

	return known >= 0 ? known : cow_root_fd(rq->svc->cow);
}

static void learn_root(const struct request *rq, int root)
{
	int none = -EBADF, fd;

	if (atomic_load(rq->svc->container_root) >= 0)
		return;
	fd = fcntl(root, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0 && !atomic_compare_exchange_strong(rq->svc->container_root, &none, fd))
		close(fd);
}

static int open_below(int root, const char *path, const struct cow_file_id *id, int *ret_fd)
{
	int fd = host_openat2(root, path, O_PATH | O_NOFOLLOW, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return fd;
	if (!cow_is_file(fd, "", id)) {
		close(fd);
		return -ESTALE;
	}
	*ret_fd = fd;
	return 0;
}

/* Where the container sees it; under a mount of its own making it does not, but old descriptors still mean it. */
static int open_moved(const struct request *rq, int root, const char *path,
		      const struct cow_file_id *id, struct live_name *ret)
{
	int r = open_below(root, path, id, &ret->moved_fd);

	if (r < 0)
		r = open_below(cow_root_fd(rq->svc->cow), path, id, &ret->moved_fd);
	if (r == 0)
		ret->kind = LIVE_MOVED;
	return r;
}

/* Behind a copy-up: the old inode has lost its name to a private file, which may have been moved since. */
static int find_moved(struct request *rq, const struct object *obj, struct live_name *ret)
{
	cleanup_fd int root = -EBADF;
	struct cow *cow = rq->svc->cow;
	struct cow_file_id id;
	char path[PATH_MAX];
	int r = cow_find_moved(cow, obj->st.st_ino, &id, path);

	if (r < 0)
		return r;
	if (caller_root(rq, &root) == 0)
		learn_root(rq, root);
	r = open_moved(rq, root >= 0 ? root : container_root(rq), path, &id, ret);
	for (int i = 0; i < TRIES && r < 0; i++) {
		rq->svc->may_block(rq);
		r = cow_search_moved(cow, obj->st.st_ino, &id, path);
		if (r == 0)
			r = cow_find_moved(cow, obj->st.st_ino, &id, path);
		if (r < 0)
			return r;
		r = open_moved(rq, root >= 0 ? root : container_root(rq), path, &id, ret);
	}
	return r;
}

static bool ends_deleted(const char *text)
{
	size_t len = strlen(text), tail = strlen(DELETED);

	return len > tail && strcmp(text + len - tail, DELETED) == 0;
}

int live_name_find(struct request *rq, const struct object *obj, struct live_name *ret)
{
	char text[PATH_MAX];
	int r = -ESTALE;

	*ret = (struct live_name){.parent = -EBADF, .moved_fd = -EBADF};
	for (int i = 0; i < TRIES && r == -ESTALE; i++) {
		r = link_text(rq->svc, obj->fd, text);
		if (r < 0)
			return r;
		r = try_path(rq, obj, text + strspn(text, "/"), ret);
		if (r == -ESTALE)
			r = try_mount(rq, obj, text, ret);
	}
	if (r != -ESTALE)
		return r;
	if (find_moved(rq, obj, ret) == 0)
		return 0;
	if (ends_deleted(text)) {
		ret->kind = LIVE_GONE;
		return 0;
	}
	return -EROFS;
}

void live_name_done(struct live_name *ln)
{
	close_fd(&ln->parent);
	close_fd(&ln->moved_fd);
}

int live_name_set_root(struct service *svc)
{
	struct mount_place place;
	char text[PATH_MAX], in_fs[2 * PATH_MAX];
	int r;

	r = link_text(svc, cow_root_fd(svc->cow), text);
	if (r == 0)
		r = mountinfo_find_fd(svc->proc_fd, getpid(), cow_root_fd(svc->cow), &place);
	if (r == 0)
		r = path_in_fs(&place, text, in_fs, sizeof(in_fs));
	if (r == 0 && strlen(in_fs) >= sizeof(svc->root_in_fs))
		r = -ENAMETOOLONG;
	if (r == 0)
		memcpy(svc->root_in_fs, in_fs, strlen(in_fs) + 1);
	return r;
}

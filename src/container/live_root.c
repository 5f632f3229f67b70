/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From root.path to the store of sandlock-mount: beside root.path, or through /proc/self/mountinfo (proc(5)), whose fourth field says which directory of
 * the file system a mount shows. Runs in create. A name only proposes a store; it counts if its root is the same inode.
 */
#include <config.h>

#include "container/live_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/mountinfo.h"

#define STORE "/sandlock/live"
#define ROOT  STORE "/root"

struct search {
	struct stat st; /* of the root */
	char *in_fs;	/* where it is in its file system */
	dev_t fs;	/* as mountinfo names that; on btrfs not st_dev */
	char *store;
};

/* Is store/root the directory that is looked for? */
static bool try_store(struct search *s, char *store)
{
	cleanup_free char *root = xasprintf("%s/root", store);
	struct stat st;

	if (lstat(root, &st) < 0 || st.st_dev != s->st.st_dev || st.st_ino != s->st.st_ino) {
		free(store);
		return false;
	}
	s->store = store;
	return true;
}

static bool try_beside(struct search *s, const char *real)
{
	return try_store(s, xasprintf("%.*s" STORE, (int)(strrchr(real, '/') - real), real));
}

static int find_in_fs(struct search *s, const char *real, int fd)
{
	cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_place place;
	size_t point_len;
	int r = proc < 0 ? -errno : mountinfo_find_fd(proc, getpid(), fd, &place);

	if (r < 0)
		return r;
	point_len = strcmp(place.point, "/") == 0 ? 0 : strlen(place.point);
	if (strncmp(place.point, real, point_len) != 0)
		return -ESTALE;
	s->fs = place.dev;
	s->in_fs =
		xasprintf("%s%s", strcmp(place.root, "/") == 0 ? "" : place.root, real + point_len);
	return 0;
}

/* Another mount of the file system, through which the store can be reached. */
static int try_mount(const struct mount_place *place, void *arg)
{
	struct search *s = arg;
	size_t len = strcmp(place->root, "/") == 0 ? 0 : strlen(place->root);
	size_t store_len = strlen(s->in_fs) - strlen("/root");

	if (place->dev != s->fs || len > store_len || s->in_fs[len] != '/' ||
	    strncmp(s->in_fs, place->root, len) != 0)
		return 0;
	return try_store(s, xasprintf("%s%.*s", strcmp(place->point, "/") == 0 ? "" : place->point,
				      (int)(store_len - len), s->in_fs + len));
}

/* The root is seen through a mount, or lies inside of a live root. */
static int look_in_mounts(struct search *s, const char *path, struct err **err)
{
	const char *hit = strstr(s->in_fs, ROOT "/");
	size_t len = strlen(s->in_fs);

	if (hit)
		return err_text(err, EINVAL,
				"the rootfs `%s` lies inside a live root of sandlock-mount", path);
	if (len <= strlen(ROOT) || strcmp(s->in_fs + len - strlen(ROOT), ROOT) != 0)
		return 0;
	if (mountinfo_each(try_mount, s) > 0)
		return 0;
	return err_text(err, EINVAL,
			"the rootfs `%s` is a live root of sandlock-mount, but its store %.*s "
			"cannot be reached",
			path, (int)(len - strlen("/root")), s->in_fs);
}

int live_root_find(const char *path, char **ret_store, struct err **err)
{
	cleanup_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *real = realpath(path, NULL);
	struct search s = {0};
	int r = 0;

	*ret_store = NULL;
	if (fd < 0 || !real || fstat(fd, &s.st) < 0)
		return 0;
	if (!try_beside(&s, real)) {
		r = find_in_fs(&s, real, fd);
		r = r < 0 ? err_set(err, r, "find the mount of the rootfs `%s`", path)
			  : look_in_mounts(&s, path, err);
	}
	free(s.in_fs);
	*ret_store = s.store;
	return r;
}

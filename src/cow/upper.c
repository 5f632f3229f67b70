/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes as an upper directory of overlayfs. Library; runs in a command with the container's ids. Untrusted: the live root. */
#include <config.h>

#include "cow/changes.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cow/internal.h"
#include "cow/object.h"
#include "cow/outward.h"
#include "host/at.h"
#include "host/dirent.h"

static int is_empty(int fd)
{
	cleanup_fd int again = -EBADF;
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	int r = host_open_dir(fd, ".", &again);

	if (r == 0)
		r = host_dir_reader_init(&rd, again);
	if (r == 0)
		r = host_dir_read(&rd, &d);
	host_dir_reader_done(&rd);
	return r > 0 ? -ENOTEMPTY : r;
}

/* Without it the directory would be merged with a directory of a lower further down. */
static int make_opaque(int dirfd, const char *name)
{
	struct host_xattr_ref ref = {dirfd, name};
	int r = host_xattr_set(ref, "trusted.overlay.opaque", "y", 1);

	return r == -EPERM ? host_xattr_set(ref, "user.overlay.opaque", "y", 1) : r;
}

static int write_root(struct outward *o, int out_fd)
{
	cleanup_fd int src = -EBADF;
	int r = host_open_dir(cow_root_fd(o->cow), ".", &src);

	o->op = "set metadata of";
	return r < 0 ? r : object_copy_dir_attrs(src, out_fd);
}

static int write_object(struct outward *o, size_t i, int out_dir, const char *name)
{
	const struct cow_item *item = &o->c->v[i];
	struct place live;
	int r = outward_live(o, i, &live);

	if (r < 0)
		return outward_is_gone(r) || r == -ESTALE ? 0 : r;
	if (S_ISCHR(live.st.stx_mode) && !live.st.stx_rdev_major && !live.st.stx_rdev_minor) {
		o->op = "a device 0:0 would be taken for a deletion:";
		return -EINVAL;
	}
	r = outward_copy(o, i, &live, out_dir, name);
	if (outward_is_gone(r) || r == -ESTALE)
		return 0;
	if (r == 0 && S_ISDIR(live.st.stx_mode) && item->lower.stx_mode &&
	    !S_ISDIR(item->lower.stx_mode)) {
		o->op = "mark";
		r = make_opaque(out_dir, name);
	}
	return r;
}

static int write_item(struct outward *o, size_t i)
{
	const struct cow_item *item = &o->c->v[i];
	const char *name;
	int out_dir, r = cursor_seek(&o->out, cow_item_path(o->c, item), &out_dir, &name);

	o->op = "open the parent of";
	if (r < 0) /* left out because it vanished */
		return outward_is_gone(r) ? 0 : r;
	if (!name)
		return write_root(o, out_dir);
	if (item->change != COW_DELETED)
		return write_object(o, i, out_dir, name);
	o->op = "make the whiteout";
	return host_mknodat(out_dir, name, S_IFCHR, 0);
}

int cow_write_upper(struct cow *cow, const struct cow_changes *c, int dir_fd,
		    struct cow_fault *fault)
{
	cleanup_fd int again = -EBADF;
	struct outward o;
	size_t i = 0;
	int r = is_empty(dir_fd);

	if (r == 0)
		r = outward_init(&o, cow, c, dir_fd);
	if (r < 0) {
		fault_set(fault, "open", NULL, NULL);
		return r;
	}
	for (; r == 0 && i < c->n; i++)
		r = write_item(&o, i);
	if (r == 0)
		r = outward_dir_times(&o);
	if (r < 0) {
		outward_fault(&o, i ? i - 1 : 0, fault);
		if (host_open_dir(dir_fd, ".", &again) == 0)
			remove_contents(steal_fd(&again), NULL);
	}
	outward_done(&o);
	return r;
}

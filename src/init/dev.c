/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device nodes and the links of /dev. Runs in init below root_fd, before pivot_root; the tree is untrusted. */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/mount.h"

static mode_t device_type(const struct plan_device *d)
{
	return d->type == 'c' ? S_IFCHR : d->type == 'b' ? S_IFBLK : S_IFIFO;
}

static bool is_same(const struct plan_device *d, const struct stat *st)
{
	return (st->st_mode & S_IFMT) == device_type(d) &&
	       (d->type == 'p' || st->st_rdev == makedev(d->major, d->minor));
}

/* The host's node of the same path over a file in the root. */
static int bind_node(struct init_ctx *ctx, const struct plan_device *d)
{
	cleanup_fd int source = open(d->path, O_PATH | O_CLOEXEC), target = -EBADF, tree = -EBADF;
	struct stat st;
	int r;

	if (source < 0)
		return -errno;
	if (fstat(source, &st) < 0)
		return -errno;
	if (!is_same(d, &st))
		return -ENODEV;
	r = target_open(ctx->root_fd, d->path, false, false, &target);
	if (r < 0 || (r = host_tree_clone(source, false, &tree)) < 0)
		return r;
	return host_tree_attach(tree, target);
}

static int make_node(const struct plan_device *d, int parent, const char *name)
{
	if (mknodat(parent, name, device_type(d) | d->mode, makedev(d->major, d->minor)) < 0)
		return -errno;
	if (fchownat(parent, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int make_device(struct init_ctx *ctx, const struct plan_device *d)
{
	cleanup_fd int parent = -EBADF;
	const char *name;
	struct stat st;
	int r = target_parent(ctx->root_fd, d->path, &parent, &name);

	if (r < 0)
		return r;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (is_same(d, &st))
			return 0;
		/* Images come with empty files for the default nodes; anything else in the way is an error. */
		return d->is_default || (ctx->plan->bind_devices && S_ISREG(st.st_mode))
			       ? bind_node(ctx, d)
			       : -EEXIST;
	}
	if (ctx->plan->bind_devices && d->type != 'p')
		return bind_node(ctx, d);
	r = make_node(d, parent, name);
	return r == -EPERM ? bind_node(ctx, d) : r;
}

int step_devices(struct init_ctx *ctx, struct err **err)
{
	for (size_t i = 0; i < ctx->plan->n_devices; i++) {
		const struct plan_device *d = &ctx->plan->devices[i];
		int r = make_device(ctx, d);

		if (r < 0)
			return err_set(err, r, "make device `%s`", d->path);
	}
	return 0;
}

static const struct {
	const char *name;
	const char *to;
	bool replace;
} links[] = {
	{"fd", "/proc/self/fd", false},	      {"stdin", "/proc/self/fd/0", false},
	{"stdout", "/proc/self/fd/1", false}, {"stderr", "/proc/self/fd/2", false},
	{"core", "/proc/kcore", false},	      {"ptmx", "pts/ptmx", true},
};

/*
 * A devtmpfs of its own shows the nodes of the host's, and so does a root that is the host's or has its /dev bound in: a new ptmx there would take
 * everybody's terminals away.
 */
static bool is_hosts(int dev)
{
	struct stat host, st;

	return stat("/dev", &host) == 0 && fstat(dev, &st) == 0 && host.st_dev == st.st_dev &&
	       host.st_ino == st.st_ino;
}

int step_dev_links(struct init_ctx *ctx, struct err **err)
{
	cleanup_fd int dev = -EBADF;
	int r;

	if (ctx->plan->n_devices == 0 || ctx->plan->dev_is_bound)
		return 0;
	r = target_open(ctx->root_fd, "/dev", true, false, &dev);
	if (r < 0)
		return err_set(err, r, "open `/dev`");
	if (is_hosts(dev))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct stat st;

		if (links[i].replace &&
		    fstatat(dev, links[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISLNK(st.st_mode))
			unlinkat(dev, links[i].name, 0);
		/* EBUSY from unlink leaves EEXIST here: config.json has mounted something on it. */
		if (symlinkat(links[i].to, dev, links[i].name) < 0 && errno != EEXIST)
			return err_set(err, errno, "make `/dev/%s`", links[i].name);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts[] of the plan. Runs in init, below root_fd, before pivot_root. Targets are untrusted; a mount is made detached, gets its flags and is
 * then attached to the descriptor of its target, so no path is looked up twice.
 */
#include <config.h>

#include "init/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/mount.h"

/* End of an option: a comma outside of double quotes (SELinux contexts have commas inside them). */
static char *option_end(char *p)
{
	bool quoted = false;

	for (; *p && (quoted || *p != ','); p++)
		quoted ^= *p == '"';
	return p;
}

static void unquote(char *s)
{
	size_t n = strlen(s);

	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		memmove(s, s + 1, n - 2);
		s[n - 2] = '\0';
	}
}

static int set_data(int fs_fd, const char *data)
{
	cleanup_free char *copy = xstrdup(data);
	bool last = copy[0] == '\0';

	for (char *p = copy; !last;) {
		char *end = option_end(p), *value;
		int r;

		last = *end == '\0';
		*end = '\0';
		value = strchr(p, '=');
		if (value) {
			*value++ = '\0';
			unquote(value);
		}
		r = *p ? host_fs_set(fs_fd, p, value) : 0;
		if (r < 0)
			return r;
		p = end + 1;
	}
	return 0;
}

static int set_sb_flags(int fs_fd, unsigned long flags)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} rows[] = {
		{MS_SYNCHRONOUS, "sync"},  {MS_DIRSYNC, "dirsync"},    {MS_MANDLOCK, "mand"},
		{MS_LAZYTIME, "lazytime"}, {MS_I_VERSION, "iversion"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = flags & rows[i].flag ? host_fs_set(fs_fd, rows[i].name, NULL) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int mount_new_fs(const char *fstype, const char *source, unsigned long sb_flags, const char *data,
		 uint64_t attrs, int *ret_fd, char *msg, size_t msg_size)
{
	cleanup_fd int fs = -EBADF;
	int r = host_fs_open(fstype, &fs);

	msg[0] = '\0';
	if (r < 0)
		return r;
	if ((source && source[0] && (r = host_fs_set(fs, "source", source)) < 0) ||
	    (r = set_sb_flags(fs, sb_flags)) < 0 || (r = set_data(fs, data)) < 0 ||
	    (r = host_fs_mount(fs, attrs, ret_fd)) < 0)
		host_fs_message(fs, msg, msg_size);
	return r;
}

/*
 * In a user namespace the flags of the host's mounts are locked: clearing them is EPERM. What was asked to be set must be set; what was asked to be
 * cleared ("rw", "dev") is only a wish there, as with mount(8) and its defaults.
 */
static int set_attrs(int tree_fd, bool rec, uint64_t set, uint64_t clr)
{
	int r;

	if (set == 0 && clr == 0)
		return 0;
	r = host_tree_setattr(tree_fd, rec, set, clr, 0);
	if (r == -EPERM && clr != 0) {
		uint64_t without_atime = set & ~(uint64_t)MOUNT_ATTR__ATIME;

		r = without_atime ? host_tree_setattr(tree_fd, rec, without_atime, 0, 0) : 0;
	}
	return r;
}

int mount_apply_attrs(int tree_fd, const struct plan_mount *m)
{
	int r = m->kind != PLAN_MOUNT_FS ? set_attrs(tree_fd, false, m->attr_set, m->attr_clr) : 0;

	return r < 0 ? r : set_attrs(tree_fd, true, m->rec_set, m->rec_clr);
}

int mount_apply_propagation(int tree_fd, const struct plan_mount *m)
{
	if (m->propagation == 0)
		return 0;
	return host_tree_setattr(tree_fd, m->propagation & MS_REC, 0, 0,
				 m->propagation & ~(unsigned long)MS_REC);
}

static int copy_symlink(struct init_ctx *ctx, const struct plan_mount *m, int source)
{
	char link[PATH_MAX], old[PATH_MAX];
	cleanup_fd int parent = -EBADF;
	const char *name;
	ssize_t n = readlinkat(source, "", link, sizeof(link) - 1), m_len;
	int r;

	if (n < 0)
		return -errno;
	link[n] = '\0';
	r = target_parent(ctx->root_fd, m->dest, &parent, &name);
	if (r < 0)
		return r;
	if (symlinkat(link, parent, name) == 0)
		return 0;
	r = -errno;
	m_len = readlinkat(parent, name, old, sizeof(old));
	return r == -EEXIST && m_len == n && memcmp(old, link, (size_t)n) == 0 ? 0 : r;
}

/* Attaches, and finishes what only an attached mount can take. */
static int attach(struct init_ctx *ctx, const struct plan_mount *m, int tree, bool dir)
{
	cleanup_fd int target = -EBADF;
	int r = target_open(ctx->root_fd, m->dest, dir, m->dest_nofollow, &target);

	if (r < 0)
		return r;
	r = host_tree_attach(tree, target);
	return r < 0 ? r : mount_apply_propagation(tree, m);
}

static int mount_bind_fd(struct init_ctx *ctx, const struct plan_mount *m, int source, bool rec)
{
	cleanup_fd int tree = -EBADF;
	struct stat st;
	int r;

	if (fstat(source, &st) < 0)
		return -errno;
	if (m->copy_symlink && S_ISLNK(st.st_mode) && !m->idmap)
		return copy_symlink(ctx, m, source);
	if (m->idmap)
		tree = dup(source); /* detached already */
	else if ((r = host_tree_clone(source, rec, &tree)) < 0)
		return r;
	r = tree < 0 ? -errno : mount_apply_attrs(tree, m);
	return r < 0 ? r : attach(ctx, m, tree, S_ISDIR(st.st_mode));
}

/*
 * sysfs belongs to a network namespace, mqueue to an ipc namespace: in a user namespace that does not own the one we are in, a new mount is EPERM,
 * and the host's mount is the next best thing, as other runtimes do it.
 */
static int bind_host_instead(struct init_ctx *ctx, const struct plan_mount *m)
{
	struct plan_mount bind = *m;
	const char *path = strcmp(m->fstype, "sysfs") == 0    ? "/sys"
			   : strcmp(m->fstype, "mqueue") == 0 ? "/dev/mqueue"
							      : NULL;
	cleanup_fd int source = path ? open(path, O_PATH | O_CLOEXEC) : -EBADF;

	if (source < 0)
		return -EPERM;
	bind.kind = PLAN_MOUNT_BIND;
	bind.attr_clr &= MOUNT_ATTR__ATIME;
	return mount_bind_fd(ctx, &bind, source, true);
}

/* tmpcopyup: filled while it is still detached and writable. */
static int fill_tmpfs(struct init_ctx *ctx, const struct plan_mount *m, int tree)
{
	cleanup_fd int from = -EBADF;
	int r = target_open(ctx->root_fd, m->dest, true, m->dest_nofollow, &from);

	return r < 0 ? r : mount_copy_up(from, tree);
}

/* Mount points, devices and the image's files (tmpcopyup) are still to be made in it: see step_mounts_readonly. */
static bool turns_readonly_late(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_FS && (m->attr_set & MOUNT_ATTR_RDONLY) &&
	       strcmp(m->fstype, "tmpfs") == 0;
}

static int mount_fs(struct init_ctx *ctx, const struct plan_mount *m, int *ret_tree, char *msg,
		    size_t msg_size)
{
	uint64_t late = turns_readonly_late(m) ? MOUNT_ATTR_RDONLY : 0;
	cleanup_fd int tree = -EBADF;
	int r = mount_new_fs(m->fstype, m->source ? m->source : m->fstype, m->sb_flags, m->data,
			     m->attr_set & ~late, &tree, msg, msg_size);

	if (r == -EPERM)
		return bind_host_instead(ctx, m);
	if (r < 0)
		return r;
	if (m->copy_up && (r = fill_tmpfs(ctx, m, tree)) < 0)
		return r;
	if ((r = mount_apply_attrs(tree, m)) < 0 || (r = attach(ctx, m, tree, true)) < 0)
		return r;
	*ret_tree = steal_fd(&tree);
	return 0;
}

/* Options of the file system itself, which all its mounts share. */
static int reconfigure_fs(const struct plan_mount *m, int target, char *msg, size_t msg_size)
{
	cleanup_fd int fs = -EBADF;
	int r;

	if (!m->data[0] && m->sb_flags == 0)
		return 0;
	r = host_fs_pick(target, &fs);
	if (r < 0)
		return r;
	if ((r = set_sb_flags(fs, m->sb_flags)) < 0 || (r = set_data(fs, m->data)) < 0 ||
	    (r = host_fs_reconfigure(fs)) < 0)
		host_fs_message(fs, msg, msg_size);
	return r;
}

static int remount(struct init_ctx *ctx, const struct plan_mount *m, char *msg, size_t msg_size)
{
	cleanup_fd int target = -EBADF;
	int r = host_open_in_root(ctx->root_fd, m->dest,
				  O_PATH | (m->dest_nofollow ? O_NOFOLLOW : 0), 0, &target);

	if (r < 0 || (r = reconfigure_fs(m, target, msg, msg_size)) < 0 ||
	    (r = mount_apply_attrs(target, m)) < 0)
		return r;
	return mount_apply_propagation(target, m);
}

static int do_mount(struct init_ctx *ctx, size_t i, struct err **err)
{
	const struct plan_mount *m = &ctx->plan->mounts[i];
	const char *source = m->source ? m->source : m->fstype;
	char msg[256] = "";
	int r;

	if (m->kind == PLAN_MOUNT_CGROUP)
		return mount_cgroup(ctx, m, err);
	if (m->kind == PLAN_MOUNT_REMOUNT) {
		r = remount(ctx, m, msg, sizeof(msg));
		return r < 0 ? err_set(err, r, "remount `%s`%s%s", m->dest, msg[0] ? ": " : "", msg)
			     : 0;
	}
	if (m->kind == PLAN_MOUNT_BIND)
		r = mount_bind_fd(ctx, m, ctx->source_fds[i], m->rec);
	else
		r = mount_fs(ctx, m, &ctx->source_fds[i], msg, sizeof(msg));
	if (r < 0 && msg[0])
		return err_set(err, r, "mount `%s` to `%s`: %s", source, m->dest, msg);
	return r < 0 ? err_set(err, r, "mount `%s` to `%s`", source, m->dest) : 0;
}

int step_mounts(struct init_ctx *ctx, struct err **err)
{
	for (size_t i = 0; i < ctx->plan->n_mounts; i++) {
		int r = do_mount(ctx, i, err);

		if (r < 0)
			return r;
		if (!turns_readonly_late(&ctx->plan->mounts[i]))
			close_fd(&ctx->source_fds[i]);
	}
	return 0;
}

static bool is_remounted(const struct plan *plan, size_t i)
{
	for (size_t later = i + 1; later < plan->n_mounts; later++)
		if (plan->mounts[later].kind == PLAN_MOUNT_REMOUNT &&
		    strcmp(plan->mounts[later].dest, plan->mounts[i].dest) == 0)
			return true;
	return false;
}

int step_mounts_readonly(struct init_ctx *ctx, struct err **err)
{
	for (size_t i = 0; i < ctx->plan->n_mounts; i++) {
		const struct plan_mount *m = &ctx->plan->mounts[i];
		int r = 0;

		if (!turns_readonly_late(m))
			continue;
		/* a later entry has said what it is to be */
		if (!is_remounted(ctx->plan, i))
			r = host_tree_setattr(ctx->source_fds[i], false, MOUNT_ATTR_RDONLY, 0, 0);
		close_fd(&ctx->source_fds[i]);
		if (r < 0)
			return err_set(err, r, "make `%s` read-only", m->dest);
	}
	return 0;
}

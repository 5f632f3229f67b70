/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Idmapped bind mounts. Runs in create. Sources are paths of config.json: the caller of the runtime is trusted with them. */
#include <config.h>

#include "container/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "container/userns_maps.h"
#include "host/mount.h"
#include "host/ns.h"
#include "host/process.h"
#include "plan/plan.h"

/* A user namespace lives as long as its descriptor; the process that made it may go. */
static int make_userns(const struct plan_ids *ids, int *ret_fd, struct err **err)
{
	cleanup_free char *path = NULL;
	pid_t pid = host_fork_ns(CLONE_NEWUSER);
	int r;

	if (pid < 0)
		return err_set(err, pid, "make a user namespace");
	if (pid == 0) {
		for (;;)
			pause();
	}
	path = xasprintf("/proc/%d/ns/user", (int)pid);
	r = userns_write_maps(pid, ids, err);
	if (r == 0)
		r = host_open_ns(path, CLONE_NEWUSER, ret_fd);
	kill(pid, SIGKILL);
	host_reap(pid, NULL);
	return r;
}

static int open_userns(const struct plan_ids *ids, int *ret_fd, struct err **err)
{
	int r;

	if (!ids->join_path)
		return make_userns(ids, ret_fd, err);
	r = host_open_ns(ids->join_path, CLONE_NEWUSER, ret_fd);
	return r < 0 ? err_set(err, r, "open the user namespace `%s`", ids->join_path) : 0;
}

static int make_tree(const struct plan *plan, const struct plan_mount *m, int *ret_tree,
		     struct err **err)
{
	cleanup_fd int source = -EBADF, userns = -EBADF, tree = -EBADF;
	int r = open_userns(m->idmap, &userns, err);

	if (r < 0)
		return r;
	source = open(m->source, O_PATH | O_CLOEXEC | (m->src_nofollow ? O_NOFOLLOW : 0));
	if (source < 0)
		return err_set(err, errno, "mount `%s` to `%s`", m->source, m->dest);
	r = host_tree_clone(source, m->rec, &tree);
	if (r < 0)
		return err_set(err, r, "mount `%s` to `%s`", m->source, m->dest);
	/* A copy made here is a peer of the host's mount, unlike one that init makes in its own namespace. */
	r = host_tree_setattr(tree, true, 0, 0,
			      plan->rootfs.setup_propagation & ~(unsigned long)MS_REC);
	if (r == 0)
		r = host_tree_idmap(tree, m->idmap_rec, userns);
	if (r == -EINVAL)
		return err_text(err, ENOTSUP,
				"mount `%s` to `%s`: its file system does not support idmapped "
				"mounts",
				m->source, m->dest);
	if (r < 0)
		return err_set(err, r, "mount `%s` to `%s`: map its ids", m->source, m->dest);
	*ret_tree = steal_fd(&tree);
	return 0;
}

int idmap_trees(const struct plan *plan, int **ret_trees, struct err **err)
{
	int *trees = NULL, r = 0;

	for (size_t i = 0; i < plan->n_mounts && r == 0; i++) {
		if (!plan->mounts[i].idmap)
			continue;
		if (!trees) {
			trees = xcalloc(plan->n_mounts, sizeof(*trees));
			for (size_t j = 0; j < plan->n_mounts; j++)
				trees[j] = -EBADF;
		}
		r = make_tree(plan, &plan->mounts[i], &trees[i], err);
	}
	if (r < 0)
		idmap_done(trees, plan->n_mounts);
	else
		*ret_trees = trees;
	return r;
}

void idmap_done(int *trees, size_t n)
{
	for (size_t i = 0; trees && i < n; i++)
		close_fd(&trees[i]);
	free(trees);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Idmapped bind mounts, made by the parent: init, once in the container's user namespace, has no rights over the host's file systems. */
#ifndef SANDLOCK_CONTAINER_IDMAP_H
#define SANDLOCK_CONTAINER_IDMAP_H

#include <stddef.h>

struct err;
struct plan;

/*
 * For each idmapped mount of the plan a detached tree with its ids. Runs in create, before clone, so that init inherits the descriptors. *ret_trees:
 * one per mount (-EBADF: not idmapped), NULL when there are none; idmap_done.
 */
int idmap_trees(const struct plan *plan, int **ret_trees, struct err **err);
void idmap_done(int *trees, size_t n);

#endif

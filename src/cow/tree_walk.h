/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every name below a directory, depth first, without following anything and without a bound to the depth. Memory is bounded by the depth, not by
 * the number of names. The tree may change meanwhile: what vanishes before it is entered is passed over.
 */
#ifndef SANDLOCK_COW_TREE_WALK_H
#define SANDLOCK_COW_TREE_WALK_H

#include "cow/chain.h"
#include "host/dirent.h"

/*
 * name is in the directory where the chain stands. Return TREE_ENTER for a directory to be walked as well, 0 to go on, TREE_STOP to end the walk, or
 * -errno, which ends it too.
 */
enum { TREE_ENTER = 1, TREE_STOP = 2 };
typedef int (*tree_fn)(void *arg, const struct chain *at, const struct host_dirent *name);

/* dir_fd is consumed. 0, also after TREE_STOP. -ESTALE: a directory that was being walked has been moved. */
int tree_walk(int dir_fd, tree_fn fn, void *arg);

#endif

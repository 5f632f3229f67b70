/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Was something in a tree modified after a point in time? */
#ifndef SANDLOCK_COW_TREE_SINCE_H
#define SANDLOCK_COW_TREE_SINCE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Neither of its times is earlier: mtime alone may be anything that somebody has set, and the change time moves when a live root links the file.
 * Equal counts: time stamps stand still for a tick (4 ms), so a change right after that point may have the same one.
 */
bool tree_is_newer(const struct statx *st, const struct statx_timestamp *since);
/* Directory `name` and everything below it. */
int tree_has_newer(int dirfd, const char *name, const struct statx_timestamp *since, bool *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deletions as OCI layer archives write them (image-spec, layer.md): an empty file .wh.NAME in a layer hides NAME of the layers
 * below it, .wh..wh..opq everything of them in that directory. containers/storage leaves them in its layers as they are when it
 * has a mount program.
 */
#ifndef SANDLOCK_COW_WHITEOUT_H
#define SANDLOCK_COW_WHITEOUT_H

#include <stdbool.h>
#include <stddef.h>

struct lower_dir;

/*
 * How many of the n entries raw[first...] of one name, uppermost layer first, show? 0 as well for the marks themselves, which is every name that
 * begins with .wh. merged: dir has the names of several layers, sorted.
 */
size_t whiteout_files_visible(const struct lower_dir *dir, size_t first, size_t n, bool merged);
/* Does the directory dir_fd of a layer hide `name` of the layers below it? */
bool whiteout_files_hide_below(int dir_fd, const char *name);

#endif

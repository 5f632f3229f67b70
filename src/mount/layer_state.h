/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What containers/storage says about a layer. */
#ifndef SANDLOCK_MOUNT_LAYER_STATE_H
#define SANDLOCK_MOUNT_LAYER_STATE_H

#include <stdbool.h>

struct err;

/*
 * Is the layer whose directory is layer_dir (<graphroot>/overlay/<id>) still being made? What is done to its mount then (a chown of everything
 * for an id mapping, unpacking an archive) belongs into its upper directory. False where there is no such record.
 */
int layer_is_incomplete(const char *layer_dir, bool *ret, struct err **err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every visible entry of the lowers, once. */
#ifndef SANDLOCK_COW_SCAN_H
#define SANDLOCK_COW_SCAN_H

#include "cow/layer.h"

/* at: the directory of e. A negative result ends the scan with that value. */
typedef int (*scan_fn)(void *arg, const struct lower_entry *e, const struct chain *at);

/* Directories that may not be opened are left out. skip: as in struct lowers, or NULL. */
int lowers_scan(char *const *paths, const struct lower_skip *skip, scan_fn fn, void *arg);

#endif

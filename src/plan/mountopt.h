/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of the mount options, for `features`. */
#ifndef SANDLOCK_PLAN_MOUNTOPT_H
#define SANDLOCK_PLAN_MOUNTOPT_H

#include <stddef.h>

/* Sorted; "" for a row that is known but refused, NULL past the end. */
const char *plan_mount_option_name(size_t i);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores (cow/cow.h) that a mount program keeps. */
#ifndef SANDLOCK_MOUNT_STORE_H
#define SANDLOCK_MOUNT_STORE_H

#include <stdbool.h>

#include "cow/cow.h"

struct err;
struct root;

/* The store is there, and populate came to its end. */
bool store_is_complete(const char *store);
/* Removes what an interrupted one has left, makes and fills it. On failure nothing is left. */
int store_make(const struct cow_params *params, struct err **err);
/* Its root. */
int store_show(const char *store, bool readonly, struct root *ret, struct err **err);

#endif

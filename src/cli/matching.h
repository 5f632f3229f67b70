/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --regex of kill and delete. */
#ifndef SANDLOCK_CLI_MATCHING_H
#define SANDLOCK_CLI_MATCHING_H

struct err;

typedef int (*matching_fn)(const char *root, const char *id, void *arg, struct err **err);

/* fn for every container whose whole or partial id matches (POSIX extended). Goes on after a failure; the first one is returned. */
int for_each_matching(const char *root, const char *pattern, matching_fn fn, void *arg,
		      struct err **err);

#endif

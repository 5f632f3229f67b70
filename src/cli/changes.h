/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of changes as text, for diff and run --dry-run. */
#ifndef SANDLOCK_CLI_CHANGES_H
#define SANDLOCK_CLI_CHANGES_H

#include <stdbool.h>

struct err;

/* To stdout: a line each, or an array of objects. */
int cli_print_changes(const char *root, const char *id, bool json, struct err **err);

#endif

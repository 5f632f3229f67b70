/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The config.json that `spec` writes. */
#ifndef SANDLOCK_CLI_SPEC_DOC_H
#define SANDLOCK_CLI_SPEC_DOC_H

#include <stdbool.h>

struct buf;

/*
 * A shell with a terminal in new namespaces. rootless: with a user namespace that maps the caller to root, without what needs more than
 * one id (devpts gid) and without a cgroup.
 */
void spec_doc_write(struct buf *out, bool rootless);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Committing on the way out: what delete and run do when the changes are to be kept elsewhere. */
#ifndef SANDLOCK_CONTAINER_CHANGES_H
#define SANDLOCK_CONTAINER_CHANGES_H

struct container;
struct err;

/* The changes of c (which does not run any more) to the directory that its status names. On failure they are still in the live root. */
int changes_commit(const struct container *c, struct err **err);

#endif

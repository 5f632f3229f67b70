/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling a function with the credentials that own a container's files, after the container is gone. */
#ifndef SANDLOCK_CONTAINER_USERNS_CALL_H
#define SANDLOCK_CONTAINER_USERNS_CALL_H

struct err;
struct plan_ids;

/*
 * With a user namespace of its own the container's files may belong to subordinate ids: fn runs in a child process, as uid 0 of a
 * fresh user namespace with the same maps (or of the one that was joined); its error text comes back. What fn changes in memory stays in that
 * child, descriptors (a pipe for results) are shared. Without a user namespace fn is called directly.
 */
int userns_call(const struct plan_ids *ids, int (*fn)(void *arg, struct err **err), void *arg,
		struct err **err);

#endif

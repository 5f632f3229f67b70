/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that nobody waits for, in a process of its own. */
#ifndef SANDLOCK_HOST_BACKGROUND_H
#define SANDLOCK_HOST_BACKGROUND_H

#define HOST_BACKGROUND_NICE 19 /* who waits for something goes first */

/*
 * Runs fn(arg) in a grandchild: own session, stdio on /dev/null, nothing else open, cwd "/", signals ignored that a terminal sends, low
 * priority. Returns when it has been started (0) or cannot be (-errno). What fn changes in memory stays in that process; to be called before
 * the caller starts threads.
 */
int host_background(const char *name, void (*fn)(void *arg), void *arg);

#endif

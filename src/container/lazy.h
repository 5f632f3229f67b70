/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lazy populate as seen by create: whether, and which paths are needed before system calls are served. */
#ifndef SANDLOCK_CONTAINER_LAZY_H
#define SANDLOCK_CONTAINER_LAZY_H

struct container;
struct plan;
struct supervisor_params;

struct lazy_paths {
	char **touch, **trees;
};

/* Sets plan->cow.populate to eager where lazy is not possible. What auto means for an image is for the supervisor to say. */
void lazy_decide(struct plan *plan);
/* Fills in the part of params that is about populate; the texts belong to plan and ret. */
void lazy_paths_of(const struct plan *plan, struct lazy_paths *ret,
		   struct supervisor_params *params);
/*
 * Before the changes are looked for: hurries the filling. What is unpopulated counts as unchanged, but names of one file may still be
 * missing then. Does not fail: without a supervisor there is nothing to wait for.
 */
void lazy_finish(const struct container *c);
void lazy_paths_done(struct lazy_paths *paths);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events: what a container uses and when it runs out of memory. */
#ifndef SANDLOCK_CONTAINER_EVENTS_H
#define SANDLOCK_CONTAINER_EVENTS_H

#include <stdbool.h>

struct cgroup_stats;
struct err;

struct events_sink {
	/* Each < 0 ends the watch with that error. */
	int (*stats)(void *arg, const struct cgroup_stats *stats, struct err **err);
	int (*oom)(void *arg, struct err **err);
	void *arg;
};

/* The numbers of now, once. */
int container_stats(const char *root, const char *id, const struct events_sink *sink,
		    struct err **err);
/* Numbers each interval_ms and every lack of memory, until the container ends. Blocks; holds no lock. */
int container_watch(const char *root, const char *id, unsigned interval_ms,
		    const struct events_sink *sink, struct err **err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers that the two versions share. Only for src/cgroup/stats*.c. */
#ifndef SANDLOCK_CGROUP_STATS_INTERNAL_H
#define SANDLOCK_CGROUP_STATS_INTERNAL_H

#include "cgroup/stats.h"

struct cgroup;

/* The directory of a controller ("" is v2's), or NULL. */
const char *stats_dir(const struct cgroup *cg, const char *controller);
/* A file with one number; "max" is max. Left alone when it cannot be read. */
void stats_number(const char *dir, const char *file, uint64_t max, uint64_t *ret);
/* A file of lines "name number". */
struct cgroup_named_value *stats_lines(const char *dir, const char *file, size_t *ret_n);
uint64_t stats_value(const struct cgroup_named_value *v, size_t n, const char *name);
void stats_free_lines(struct cgroup_named_value *v, size_t n);
char *stats_text(const char *dir, const char *file); /* NULL when empty or not there */
/* "8:0" */
int stats_device(const char *text, uint64_t *ret_major, uint64_t *ret_minor);
void stats_add_io(struct cgroup_io_list *list, uint64_t major, uint64_t minor, const char *op,
		  uint64_t value);
/* hugetlb.<size><ending> of a directory, for each size. max and failcnt may be NULL. */
void stats_huge(const char *dir, const char *usage, const char *max, const char *failcnt,
		struct cgroup_stats *s);

void stats_v1(const struct cgroup *cg, struct cgroup_stats *s);
void stats_v2(const struct cgroup *cg, struct cgroup_stats *s);

#endif

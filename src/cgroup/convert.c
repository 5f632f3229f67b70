/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as the specification knows them (cgroup v1's units) in the units of cgroup v2. Pure
 * functions; crun and runc use the same formulas, so that a container gets the same share whichever
 * runtime made it.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <errno.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "libocispec/oci_types.h"

/* 2..262144 to 1..10000, with 1024 (the default of v1) on 100 (the default of v2). */
uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	double l;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

/* 10..1000 to 1..10000 */
uint64_t cgroup_io_weight(uint64_t weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

int cgroup_swap_max(bool have_limit, int64_t limit, int64_t swap, int64_t *ret)
{
	if (swap == 0 || swap == -1) {
		*ret = swap;
		return 0;
	}
	if (!have_limit || limit < 0 || swap < limit)
		return -EINVAL;
	*ret = swap - limit;
	return 0;
}

char *cgroup_rdma_text(const struct oci_rdma *rdma)
{
	cleanup_free char *handles = NULL, *objects = NULL;

	handles = rdma->hca_handles.set ? xasprintf(" hca_handle=%u", rdma->hca_handles.v)
					: xstrdup("");
	objects = rdma->hca_objects.set ? xasprintf(" hca_object=%u", rdma->hca_objects.v)
					: xstrdup("");
	return xasprintf("%s%s%s", rdma->device, handles, objects);
}

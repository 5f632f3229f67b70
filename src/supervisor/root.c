/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live root that a new supervisor starts with: somebody else's store, a spare one, or one that is populated now. Failures are
 * reported to `create`, which waits meanwhile, and end the process. Untrusted: the lowers.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "cow/cow.h"
#include "host/background.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"

/* From this many entries on `auto` is lazy: those that are linked, and those that are copied; docs/design/cow.md says why. */
#define AUTO_LINKED 30000
#define AUTO_COPIED 3000

/* An image that cannot be counted fails in populate, which says where. */
static bool is_lazy(const struct supervisor_params *params, const struct cow *cow)
{
	uint64_t n = 0, max;

	if (params->populate != SUPERVISOR_POPULATE_AUTO)
		return params->populate == SUPERVISOR_POPULATE_LAZY;
	max = cow_will_link(cow) ? AUTO_LINKED : AUTO_COPIED;
	return cow_count_entries(params->cow.lowers, max, &n) == 0 && n >= max;
}

static int populate(const struct supervisor_params *params, struct cow *cow,
		    struct cow_stats *stats, struct cow_fault *fault)
{
	int r = is_lazy(params, cow) ? cow_populate_lazily(cow, stats, fault) : -EOPNOTSUPP;

	if (r == -EOPNOTSUPP)
		return cow_populate(cow, stats, fault);
	if (r == 0) {
		*fault = (struct cow_fault){.op = "fill what is needed at once"};
		r = filler_prepare(cow, params);
	}
	return r;
}

void root_make(const struct supervisor_params *params, struct server *server,
	       const struct cow_owners *owners, bool *ret_refill)
{
	struct cow_params cow = params->cow;
	struct cow_fault fault = {0};
	struct cow_stats stats = {0};
	char what[128];
	int r;

	cow.owners = owners;
	if (params->pool.dir) {
		r = cow_spare_take(&params->pool, &cow, &server->svc.cow);
		*ret_refill = r != -ENOENT;
		if (r == 0)
			return;
	}
	r = cow_create(&cow, &server->svc.cow);
	if (r < 0)
		start_fail(server->lifeline, r, "make the copy-on-write store", cow.dir);
	r = populate(params, server->svc.cow, &stats, &fault);
	if (r < 0) {
		cow_remove(cow.dir, NULL);
		snprintf(what, sizeof(what), "populate the live root: %s",
			 fault.op ? fault.op : "failed");
		start_fail(server->lifeline, r, what, fault.path);
	}
	log_debug("live root: %llu directories, %llu linked, %llu reflinked, %llu copied, %llu "
		  "others",
		  (unsigned long long)stats.dirs, (unsigned long long)stats.linked,
		  (unsigned long long)stats.reflinked, (unsigned long long)stats.copied,
		  (unsigned long long)stats.others);
}

struct refill {
	const struct supervisor_params *params;
	const struct cow_owners *owners;
};

static void refill_main(void *arg)
{
	const struct refill *refill = arg;
	struct cow_params cow = refill->params->cow;

	cow.owners = refill->owners;
	cow_spare_fill(&refill->params->pool, &cow, false, NULL);
}

void root_refill(const struct supervisor_params *params, const struct cow_owners *owners)
{
	struct refill refill = {.params = params, .owners = owners};

	if (host_background("sandlock-spare", refill_main, &refill) < 0)
		log_debug("cannot fill the pool of spare roots");
}

void root_open(const struct supervisor_params *params, struct server *server)
{
	int r = cow_open(params->cow.dir, &server->svc.cow);

	if (r == 0 && !cow_is_populated(server->svc.cow))
		r = -EUCLEAN;
	if (r < 0)
		start_fail(server->lifeline, r, "open the live root in", params->cow.dir);
}

/* In a view the store itself stays, empty: it is a mount there. Whoever deletes what `create` has left removes it. */
void root_drop(const struct supervisor_params *params, const struct server *server)
{
	if (!params->existing)
		cow_remove(server->has_view ? VIEW_STORE : params->cow.dir, NULL);
}

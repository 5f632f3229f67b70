/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long populate and removal take: populate-bench LOWER STORE [link|reflink|copy [ROUNDS]]. LOWER and STORE are absolute; STORE must not
 * exist. Prints one line a round. Not part of make check.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "cow/cow.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int fail(const char *what, int r, const struct cow_fault *fault)
{
	fprintf(stderr, "%s: %s %s: %s\n", what, fault->op ? fault->op : "", fault->path,
		strerror(-r));
	return 1;
}

static int round_trip(const struct cow_params *params)
{
	struct cow_fault fault = {0};
	struct cow_stats st;
	struct cow *cow;
	double t0 = now_ms(), t1, t2;
	int r = cow_create(params, &cow);

	if (r < 0)
		return fail("create", r, &fault);
	r = cow_populate(cow, &st, &fault);
	cow_close(cow);
	if (r < 0)
		return fail("populate", r, &fault);
	t1 = now_ms();
	r = cow_remove(params->dir, &fault);
	if (r < 0)
		return fail("remove", r, &fault);
	t2 = now_ms();
	printf("populate %7.2f ms  remove %7.2f ms  dirs %llu linked %llu reflinked %llu copied "
	       "%llu "
	       "(%llu bytes) others %llu skipped %llu\n",
	       t1 - t0, t2 - t1, (unsigned long long)st.dirs, (unsigned long long)st.linked,
	       (unsigned long long)st.reflinked, (unsigned long long)st.copied,
	       (unsigned long long)st.copied_bytes, (unsigned long long)st.others,
	       (unsigned long long)st.skipped);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const shares[] = {"auto", "link", "reflink", "copy"};
	char *lowers[] = {argc > 1 ? argv[1] : NULL, NULL};
	struct cow_params params = {.lowers = lowers, .owner_id = "bench"};
	uint32_t rounds = 5;

	if (argc < 3 || (argc > 4 && num_parse_u32(argv[4], &rounds) < 0)) {
		fprintf(stderr, "usage: %s LOWER STORE [auto|link|reflink|copy [ROUNDS]]\n",
			argv[0]);
		return 2;
	}
	params.dir = argv[2];
	for (unsigned i = 0; argc > 3 && i < 4; i++)
		if (!strcmp(argv[3], shares[i]))
			params.share = (enum cow_share)i;
	for (uint32_t i = 0; i < rounds; i++)
		if (round_trip(&params))
			return 1;
	return 0;
}

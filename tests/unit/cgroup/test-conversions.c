/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the v1 world in the units of cgroup v2. */
/* covers: cgroup cpu.shares, cgroup memory.swap, cgroup blockIO.weight */
#include "cgroup/internal.h"

#include "tests/lib/tap.h"

static void test_shares(void)
{
	is_int(cgroup_weight_of_shares(0), 0, "0 shares: unset");
	is_int(cgroup_weight_of_shares(2), 1, "the minimum of v1 is the minimum of v2");
	is_int(cgroup_weight_of_shares(1), 1, "below the minimum");
	is_int(cgroup_weight_of_shares(1024), 100, "the default stays the default");
	is_int(cgroup_weight_of_shares(262144), 10000, "the maximum of v1 is the maximum of v2");
	is_int(cgroup_weight_of_shares(1u << 20), 10000, "above the maximum");
	ok(cgroup_weight_of_shares(512) < 100 && cgroup_weight_of_shares(2048) > 100,
	   "the order is kept");
}

static void test_swap(void)
{
	int64_t v = 42;

	is_int(cgroup_swap_max(true, 100, 150, &v), 0, "swap above the limit");
	is_int(v, 50, "v2 counts swap without memory");
	is_int(cgroup_swap_max(true, 100, 100, &v), 0, "swap equal to the limit");
	is_int(v, 0, "no swap at all");
	is_int(cgroup_swap_max(false, 0, -1, &v), 0, "unlimited");
	is_int(v, -1, "unlimited stays -1");
	v = 42;
	is_int(cgroup_swap_max(true, 100, 99, &v), -EINVAL, "swap below the limit");
	is_int(cgroup_swap_max(false, 0, 100, &v), -EINVAL, "swap without a limit");
	is_int(cgroup_swap_max(true, -1, 100, &v), -EINVAL, "swap with an unlimited memory");
	is_int(v, 42, "a failure leaves the output alone");
}

int main(void)
{
	test_shares();
	test_swap();
	is_int(cgroup_io_weight(10), 1, "I/O weight 10");
	is_int(cgroup_io_weight(1000), 10000, "I/O weight 1000");
	is_int(cgroup_io_weight(100), 910, "I/O weight 100");
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's device rules for its supervisor, which opens devices for it but is not in its device cgroup. */
#ifndef SANDLOCK_CONTAINER_GUARD_DEVICES_H
#define SANDLOCK_CONTAINER_GUARD_DEVICES_H

#include <stddef.h>

struct device_rule;
struct oci_resources;

/* The list as the cgroup applies it, in order; free(). NULL and *ret_n 0: nothing is denied. resources may be NULL. */
struct device_rule *guard_device_rules(const struct oci_resources *resources, size_t *ret_n);

#endif

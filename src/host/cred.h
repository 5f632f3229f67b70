/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of the calling thread as masks (bit n = capability n), and their names. Any process. */
#ifndef SANDLOCK_HOST_CRED_H
#define SANDLOCK_HOST_CRED_H

#include <stdbool.h>
#include <stdint.h>

struct host_cap_sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

int host_caps_get(struct host_cap_sets *ret);
int host_caps_set(const struct host_cap_sets *sets);
/* Capabilities this kernel knows, and our bounding set. */
void host_caps_bounding(uint64_t *ret_known, uint64_t *ret_bounding);
/* Takes everything that is not in keep out of the bounding set. */
int host_caps_drop_bounding(uint64_t keep);
/* Makes the ambient set exactly this; bits must be permitted and inheritable. */
int host_caps_set_ambient(uint64_t set);

/* "CAP_CHOWN" or "chown", any case: its number, or -1. */
int host_cap_number(const char *name);
/* "CAP_CHOWN"; NULL for a number without a name. */
const char *host_cap_name(unsigned number);

#endif

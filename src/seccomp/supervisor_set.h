/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that the supervisor itself may make once it serves: everything else is EPERM, and another architecture's ends it. Pure. */
#ifndef SANDLOCK_SECCOMP_SUPERVISOR_SET_H
#define SANDLOCK_SECCOMP_SUPERVISOR_SET_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#define SUPERVISOR_FILTER_MAX 256 /* instructions; a jump reaches no farther */

/* Writes the program to insns (SUPERVISOR_FILTER_MAX of them); *ret_len is its length. -E2BIG. */
int supervisor_filter_build(struct sock_filter *insns, unsigned short *ret_len);
bool supervisor_may_call(unsigned nr);

#endif

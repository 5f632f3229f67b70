/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict text to number: the whole text, no sign tricks, no white space, range checked. 0 or -EINVAL / -ERANGE. */
#ifndef SANDLOCK_BASE_NUM_H
#define SANDLOCK_BASE_NUM_H

#include <stdint.h>

int num_parse_u64(const char *s, unsigned base, uint64_t *ret);
int num_parse_u32(const char *s, uint32_t *ret);
int num_parse_i64(const char *s, int64_t *ret);
int num_parse_int(const char *s, int *ret);

#endif

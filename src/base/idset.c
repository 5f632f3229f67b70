/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of numbers <-> bit masks. Pure functions, any process. */
#include <config.h>

#include "base/idset.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

static void set_bit(struct idset *set, unsigned n)
{
	set->words[n / WORD_BITS] |= 1ul << (n % WORD_BITS);
}

static bool has_bit(const struct idset *set, unsigned n)
{
	return set->words[n / WORD_BITS] & 1ul << (n % WORD_BITS);
}

static void skip_blanks(const char **p)
{
	*p += strspn(*p, " ");
}

static int parse_number(const char **p, unsigned *ret)
{
	unsigned n = 0;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		n = n * 10 + (unsigned)(**p - '0');
		if (n >= IDSET_MAX)
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

static int parse_part(const char **p, struct idset *set)
{
	unsigned first, last;
	int r;

	skip_blanks(p);
	r = parse_number(p, &first);
	if (r < 0)
		return r;
	last = first;
	skip_blanks(p);
	if (**p == '-') {
		(*p)++;
		skip_blanks(p);
		r = parse_number(p, &last);
		if (r < 0)
			return r;
		if (last < first)
			return -ERANGE;
		skip_blanks(p);
	}
	for (unsigned n = first; n <= last; n++)
		set_bit(set, n);
	return 0;
}

static void start(struct idset *set)
{
	set->words = xcalloc(IDSET_MAX / WORD_BITS, sizeof(*set->words));
	set->n_bits = IDSET_MAX;
}

int idset_parse(const char *text, struct idset *ret)
{
	struct idset set;
	int r;

	start(&set);
	for (const char *p = text;; p++) {
		r = parse_part(&p, &set);
		if (r == 0 && *p != ',' && *p != '\0')
			r = -EINVAL;
		if (r < 0 || *p == '\0')
			break;
	}
	if (r < 0) {
		idset_done(&set);
		return r;
	}
	*ret = set;
	return 0;
}

void idset_fill(struct idset *ret)
{
	start(ret);
	memset(ret->words, 0xff, IDSET_MAX / CHAR_BIT);
}

void idset_format(const struct idset *set, struct buf *out)
{
	const char *comma = "";

	for (unsigned n = 0; n < set->n_bits; n++) {
		unsigned last = n;

		if (!has_bit(set, n))
			continue;
		while (last + 1 < set->n_bits && has_bit(set, last + 1))
			last++;
		if (last == n)
			buf_printf(out, "%s%u", comma, n);
		else
			buf_printf(out, "%s%u-%u", comma, n, last);
		comma = ",";
		n = last;
	}
}

void idset_done(struct idset *set)
{
	free(set->words);
	*set = (struct idset){0};
}

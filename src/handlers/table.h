/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Number -> row of syscalls.def, for the dispatcher and the tests. */
#ifndef SANDLOCK_HANDLERS_TABLE_H
#define SANDLOCK_HANDLERS_TABLE_H

#include <stddef.h>

struct request;
struct reply;

#define NO_REGISTER (-1)

typedef int (*handler_fn)(struct request *rq, struct reply *reply);

struct syscall_row {
	int nr;
	const char *name;
	handler_fn handler;
	/* Registers (0 to 5), or NO_REGISTER; see syscalls.def. */
	int dirfd, path, at_flags;
	int fixed_flags;
	int operand;
};

/* NULL: the filter does not notify this number. */
const struct syscall_row *table_find(int nr);
/* All rows, in the order of syscalls.def. */
const struct syscall_row *table_rows(size_t *ret_n);

#endif

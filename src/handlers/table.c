/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of syscalls.def that have a handler. Pure data. */
#include <config.h>

#include "handlers/table.h"

#include <fcntl.h>

#include "base/compiler.h"
#include "handlers/handlers.h"
#include "host/compat.h"

#define NONE NO_REGISTER
#define ROW(name, fn, dirfd_, path_, at, fixed, op)                                                \
	{__NR_##name, #name, fn, dirfd_, path_, at, fixed, op},

static const struct syscall_row rows[] = {
#define OPEN   ROW
#define OPENAT ROW
#define IOCTL  ROW
#define MOUNT  ROW
#define NOTIFY ROW
#define PATH   ROW
#define SENDTO ROW
#include "handlers/syscalls.def"
};

const struct syscall_row *table_find(int nr)
{
	/* Some thirty rows; the order of the file puts no hot call last. A switch would be a second
	 * list. */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].nr == nr)
			return &rows[i];
	return NULL;
}

const struct syscall_row *table_rows(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(rows);
	return rows;
}

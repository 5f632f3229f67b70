/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which container ids are allowed. Runs in the commands; the id is what the caller typed. */
#include <config.h>

#include "container/id.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"

static bool allowed(char c, bool first)
{
	static const char marks[] = "_+-.";

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr(marks, c) && !(first && c == '.');
}

int container_id_check(const char *id, struct err **err)
{
	if (!id[0])
		return err_text(err, EINVAL, "invalid container ID format: the ID is empty");
	if (strlen(id) > NAME_MAX)
		return err_text(err, ENAMETOOLONG,
				"invalid container ID format: longer than %d bytes", NAME_MAX);
	for (const char *p = id; *p; p++)
		if (!allowed(*p, p == id))
			return err_text(err, EINVAL, "invalid container ID format: `%s`", id);
	return 0;
}

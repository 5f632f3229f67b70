/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content of private files; see share.h. Library. The source is only read. */
#include <config.h>

#include "cow/share.h"

#include <errno.h>
#include <sys/stat.h>

#include "host/copy.h"

int share_data(int src, int dst, const struct statx *st, bool try_clone, bool *ret_cloned,
	       uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	int r = -EOPNOTSUPP;

	if (st->stx_size == 0) {
		*ret_cloned = false;
		*ret_bytes = 0;
		return 0;
	}
	if (try_clone)
		r = host_clone(src, dst);
	*ret_cloned = r == 0;
	/* whatever keeps extents from being shared, disk full included, the copy will tell */
	if (r < 0)
		r = host_copy_data(src, dst, st, &bytes);
	if (r == 0)
		*ret_bytes = bytes;
	return r;
}

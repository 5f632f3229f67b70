/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tree_since.h. Library. Untrusted: the tree. */
#include <config.h>

#include "cow/tree_since.h"

#include <errno.h>

#include "base/cleanup.h"
#include "cow/tree_walk.h"
#include "host/at.h"

struct search {
	const struct statx_timestamp *since;
	bool found;
};

static bool is_earlier(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

bool tree_is_newer(const struct statx *st, const struct statx_timestamp *since)
{
	return !is_earlier(&st->stx_mtime, since) && !is_earlier(&st->stx_ctime, since);
}

static int look(void *arg, const struct chain *at, const struct host_dirent *name)
{
	struct search *s = arg;
	struct statx st;
	int r = host_statx(chain_fd(at), name->name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	s->found = tree_is_newer(&st, s->since);
	if (s->found)
		return TREE_STOP;
	return S_ISDIR(st.stx_mode) ? TREE_ENTER : 0;
}

int tree_has_newer(int dirfd, const char *name, const struct statx_timestamp *since, bool *ret)
{
	struct search s = {.since = since};
	cleanup_fd int fd = -EBADF;
	struct statx st;
	int r = host_open_dir(dirfd, name, &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r < 0)
		return r;
	s.found = tree_is_newer(&st, since);
	if (!s.found)
		r = tree_walk(steal_fd(&fd), look, &s);
	if (r == 0)
		*ret = s.found;
	return r;
}

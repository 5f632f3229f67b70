/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tree_since.h. Library. Untrusted: the tree, its depth included. */
#include <config.h>

#include "cow/tree_since.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/chain.h"
#include "host/at.h"
#include "host/dirent.h"

/* Subdirectories of one level that are still to be looked at. */
struct level {
	struct buf names; /* NUL-terminated, one after another */
	size_t next;
};

struct search {
	const struct statx_timestamp *since;
	struct chain chain;
	struct host_dir_reader reader;
	struct level *levels;
	size_t n, cap;
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

/* Looks at everything in the current directory. */
static int read_level(struct search *s)
{
	struct level *level;
	struct host_dirent d;
	struct statx st;
	int r;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;

		level = reallocarray(s->levels, cap, sizeof(*level));
		if (!level)
			return -ENOMEM;
		s->levels = level;
		s->cap = cap;
	}
	level = &s->levels[s->n++];
	*level = (struct level){0};
	r = host_dir_reader_reset(&s->reader, chain_fd(&s->chain));
	while (r == 0 && !s->found && (r = host_dir_read(&s->reader, &d)) > 0) {
		r = host_statx(chain_fd(&s->chain), d.name, &st);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		s->found = r == 0 && tree_is_newer(&st, s->since);
		if (r == 0 && S_ISDIR(st.stx_mode))
			r = buf_add(&level->names, d.name, d.len + 1);
	}
	return r;
}

static int step(struct search *s)
{
	struct level *level = &s->levels[s->n - 1];
	const char *name = level->names.data + level->next;
	int r;

	if (level->next < level->names.len) {
		level->next += strlen(name) + 1;
		r = chain_push(&s->chain, name);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			return 0;
		return r < 0 ? r : read_level(s);
	}
	buf_done(&level->names);
	s->n--;
	return s->n ? chain_pop(&s->chain) : 0;
}

int tree_has_newer(int dirfd, const char *name, const struct statx_timestamp *since, bool *ret)
{
	struct search s = {.since = since};
	struct statx st;
	int fd, r = host_open_dir(dirfd, name, &fd);

	if (r < 0)
		return r;
	r = chain_init(&s.chain, fd);
	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r == 0)
		r = host_dir_reader_init(&s.reader, -EBADF);
	if (r == 0) {
		s.found = tree_is_newer(&st, since);
		r = read_level(&s);
	}
	while (r == 0 && s.n && !s.found)
		r = step(&s);
	if (r == 0)
		*ret = s.found;
	while (s.n)
		buf_done(&s.levels[--s.n].names);
	free(s.levels);
	host_dir_reader_done(&s.reader);
	chain_done(&s.chain);
	return r;
}

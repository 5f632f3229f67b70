/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See commit_log.h. Library; runs in a command with the container's ids, which own the store. */
#include <config.h>

#include "cow/commit_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "cow/changes.h"
#include "cow/internal.h"
#include "host/at.h"

#define LOG_MAX ((size_t)256 << 20)

struct record {
	uint64_t dev, ino;
	struct statx_timestamp at;
	size_t n; /* paths */
};

/* The end of n strings that begin at text; NULL: there are fewer. */
static const char *skip_strings(const char *text, const char *end, size_t n)
{
	while (n-- > 0) {
		const char *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

		if (!nul)
			return NULL;
		text = nul + 1;
	}
	return text;
}

static int parse(const char *text, struct record *ret)
{
	int64_t sec;
	uint32_t nsec;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNu32 " %zu", &ret->dev,
		   &ret->ino, &sec, &nsec, &ret->n) != 5)
		return -EUCLEAN;
	ret->at = (struct statx_timestamp){.tv_sec = sec, .tv_nsec = nsec};
	return 0;
}

static int take(struct commit_log *log, const char *text, const char *paths, const char *end,
		const struct record *rec)
{
	if (rec->dev != log->dev || rec->ino != log->ino)
		return buf_add(&log->others, text, (size_t)(end - text));
	log->again = true;
	log->since = rec->at;
	return buf_add(&log->paths, paths, (size_t)(end - paths));
}

int commit_log_read(struct commit_log *log, struct cow *cow, int dir_fd)
{
	cleanup_buf struct buf text = {0};
	const char *end, *p, *paths, *next;
	struct record rec;
	struct statx st;
	int r = host_statx(dir_fd, "", &st);

	if (r < 0)
		return r;
	log->dev = host_statx_dev(&st);
	log->ino = st.stx_ino;
	r = store_read(cow->dir_fd, STORE_COMMITS, LOG_MAX, &text);
	if (r == -ENOENT)
		return 0;
	end = text.data + text.len;
	for (p = text.data; r == 0 && p < end; p = next) {
		paths = skip_strings(p, end, 1);
		r = paths ? parse(p, &rec) : -EUCLEAN;
		if (r < 0)
			break;
		next = skip_strings(paths, end, rec.n);
		r = next ? take(log, p, paths, next, &rec) : -EUCLEAN;
	}
	return r;
}

static size_t count_strings(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->data[i] == '\0';
	return n;
}

static int save(const struct commit_log *log, struct cow *cow, struct statx_timestamp at,
		const struct buf *paths)
{
	cleanup_buf struct buf text = {0};

	buf_add(&text, log->others.data, log->others.len);
	buf_printf(&text, "%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu32 " %zu", log->dev, log->ino,
		   (int64_t)at.tv_sec, (uint32_t)at.tv_nsec, count_strings(paths));
	buf_add_char(&text, '\0');
	buf_add(&text, paths->data, paths->len);
	if (text.error || paths->error)
		return -ENOMEM;
	return store_write(cow->dir_fd, STORE_COMMITS, text.data, text.len);
}

static void add_paths(const struct cow_changes *c, struct buf *ret)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *path = cow_item_path(c, &c->v[i]);

		if (c->v[i].change != COW_SAME || !S_ISDIR(c->v[i].live.stx_mode))
			buf_add(ret, path, strlen(path) + 1);
	}
}

int commit_log_begin(const struct commit_log *log, struct cow *cow, const struct cow_changes *c)
{
	cleanup_buf struct buf paths = {0};

	buf_add(&paths, log->paths.data, log->paths.len);
	add_paths(c, &paths);
	return save(log, cow, log->since, &paths);
}

/*
 * File time stamps stand still for a tick. What has been written up to now is earlier than the next one, and what somebody changes later is
 * not.
 */
static void next_tick(struct timespec *ret)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct timespec first;

	clock_gettime(CLOCK_REALTIME_COARSE, &first);
	do {
		nanosleep(&step, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, ret);
	} while (ret->tv_sec == first.tv_sec && ret->tv_nsec == first.tv_nsec);
}

int commit_log_end(const struct commit_log *log, struct cow *cow, const struct cow_changes *c)
{
	cleanup_buf struct buf paths = {0};
	struct timespec now;

	next_tick(&now);
	add_paths(c, &paths);
	return save(
		log, cow,
		(struct statx_timestamp){.tv_sec = now.tv_sec, .tv_nsec = (uint32_t)now.tv_nsec},
		&paths);
}

void commit_log_done(struct commit_log *log)
{
	buf_done(&log->paths);
	buf_done(&log->others);
}

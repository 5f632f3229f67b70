/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a spare's lowers looked like; see fresh.h. Library; runs as the container's root. Untrusted: the lowers, and the saved file. Names are
 * looked up as whole paths, which is quick; a symlink that somebody has put into the middle of one leads to another inode, or gives a look at
 * times of files that the caller may look at anyway: nothing is opened or changed here.
 */
#include <config.h>

#include "cow/fresh.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cow/internal.h"
#include "host/at.h"
#include "host/dirent.h"

#define FRESH_MAGIC 0x3168736572666373ull /* "scfresh1" */
#define FRESH_MAX   ((size_t)1 << 31)

struct header {
	uint64_t magic, items;
};

struct fresh_item {
	uint64_t ino, dev, size;
	int64_t sec;
	uint32_t nsec, mode, uid, gid;
	uint16_t lower, length; /* of the path */
	uint32_t zero;
};

struct record {
	const struct cow *cow;
	const struct timespec *since;
	struct buf out;
	struct buf queue; /* directories still to be read: paths, each with its NUL */
	size_t next;	  /* in queue */
	struct host_dir_reader reader;
	uint64_t items;
	uint16_t lower;
	int fd; /* of the lower */
	dev_t dev;
};

struct timespec fresh_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}

static const struct statx_timestamp *time_of(const struct statx *st)
{
	return S_ISREG(st->stx_mode) ? &st->stx_mtime : &st->stx_ctime;
}

static bool is_later(const struct statx_timestamp *t, const struct timespec *since)
{
	return t->tv_sec > since->tv_sec ||
	       (t->tv_sec == since->tv_sec && (long)t->tv_nsec >= since->tv_nsec);
}

static void describe(const struct statx *st, struct fresh_item *ret)
{
	const struct statx_timestamp *t = time_of(st);

	*ret = (struct fresh_item){
		.ino = st->stx_ino,
		.dev = host_statx_dev(st),
		.size = S_ISREG(st->stx_mode) ? st->stx_size : 0,
		.sec = t->tv_sec,
		.nsec = t->tv_nsec,
		.mode = st->stx_mode,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
	};
}

static int add_item(struct record *rec, const char *path, size_t len, const struct statx *st)
{
	struct fresh_item item;
	int r;

	describe(st, &item);
	item.lower = rec->lower;
	item.length = (uint16_t)len;
	if (is_later(time_of(st), rec->since))
		return -EAGAIN;
	rec->items++;
	r = buf_add(&rec->out, &item, sizeof(item));
	return r < 0 ? r : buf_add(&rec->out, path, len);
}

/* path: of the name, relative to the lower. */
static int note(struct record *rec, const struct buf *path, const struct host_dirent *d)
{
	struct statx st;
	int r;

	/* Not looked at: a shared file, which is most of an image. */
	if (d->type == DT_REG && index_has(&rec->cow->index, d->ino))
		return 0;
	r = host_statx(rec->fd, path->data, &st);
	if (r < 0)
		return r == -ENOENT ? -EAGAIN : r;
	if (S_ISREG(st.stx_mode) && host_statx_dev(&st) == rec->cow->dev &&
	    index_has(&rec->cow->index, st.stx_ino))
		return 0;
	r = add_item(rec, path->data, path->len, &st);
	/* what lies below a mount is not in the live root either */
	if (r == 0 && S_ISDIR(st.stx_mode) && host_statx_dev(&st) == rec->dev &&
	    !host_statx_is_mount(&st))
		r = buf_add(&rec->queue, path->data, path->len + 1);
	return r;
}

static int note_all(struct record *rec, int fd, const char *dir)
{
	cleanup_buf struct buf path = {0};
	struct host_dirent d;
	int r = host_dir_reader_reset(&rec->reader, fd);

	while (r == 0) {
		r = host_dir_read(&rec->reader, &d);
		if (r <= 0)
			return r;
		path.len = 0;
		r = *dir ? buf_printf(&path, "%s/%s", dir, d.name) : buf_add_str(&path, d.name);
		if (r == 0)
			r = path.len < PATH_MAX ? note(rec, &path, &d) : -ENAMETOOLONG;
	}
	return r;
}

static int read_next(struct record *rec)
{
	cleanup_free char *dir = strdup(rec->queue.data + rec->next);
	cleanup_fd int fd = -EBADF;
	int r;

	if (!dir)
		return -ENOMEM;
	rec->next += strlen(dir) + 1;
	r = host_open_dir(rec->fd, *dir ? dir : ".", &fd);
	return r < 0 ? r : note_all(rec, fd, dir);
}

static int record_lower(struct record *rec, const char *path)
{
	cleanup_fd int fd = -EBADF;
	struct statx st;
	int r = host_open_dir_path(path, &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r == 0)
		r = add_item(rec, "", 0, &st);
	if (r < 0)
		return r;
	rec->fd = fd;
	rec->dev = host_statx_dev(&st);
	rec->queue.len = rec->next = 0;
	r = buf_add(&rec->queue, "", 1);
	if (r == 0 && !rec->reader.buf)
		r = host_dir_reader_init(&rec->reader, fd);
	while (r == 0 && rec->next < rec->queue.len)
		r = read_next(rec);
	return r;
}

static int save(struct record *rec)
{
	struct header header = {.magic = FRESH_MAGIC, .items = rec->items};
	uint64_t sum;
	int r;

	memcpy(rec->out.data, &header, sizeof(header));
	sum = index_checksum(rec->out.data, rec->out.len);
	r = buf_add(&rec->out, &sum, sizeof(sum));
	return r < 0 ? r : store_write(rec->cow->dir_fd, STORE_FRESH, rec->out.data, rec->out.len);
}

int fresh_record(struct cow *cow, const struct timespec *since)
{
	struct record rec = {.cow = cow, .since = since};
	struct header none = {0};
	int r = buf_add(&rec.out, &none, sizeof(none));

	for (size_t i = 0; r == 0 && cow->meta.lowers[i]; i++) {
		rec.lower = (uint16_t)i;
		r = record_lower(&rec, cow->meta.lowers[i]);
	}
	if (r == 0)
		r = save(&rec);
	host_dir_reader_done(&rec.reader);
	buf_done(&rec.out);
	buf_done(&rec.queue);
	return r;
}

/* check */

struct lower_fds {
	int *fds;
	size_t n;
};

static void close_lowers(struct lower_fds *l)
{
	for (size_t i = 0; i < l->n; i++)
		close_fd(&l->fds[i]);
	free(l->fds);
}

static int open_lowers(char *const *paths, struct lower_fds *l)
{
	size_t n = 0;

	while (paths[n])
		n++;
	l->fds = calloc(n, sizeof(*l->fds));
	if (!l->fds)
		return -ENOMEM;
	for (; l->n < n; l->n++) {
		int r = host_open_dir_path(paths[l->n], &l->fds[l->n]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_item(const struct lower_fds *l, const struct fresh_item *item, const char *path)
{
	struct fresh_item now;
	struct statx st;

	if (item->lower >= l->n || host_statx(l->fds[item->lower], path, &st) < 0)
		return -ESTALE;
	describe(&st, &now);
	now.lower = item->lower;
	now.length = item->length;
	return memcmp(&now, item, sizeof(now)) ? -ESTALE : 0;
}

static int check_items(const struct lower_fds *l, const struct buf *data, uint64_t items)
{
	size_t pos = sizeof(struct header), end = data->len - sizeof(uint64_t);
	char path[PATH_MAX];
	struct fresh_item item;

	for (; items; items--) {
		if (end - pos < sizeof(item))
			return -ESTALE;
		memcpy(&item, data->data + pos, sizeof(item));
		pos += sizeof(item);
		if (item.length >= sizeof(path) || end - pos < item.length)
			return -ESTALE;
		memcpy(path, data->data + pos, item.length);
		path[item.length] = '\0';
		pos += item.length;
		if (check_item(l, &item, path) < 0)
			return -ESTALE;
	}
	return pos == end ? 0 : -ESTALE;
}

int fresh_check(const struct cow *cow)
{
	cleanup_buf struct buf data = {0};
	struct lower_fds lowers = {0};
	struct header header;
	uint64_t sum;
	int r = store_read(cow->dir_fd, STORE_FRESH, FRESH_MAX, &data);

	if (r < 0)
		return r == -EUCLEAN ? -ESTALE : r;
	if (data.len < sizeof(header) + sizeof(sum))
		return -ESTALE;
	memcpy(&header, data.data, sizeof(header));
	memcpy(&sum, data.data + data.len - sizeof(sum), sizeof(sum));
	if (header.magic != FRESH_MAGIC || sum != index_checksum(data.data, data.len - sizeof(sum)))
		return -ESTALE;
	r = open_lowers(cow->meta.lowers, &lowers);
	if (r == 0)
		r = check_items(&lowers, &data, header.items);
	close_lowers(&lowers);
	return r == -ENOMEM ? r : r < 0 ? -ESTALE : 0;
}

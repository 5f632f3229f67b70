/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a layer; see layer.h. Runs in a command with the container's ids. Untrusted: the live root, which may be changing. */
#include <config.h>

#include "layer/layer.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "cow/outward.h"
#include "host/at.h"
#include "layer/archive_load.h"
#include "layer/entry.h"

#define CHUNK (256u * 1024)

struct tar {
	struct outward o;
	const struct layer_params *params;
	struct archive *archive;
	struct archive_entry *entry;
	char *chunk;
};

/* 0 or an errno; the text of libarchive goes to the debug log. */
static int failed(struct tar *t)
{
	int code = archive_errno(t->archive);

	log_debug("libarchive: %s", archive_error_string(t->archive));
	return code > 0 ? -code : -EIO;
}

static int open_archive(struct tar *t)
{
	struct archive *a = t->archive = archive_write_new();
	int r;

	t->entry = archive_entry_new();
	t->chunk = malloc(CHUNK);
	if (!a || !t->entry || !t->chunk)
		return -ENOMEM;
	r = archive_write_set_format_pax(a);
	if (r == ARCHIVE_OK)
		r = archive_write_set_format_option(a, "pax", "xattrheader", "SCHILY");
	if (r == ARCHIVE_OK && t->params->compression == LAYER_GZIP) {
		r = archive_write_add_filter_gzip(a);
		if (r == ARCHIVE_OK) /* the time of now would make each archive another one */
			r = archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	}
	if (r == ARCHIVE_OK && t->params->compression == LAYER_ZSTD)
		r = archive_write_add_filter_zstd(a);
	if (r == ARCHIVE_OK) /* a pipe gets the same bytes as a file */
		r = archive_write_set_bytes_in_last_block(a, 1);
	if (r == ARCHIVE_OK)
		r = archive_write_open_fd(a, t->params->fd);
	return r == ARCHIVE_OK ? 0 : failed(t);
}

/* A warning is about a name that is no UTF-8: it is written as the bytes it has. */
static int write_header(struct tar *t)
{
	t->o.op = "write the header of";
	return archive_write_header(t->archive, t->entry) >= ARCHIVE_WARN ? 0 : failed(t);
}

static int write_chunk(struct tar *t, size_t len)
{
	size_t done = 0;

	while (done < len) {
		la_ssize_t n = archive_write_data(t->archive, t->chunk + done, len - done);

		if (n <= 0)
			return failed(t);
		done += (size_t)n;
	}
	return 0;
}

/* Exactly as many bytes as the header says: zeros for what is missing by now. */
static int write_content(struct tar *t, int fd, uint64_t size)
{
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
	bool ended = false;

	t->o.op = "copy";
	while (r == 0 && size > 0) {
		size_t want = MIN(size, (uint64_t)CHUNK), got = 0;

		if (!ended)
			r = fd_read_full(fd, t->chunk, want, &got);
		ended = got < want;
		memset(t->chunk + got, 0, want - got);
		if (r == 0)
			r = write_chunk(t, want);
		size -= want;
	}
	return r;
}

static int write_file(struct tar *t, const struct place *seen, const char *path)
{
	cleanup_fd int fd = -EBADF;
	struct place place = *seen;
	int r = host_open_read(seen->dirfd, seen->name, &fd);

	t->o.op = "open";
	if (r == 0)
		r = host_statx(fd, "", &place.st);
	if (r == 0 && !S_ISREG(place.st.stx_mode))
		r = -ESTALE;
	place.dirfd = fd;
	place.name = NULL;
	t->o.op = "read the metadata of";
	if (r == 0)
		r = entry_fill(t->entry, &place, path);
	if (r == 0 && t->params->sparse)
		r = entry_add_holes(t->entry, fd, (int64_t)place.st.stx_size);
	if (r == 0)
		r = write_header(t);
	return r < 0 ? r : write_content(t, fd, place.st.stx_size);
}

static int write_whiteout(struct tar *t, const char *path)
{
	int r = entry_make_whiteout(t->entry, path);

	return r < 0 ? r : write_header(t);
}

static int write_object(struct tar *t, size_t i, const struct place *live)
{
	const char *path = cow_item_path(t->o.c, &t->o.c->v[i]);
	const char *other = outward_other_name(&t->o, i, live);
	int r;

	if (S_ISREG(live->st.stx_mode) && !other)
		return write_file(t, live, path);
	t->o.op = "read the metadata of";
	r = entry_fill(t->entry, live, path);
	if (r == 0 && other)
		entry_make_link(t->entry, other);
	return r < 0 ? r : write_header(t);
}

static int write_item(struct tar *t, size_t i)
{
	const struct cow_item *item = &t->o.c->v[i];
	const char *path = cow_item_path(t->o.c, item);
	struct place live;
	int r;

	if (item->change == COW_DELETED)
		return write_whiteout(t, path);
	/* the root is an entry only if it is not as it was: not every program takes one */
	if (i == 0 && item->change == COW_SAME)
		return 0;
	r = outward_live(&t->o, i, &live);
	/* no archive has sockets; where one stands in the place of something, that is gone */
	if (r == 0 && S_ISSOCK(live.st.stx_mode))
		return item->lower.stx_mode ? write_whiteout(t, path) : 0;
	if (r == 0)
		r = write_object(t, i, &live);
	if (outward_is_gone(r) || r == -ESTALE)
		return 0;
	if (r == 0)
		outward_note(&t->o, i, &live);
	return r;
}

static int check_names(struct tar *t, size_t *ret_at)
{
	for (size_t i = 1; i < t->o.c->n; i++) {
		if (!entry_name_is_free(cow_item_path(t->o.c, &t->o.c->v[i]))) {
			*ret_at = i;
			t->o.op = "a layer cannot hold a name that begins with .wh.:";
			return -EINVAL;
		}
	}
	return 0;
}

static int write_all(struct tar *t, struct cow_fault *fault)
{
	size_t at = 0;
	int r = check_names(t, &at);

	if (r == 0)
		r = open_archive(t);
	for (size_t i = 0; r == 0 && i < t->o.c->n; i++) {
		at = i;
		r = write_item(t, i);
	}
	if (r < 0) {
		outward_fault(&t->o, at, fault);
		return r;
	}
	t->o.op = "end the archive";
	r = archive_write_close(t->archive) == ARCHIVE_OK ? 0 : failed(t);
	if (r < 0)
		outward_fault(&t->o, t->o.c->n, fault);
	return r;
}

static void tar_done(struct tar *t)
{
	archive_entry_free(t->entry);
	if (t->archive)
		archive_write_free(t->archive);
	free(t->chunk);
	outward_done(&t->o);
}

int layer_write(struct cow *cow, const struct cow_changes *c, const struct layer_params *params,
		struct cow_fault *fault)
{
	locale_t utf8, old = NULL;
	struct tar t = {.params = params};
	int r = archive_load();

	if (r < 0) {
		fault->op = "load libarchive:";
		return r;
	}
	/* Names that are UTF-8 are then written as such without more ado. Without such a locale all names with other bytes are marked. */
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	r = outward_init(&t.o, cow, c, cow_root_fd(cow));
	if (r < 0) {
		outward_fault(&t.o, c->n, fault);
	} else {
		old = utf8 ? uselocale(utf8) : NULL;
		r = write_all(&t, fault);
		if (old)
			uselocale(old);
		tar_done(&t);
	}
	if (utf8)
		freelocale(utf8);
	return r;
}

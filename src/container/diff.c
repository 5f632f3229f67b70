/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff: what a container has changed in its live root. Runs in the command; the walk runs with the container's ids (userns_call) and leaves
 * its findings in a memfd, as "K path NUL".
 */
#include <config.h>

#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "container/lazy.h"
#include "container/store.h"
#include "container/userns_call.h"
#include "cow/cow.h"

struct walk {
	const char *dir;
	int out_fd;
	struct buf pending;
};

static int flush(struct walk *w)
{
	int r = w->pending.error ? w->pending.error
				 : fd_write_all(w->out_fd, w->pending.data, w->pending.len);

	w->pending.len = 0;
	return r;
}

static int found(enum cow_change change, const char *path, void *arg)
{
	static const char kinds[] = {[COW_ADDED] = 'A', [COW_CHANGED] = 'C', [COW_DELETED] = 'D'};
	struct walk *w = arg;

	buf_add_char(&w->pending, kinds[change]);
	buf_add(&w->pending, path, strlen(path) + 1);
	return w->pending.len < 32768 ? 0 : flush(w);
}

static int walk(void *arg, struct err **err)
{
	struct cow_fault fault = {0};
	struct walk *w = arg;
	struct cow *cow;
	int r = cow_open(w->dir, &cow);

	if (r < 0)
		return err_set(err, r, "open the live root in %s", w->dir);
	r = cow_diff(cow, found, w, &fault);
	if (r == 0 && w->pending.len)
		r = flush(w);
	cow_close(cow);
	if (r < 0)
		return err_set(err, r, "compare the live root in %s (%s '%s')", w->dir,
			       fault.op ? fault.op : "read", fault.path);
	return 0;
}

#define DIFF_MAX ((size_t)1 << 30)

static int report(int fd, container_diff_fn fn, void *arg)
{
	cleanup_buf struct buf text = {0};
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_to_buf(fd, DIFF_MAX, &text);

	for (size_t i = 0; r == 0 && i < text.len; i += strlen(text.data + i) + 1)
		fn(arg, text.data[i], text.data + i + 1);
	return r;
}

int container_diff(const char *root, const char *id, container_diff_fn fn, void *arg,
		   struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_fd int fd = -EBADF;
	struct walk w = {0};
	int r = store_open(root, id, 0, &c, err);

	if (r < 0)
		return r;
	if (!c->status || !c->status->cow_dir)
		return err_text(err, ENOTSUP,
				"the container `%s` runs without copy-on-write: nothing to compare",
				id);
	fd = memfd_create("diff", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "make a memfd");
	lazy_finish(c);
	w.dir = c->status->cow_dir;
	w.out_fd = fd;
	r = userns_call(&c->status->ids, walk, &w, err);
	buf_done(&w.pending);
	if (r < 0)
		return r;
	r = report(fd, fn, arg);
	return r < 0 ? err_set(err, r, "read the list of changes") : 0;
}

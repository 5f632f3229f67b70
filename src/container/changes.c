/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export and commit: the changes of a container, written elsewhere. Runs in the command; what touches the live root runs with the
 * container's ids (userns_call), what names a place of the host is opened before with those of the caller.
 */
#include <config.h>

#include "container/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "container/container.h"
#include "container/lazy.h"
#include "container/store.h"
#include "container/userns_call.h"
#include "cow/changes.h"
#include "layer/layer.h"

#define COMMIT_WAIT_MS 10000

/* One call in the container's user namespace. */
struct job {
	const char *cow_dir;
	const char *shown; /* the place written to, for the texts */
	const struct layer_params *layer;
	int upper_fd;
	struct cow_commit *commit;
};

static int fail(struct err **err, int r, const char *what, const struct cow_fault *fault)
{
	bool bare = !fault->path[0];

	return err_set(err, r, "%s (%s%s%s%s)", what, fault->op ? fault->op : "open",
		       bare ? "" : " '", fault->path, bare ? "" : "'");
}

/* fn gets the open store and the list of changes. */
static int with_changes(const struct job *job,
			int (*fn)(const struct job *, struct cow *, const struct cow_changes *,
				  struct err **),
			struct err **err)
{
	struct cow_changes changes = {0};
	struct cow_fault fault = {0};
	struct cow *cow;
	int r = cow_open(job->cow_dir, &cow);

	if (r < 0)
		return err_set(err, r, "open the live root in %s", job->cow_dir);
	r = cow_changes_collect(cow, NULL, &changes, &fault);
	r = r < 0 ? fail(err, r, "compare the live root", &fault) : fn(job, cow, &changes, err);
	cow_changes_done(&changes);
	cow_close(cow);
	return r;
}

static int write_layer(const struct job *job, struct cow *cow, const struct cow_changes *changes,
		       struct err **err)
{
	struct cow_fault fault = {0};
	int r = layer_write(cow, changes, job->layer, &fault);

	return r < 0 ? fail(err, r, "write the layer", &fault) : 0;
}

static int write_upper(const struct job *job, struct cow *cow, const struct cow_changes *changes,
		       struct err **err)
{
	struct cow_fault fault = {0};
	int r = cow_write_upper(cow, changes, job->upper_fd, &fault);

	if (r == -ENOTEMPTY)
		return err_text(err, r, "the directory %s is not empty", job->shown);
	return r < 0 ? fail(err, r, "write the upper directory", &fault) : 0;
}

static int export_job(void *arg, struct err **err)
{
	return with_changes(arg, write_layer, err);
}

static int upper_job(void *arg, struct err **err)
{
	return with_changes(arg, write_upper, err);
}

/* Names may hold anything; the text is to be one line. */
static void add_printable(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_add_char(out, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static int tell_conflicts(const struct job *job, struct err **err)
{
	const struct cow_commit *c = job->commit;
	cleanup_buf struct buf text = {0};
	size_t shown = 0;

	for (size_t i = 0; i < c->conflicts.len; i += strlen(c->conflicts.data + i) + 1) {
		buf_add_str(&text, shown++ ? "; " : "");
		add_printable(&text, c->conflicts.data + i);
	}
	if (c->n_conflicts > shown)
		buf_printf(&text, "; and %zu more", c->n_conflicts - shown);
	return err_text(err, ESTALE,
			"%s was changed by somebody else, or is not what the container was made "
			"from (%s): %s; "
			"--force overwrites",
			job->shown, c->applied ? "committed in part" : "nothing was committed",
			text.data ? text.data : "");
}

static int commit_job(void *arg, struct err **err)
{
	const struct job *job = arg;
	struct cow_fault fault = {0};
	struct cow *cow;
	int r = cow_open(job->cow_dir, &cow);

	if (r < 0)
		return err_set(err, r, "open the live root in %s", job->cow_dir);
	r = cow_commit_to(cow, job->commit, &fault);
	cow_close(cow);
	if (r == -EBUSY)
		r = err_text(err, r, "another commit into %s is under way", job->shown);
	else if (r == -ESTALE && job->commit->n_conflicts)
		r = tell_conflicts(job, err);
	else if (r < 0)
		r = fail(err, r, "commit", &fault);
	buf_done(&job->commit->conflicts);
	return r;
}

static int open_container(const char *root, const char *id, struct container **ret,
			  struct err **err)
{
	cleanup_container struct container *c = NULL;
	int r = store_open(root, id, 0, &c, err);

	if (r < 0)
		return r;
	if (!c->status || !c->status->cow_dir)
		return err_text(err, ENOTSUP,
				"the container `%s` runs without copy-on-write: it has no changes "
				"of its own",
				id);
	lazy_finish(c);
	*ret = steal_ptr(&c);
	return 0;
}

/* Is the directory the store, or somewhere in it? */
static int refuse_inside(int fd, const char *cow_dir, const char *shown, struct err **err)
{
	struct stat store, here, above;
	int r = 0, dir = dup(fd);

	if (dir < 0 || stat(cow_dir, &store) < 0 || fstat(dir, &here) < 0)
		r = err_set(err, errno, "look at %s", shown);
	while (r == 0) {
		int up;

		if (here.st_dev == store.st_dev && here.st_ino == store.st_ino) {
			r = err_text(err, EINVAL, "%s lies in the container's own live root",
				     shown);
			break;
		}
		up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close_fd(&dir);
		dir = up;
		if (up < 0 || fstat(up, &above) < 0)
			r = err_set(err, errno, "look at the directories above %s", shown);
		else if (above.st_dev == here.st_dev && above.st_ino == here.st_ino)
			break;
		here = above;
	}
	close_fd(&dir);
	return r;
}

static int open_place(const char *path, bool make, const char *cow_dir, int *ret, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (make && mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_set(err, errno, "make the directory %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open the directory %s", path);
	r = refuse_inside(fd, cow_dir, path, err);
	if (r == 0)
		*ret = steal_fd(&fd);
	return r;
}

int container_export(const char *root, const char *id, const struct layer_params *layer,
		     struct err **err)
{
	cleanup_container struct container *c = NULL;
	struct job job = {.layer = layer};
	int r = open_container(root, id, &c, err);

	if (r < 0)
		return r;
	job.cow_dir = c->status->cow_dir;
	return userns_call(&c->status->ids, export_job, &job, err);
}

static int commit(const struct status *status, const char *to, unsigned flags, struct err **err)
{
	cleanup_fd int fd = -EBADF;
	struct cow_commit commit = {.flags = flags, .wait_ms = COMMIT_WAIT_MS};
	struct job job = {.cow_dir = status->cow_dir, .shown = to, .commit = &commit};
	int r = open_place(to, false, status->cow_dir, &fd, err);

	if (r < 0)
		return r;
	commit.dir_fd = fd;
	return userns_call(&status->ids, commit_job, &job, err);
}

int container_commit(const char *root, const char *id, const char *to, bool force, struct err **err)
{
	cleanup_container struct container *c = NULL;
	int r = open_container(root, id, &c, err);

	return r < 0 ? r : commit(c->status, to, force ? COW_COMMIT_FORCE : 0, err);
}

int container_commit_upper(const char *root, const char *id, const char *upper, struct err **err)
{
	cleanup_container struct container *c = NULL;
	cleanup_fd int fd = -EBADF;
	struct job job = {.shown = upper};
	int r = open_container(root, id, &c, err);

	if (r < 0)
		return r;
	job.cow_dir = c->status->cow_dir;
	r = open_place(upper, true, job.cow_dir, &fd, err);
	job.upper_fd = fd;
	return r < 0 ? r : userns_call(&c->status->ids, upper_job, &job, err);
}

int changes_commit(const struct container *c, struct err **err)
{
	int r = commit(c->status, c->status->cow_commit_to, 0, err);

	return r < 0 ? err_wrap(err, "the changes are kept in %s", c->status->cow_dir) : 0;
}

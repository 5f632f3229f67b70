/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applying the changes to a directory. Library; runs in a command with the container's ids. Untrusted: the live root and, since others
 * may write to it meanwhile, the directory. Two passes: the first looks whether every change fits what is there, the second applies.
 */
#include <config.h>

#include "cow/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "cow/commit_log.h"
#include "cow/compare.h"
#include "cow/internal.h"
#include "cow/object.h"
#include "cow/outward.h"
#include "cow/tree_since.h"
#include "host/at.h"

#define WORK	  ".sandlock-commit"
#define NEW	  "new"
#define LOCK_STEP 20 /* ms */

enum verdict {
	DONE, /* it is as it should be */
	APPLY,
	CONFLICT,
};

struct commit {
	struct outward o;
	struct cow_commit *p;
	int work_fd;
	struct commit_log log; /* of earlier commits into this directory */
	const char *why;       /* of a conflict */
};

/* the directory: its lock, and a place for unfinished objects */

static int lock(int fd, unsigned wait_ms)
{
	struct timespec step = {.tv_nsec = LOCK_STEP * 1000000L};
	int r;

	while ((r = flock(fd, LOCK_EX | LOCK_NB)) < 0 && (errno == EWOULDBLOCK || errno == EINTR) &&
	       wait_ms) {
		nanosleep(&step, NULL);
		wait_ms -= MIN(wait_ms, (unsigned)LOCK_STEP);
	}
	if (r == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

/* What an interrupted commit has left is thrown away: the directory may be the image, and it is none of it. */
static int remove_leftovers(const struct commit *c)
{
	struct statx st;
	int r = host_statx(c->p->dir_fd, WORK, &st);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && (st.stx_uid != geteuid() || (st.stx_mode & (S_IFMT | 0022)) != S_IFDIR))
		r = -EPERM;
	return r < 0 ? r : object_remove(c->p->dir_fd, WORK, true);
}

static int open_work(struct commit *c)
{
	int r = host_mkdirat(c->p->dir_fd, WORK, 0700);

	return r < 0 ? r : host_open_dir(c->p->dir_fd, WORK, &c->work_fd);
}

/* does a change fit what is there? */

static bool is_gone(const struct place *p)
{
	return p->st.stx_mode == 0;
}

static bool both_dirs(const struct statx *a, const struct statx *b)
{
	return S_ISDIR(a->stx_mode) && S_ISDIR(b->stx_mode);
}

/* Is it what the container has started from? */
static bool fits_lower(struct commit *c, const struct cow_item *item, const struct statx *there)
{
	const struct statx *lower = &item->lower;

	c->why = "is there already, and differs";
	if (!lower->stx_mode)
		return c->log.again && !tree_is_newer(there, &c->log.since);
	c->why = "is of another type than in the image";
	if ((lower->stx_mode ^ there->stx_mode) & S_IFMT)
		return c->log.again && !tree_is_newer(there, &c->log.since);
	if (S_ISDIR(there->stx_mode))
		return true;
	c->why = "was modified since the container was made";
	if (tree_is_newer(there, &c->log.since))
		return false;
	c->why = "is not the image's";
	return c->log.again || (lower->stx_mtime.tv_sec == there->stx_mtime.tv_sec &&
				lower->stx_mtime.tv_nsec == there->stx_mtime.tv_nsec &&
				lower->stx_size == there->stx_size);
}

static int judge_deleted(struct commit *c, const struct cow_item *item, const struct place *there,
			 enum verdict *ret)
{
	bool newer = false;
	int r = 0;

	*ret = DONE;
	if (is_gone(there))
		return 0;
	*ret = CONFLICT;
	if (!fits_lower(c, item, &there->st))
		return 0;
	if (S_ISDIR(there->st.stx_mode)) {
		c->why = "has something in it that was modified since the container was made";
		r = tree_has_newer(there->dirfd, there->name, &c->log.since, &newer);
	}
	*ret = newer ? CONFLICT : APPLY;
	return r;
}

/* The object is there, and what the container has is known as well. */
static int judge_object(struct commit *c, size_t i, const struct place *live,
			const struct place *there, enum verdict *ret)
{
	const struct cow_item *item = &c->o.c->v[i];
	struct compared a = {live->dirfd, live->name, &live->st};
	struct compared b = {there->dirfd, there->name, &there->st};
	const char *other = outward_other_name(&c->o, i, live);
	struct place first;
	bool same;
	int r = compare_copies(&a, &b, &same);

	if (r == 0 && same && other) {
		r = outward_place(&c->o.links, other, &first);
		*ret = r == 0 && first.st.stx_ino == there->st.stx_ino ? DONE : APPLY;
		return outward_is_gone(r) ? 0 : r;
	}
	if (r < 0)
		return r;
	/* an earlier commit may have linked it with what is another file by now */
	if (same && item->asked_for && there->st.stx_nlink > 1 && !S_ISDIR(there->st.stx_mode))
		*ret = APPLY;
	else if (same)
		*ret = DONE;
	else
		*ret = fits_lower(c, item, &there->st) ? APPLY : CONFLICT;
	return 0;
}

static int judge(struct commit *c, size_t i, const struct place *live, const struct place *there,
		 enum verdict *ret)
{
	const struct cow_item *item = &c->o.c->v[i];

	if (item->change == COW_DELETED)
		return judge_deleted(c, item, there, ret);
	if (is_gone(there)) {
		c->why = "is gone";
		/* deleted by an earlier commit and made anew since */
		*ret = item->change == COW_ADDED || c->log.again ? APPLY : CONFLICT;
		return 0;
	}
	if (item->change == COW_SAME && S_ISDIR(item->live.stx_mode) && !item->asked_for) {
		c->why = "is no directory";
		*ret = S_ISDIR(there->st.stx_mode) ? DONE : CONFLICT;
		return 0;
	}
	return judge_object(c, i, live, there, ret);
}

/* applying */

static int remove_old(struct commit *c, const struct place *old)
{
	c->o.op = "remove";
	return object_remove(c->work_fd, NEW, S_ISDIR(old->st.stx_mode));
}

/* work/new takes the name. What comes out must be what was looked at: else somebody was quicker. */
static int swap_in(struct commit *c, const struct place *there)
{
	struct statx st;
	int r;

	c->o.op = "replace";
	if (is_gone(there)) {
		r = host_renameat2(c->work_fd, NEW, there->dirfd, there->name, RENAME_NOREPLACE);
		return r == -EEXIST ? -ESTALE : r;
	}
	r = host_renameat2(c->work_fd, NEW, there->dirfd, there->name, RENAME_EXCHANGE);
	if (r < 0)
		return outward_is_gone(r) ? -ESTALE : r;
	r = host_statx(c->work_fd, NEW, &st);
	if (r == 0 && st.stx_ino == there->st.stx_ino)
		return remove_old(c, there);
	host_renameat2(c->work_fd, NEW, there->dirfd, there->name, RENAME_EXCHANGE);
	return r < 0 ? r : -ESTALE;
}

static int put_dir_attrs(struct commit *c, const struct place *live, const struct place *there)
{
	cleanup_fd int src = -EBADF, dst = -EBADF;
	int r = host_open_dir(live->dirfd, live->name ? live->name : ".", &src);

	c->o.op = "set metadata of";
	if (r == 0)
		r = host_open_dir(there->dirfd, there->name ? there->name : ".", &dst);
	return r < 0 ? r : object_copy_dir_attrs(src, dst);
}

static int put(struct commit *c, size_t i, const struct place *live, const struct place *there)
{
	bool dir = S_ISDIR(live->st.stx_mode);
	int r;

	if (!is_gone(there) && both_dirs(&live->st, &there->st))
		return put_dir_attrs(c, live, there);
	r = outward_copy(&c->o, i, live, c->work_fd, NEW);
	if (r < 0)
		return r;
	r = swap_in(c, there);
	if (r < 0)
		object_remove(c->work_fd, NEW, dir);
	return r;
}

static int take_away(struct commit *c, const struct place *there)
{
	struct statx st;
	int r = host_renameat2(there->dirfd, there->name, c->work_fd, NEW, RENAME_NOREPLACE);

	c->o.op = "remove";
	if (outward_is_gone(r))
		return 0;
	if (r == 0)
		r = host_statx(c->work_fd, NEW, &st);
	if (r == 0 && st.stx_ino == there->st.stx_ino)
		return remove_old(c, there);
	if (r == 0 &&
	    host_renameat2(c->work_fd, NEW, there->dirfd, there->name, RENAME_NOREPLACE) == 0)
		r = -ESTALE;
	return r;
}

static int apply(struct commit *c, size_t i, const struct place *live, const struct place *there)
{
	const struct cow_item *item = &c->o.c->v[i];
	int r = item->change == COW_DELETED ? take_away(c, there) : put(c, i, live, there);

	c->p->applied += r == 0;
	return r;
}

static int add_conflict(struct commit *c, const char *path)
{
	struct cow_commit *p = c->p;

	if (p->n_conflicts++ >= COW_CONFLICTS_MAX)
		return 0;
	buf_printf(&p->conflicts, "/%s: %s", path, c->why);
	return buf_add_char(&p->conflicts, '\0');
}

/* Both places of item i; one that does not exist has mode 0. -ESTALE: the container's is gone or another by now. */
static int find_places(struct commit *c, size_t i, struct place *live, struct place *there)
{
	const struct cow_item *item = &c->o.c->v[i];
	int r = 0;

	*live = *there = (struct place){0};
	if (item->change != COW_DELETED)
		r = outward_live(&c->o, i, live);
	if (r < 0)
		return outward_is_gone(r) ? -ESTALE : r;
	c->o.op = "look at";
	r = outward_place(&c->o.out, cow_item_path(c->o.c, item), there);
	if (outward_is_gone(r)) {
		there->st.stx_mode = 0;
		r = 0;
	}
	return r;
}

static int check_item(struct commit *c, size_t i)
{
	struct place live, there;
	enum verdict verdict;
	int r = find_places(c, i, &live, &there);

	if (r == -ESTALE)
		return 0;
	if (r == 0)
		r = judge(c, i, &live, &there, &verdict);
	if (r < 0 || verdict != CONFLICT || c->p->flags & COW_COMMIT_FORCE)
		return r;
	return add_conflict(c, cow_item_path(c->o.c, &c->o.c->v[i]));
}

static int apply_item(struct commit *c, size_t i)
{
	struct place live, there;
	enum verdict verdict;
	int r = find_places(c, i, &live, &there);

	if (r == -ESTALE)
		return 0;
	/* its directory vanished from the container before it could be made */
	if (r == 0 && is_gone(&there) && !there.name)
		return 0;
	if (r == 0)
		r = judge(c, i, &live, &there, &verdict);
	if (r < 0)
		return r;
	if (verdict == APPLY || (verdict == CONFLICT && c->p->flags & COW_COMMIT_FORCE))
		r = apply(c, i, &live, &there);
	else if (verdict == CONFLICT)
		r = -ESTALE;
	else if (!is_gone(&there) && live.name)
		outward_note(&c->o, i, &live);
	return r == -ESTALE ? add_conflict(c, cow_item_path(c->o.c, &c->o.c->v[i])) : r;
}

/* A name that we need for ourselves. */
static bool is_work(const char *path)
{
	size_t n = strlen(WORK);

	return strncmp(path, WORK, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static int check_names(const struct commit *c, struct cow_fault *fault)
{
	const struct cow_changes *ch = c->o.c;

	for (size_t i = 0; i < ch->n; i++) {
		const char *path = cow_item_path(ch, &ch->v[i]);

		if (!is_work(path) || !ch->v[i].live.stx_mode)
			continue;
		fault_set(fault, "the name is needed for the commit itself:", path, NULL);
		return -EINVAL;
	}
	return 0;
}

static int for_each_item(struct commit *c, int (*fn)(struct commit *, size_t),
			 struct cow_fault *fault)
{
	int r;

	for (size_t i = 0; i < c->o.c->n; i++) {
		/* deleted: an image that was copied in the middle of a commit into it */
		r = is_work(cow_item_path(c->o.c, &c->o.c->v[i])) ? 0 : fn(c, i);
		if (r < 0) {
			outward_fault(&c->o, i, fault);
			return r;
		}
	}
	return 0;
}

/*
 * What an earlier commit has added and the container has deleted since: the image never had it, so the list of changes knows nothing of it.
 * (What it has changed and the container has changed back is in the list: it was asked for.)
 */
static int apply_forgotten(struct commit *c, const char *path)
{
	const struct cow_item item = {.change = COW_DELETED};
	struct place live, there;
	enum verdict verdict;
	int r = outward_place(&c->o.live, path, &live);

	if (!outward_is_gone(r))
		return r;
	r = outward_place(&c->o.out, path, &there);
	if (r < 0)
		return outward_is_gone(r) ? 0 : r;
	r = judge_deleted(c, &item, &there, &verdict);
	if (r == 0 && verdict == CONFLICT && !(c->p->flags & COW_COMMIT_FORCE))
		return add_conflict(c, path);
	c->p->applied++;
	return r < 0 ? r : take_away(c, &there);
}

static int apply_all_forgotten(struct commit *c, struct cow_fault *fault)
{
	const struct buf *paths = &c->log.paths;
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->len; i += strlen(paths->data + i) + 1) {
		r = apply_forgotten(c, paths->data + i);
		if (r < 0)
			fault_set(fault, c->o.op, paths->data + i, NULL);
	}
	return r;
}

static int apply_changes(struct commit *c, struct cow_fault *fault)
{
	int r = for_each_item(c, apply_item, fault);

	if (r == 0)
		r = apply_all_forgotten(c, fault);
	return r == 0 ? outward_dir_times(&c->o) : r;
}

static int check_and_apply(struct commit *c, struct cow_fault *fault)
{
	static const char *const op = "note the commit in the store";
	int r = for_each_item(c, check_item, fault), noted;

	if (r == 0 && c->p->n_conflicts)
		return -ESTALE;
	if (r < 0)
		return r;
	r = open_work(c);
	if (r < 0) {
		fault_set(fault, "make", WORK, NULL);
		return r;
	}
	r = commit_log_begin(&c->log, c->o.cow, c->o.c);
	if (r < 0) {
		fault_set(fault, op, NULL, NULL);
		return r;
	}
	r = apply_changes(c, fault);
	/* also after a failure: what has been applied is ours */
	noted = commit_log_end(&c->log, c->o.cow, c->o.c);
	if (r == 0 && noted < 0) {
		fault_set(fault, op, NULL, NULL);
		r = noted;
	}
	return r == 0 && c->p->n_conflicts ? -ESTALE : r;
}

static int prepare(struct commit *c, struct cow *cow, struct cow_fault *fault)
{
	int r = lock(c->p->dir_fd, c->p->wait_ms);

	fault_set(fault, "lock the directory", NULL, NULL);
	if (r < 0)
		return r;
	fault_set(fault, "use", WORK, NULL);
	r = remove_leftovers(c);
	if (r < 0)
		return r;
	fault_set(fault, "read the store's list of commits", NULL, NULL);
	return commit_log_read(&c->log, cow, c->p->dir_fd);
}

/* The list is made with the directory locked: what earlier commits have changed in it decides what has to be looked at. */
static int commit_changes(struct commit *c, struct cow *cow, struct cow_fault *fault)
{
	struct cow_changes changes = {0};
	int r = cow_changes_collect(cow, &c->log.paths, &changes, fault);

	if (r < 0)
		return r;
	fault_set(fault, "open the directory", NULL, NULL);
	r = outward_init(&c->o, cow, &changes, c->p->dir_fd);
	if (r == 0) {
		r = check_names(c, fault);
		if (r == 0)
			r = check_and_apply(c, fault);
		outward_done(&c->o);
	}
	cow_changes_done(&changes);
	return r;
}

int cow_commit_to(struct cow *cow, struct cow_commit *p, struct cow_fault *fault)
{
	struct commit c = {.p = p, .work_fd = -EBADF, .log.since = cow->populated_at};
	int r = prepare(&c, cow, fault);

	p->applied = p->n_conflicts = 0;
	if (r == 0)
		r = commit_changes(&c, cow, fault);
	if (c.work_fd >= 0) {
		close_fd(&c.work_fd);
		object_remove(p->dir_fd, WORK, true);
	}
	flock(p->dir_fd, LOCK_UN);
	commit_log_done(&c.log);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removal of a store. Library; runs as the container's root (delete). Untrusted: everything below
 * it, since the container made it: any depth, any names, directories without permissions, mounts,
 * processes that still change it. Follows no symlink, stays on one file system.
 */
#include <config.h>

#include "cow/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cow/chain.h"
#include "host/at.h"
#include "host/dirent.h"

#define REDO_MAX 64 /* a directory that does not get empty: something still writes into it */
/* Names of subdirectories that are kept at one level; the others are read again when these are gone. */
#define NAMES_MAX (256u << 10)

/* Subdirectories of one level that are still to be removed. */
struct frame {
	struct buf names; /* NUL-terminated, one after another */
	size_t next;
	unsigned redone;
	bool more; /* the listing was left when there were NAMES_MAX bytes of them */
};

struct removal {
	struct chain chain;
	struct host_dir_reader reader;
	struct frame *frames;
	size_t n, cap;
	dev_t dev;
	uint64_t left; /* names that may still be removed */
	const char *op;
	char name[NAME_MAX + 1];
};

static int unlink_name(struct removal *rm, const char *name, int flags)
{
	if (rm->left == 0)
		return -E2BIG;
	rm->left--;
	return host_unlinkat(chain_fd(&rm->chain), name, flags);
}

static int unlink_file(struct removal *rm, const char *name)
{
	int fd = chain_fd(&rm->chain);
	int r = unlink_name(rm, name, 0);

	if (r == -EACCES) {
		/* a directory without u+wx, and we have no CAP_DAC_OVERRIDE: it is ours, so we may
		 * say */
		r = host_fchmod(fd, 0700);
		if (r == 0)
			r = host_unlinkat(fd, name, 0);
	}
	return r == -ENOENT ? 0 : r;
}

static int is_dir(const struct removal *rm, const struct host_dirent *d, bool *ret)
{
	struct statx st;
	int r = 0;

	if (d->type != DT_UNKNOWN) {
		*ret = d->type == DT_DIR;
		return 0;
	}
	r = host_statx(chain_fd(&rm->chain), d->name, &st);
	if (r == 0)
		*ret = S_ISDIR(st.stx_mode);
	return r;
}

static int remove_entry(struct removal *rm, struct frame *f, const struct host_dirent *d)
{
	bool dir = false;
	int r = is_dir(rm, d, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!dir) {
		r = unlink_file(rm, d->name);
		if (r != -EISDIR)
			return r;
	}
	return buf_add(&f->names, d->name, d->len + 1);
}

/* Unlinks what is no directory and notes the names of what is. */
static int clear_level(struct removal *rm, struct frame *f)
{
	int r = host_dir_reader_reset(&rm->reader, chain_fd(&rm->chain));

	f->names.len = 0;
	f->next = 0;
	f->more = false;
	rm->op = "remove";
	while (r == 0) {
		struct host_dirent d;

		f->more = f->names.len > NAMES_MAX;
		if (f->more)
			return 0;
		r = host_dir_read(&rm->reader, &d);
		if (r <= 0)
			return r;
		snprintf(rm->name, sizeof(rm->name), "%s", d.name);
		r = remove_entry(rm, f, &d);
	}
	return r;
}

static int push_frame(struct removal *rm)
{
	if (rm->n == rm->cap) {
		size_t cap = rm->cap ? rm->cap * 2 : 32;
		struct frame *p = reallocarray(rm->frames, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		rm->frames = p;
		rm->cap = cap;
	}
	rm->frames[rm->n] = (struct frame){0};
	return clear_level(rm, &rm->frames[rm->n++]);
}

/* Makes a subdirectory readable for its owner; by descriptor, so that nobody can put a symlink in
 * its place. */
static int unlock_dir(int parent_fd, const char *name)
{
	cleanup_fd int fd = -EBADF;
	int r = host_openat(parent_fd, name, O_PATH | O_DIRECTORY, 0, &fd);

	if (r == -EACCES) /* the parent lacks u+x */
		r = host_fchmod(parent_fd, 0700);
	if (r == 0 && fd < 0)
		r = host_openat(parent_fd, name, O_PATH | O_DIRECTORY, 0, &fd);
	return r < 0 ? r : host_chmod_path_fd(fd, 0700);
}

static int enter(struct removal *rm, const char *name)
{
	struct statx st;
	int r;

	rm->op = "enter";
	r = chain_push(&rm->chain, name);
	if (r == -EACCES) {
		r = unlock_dir(chain_fd(&rm->chain), name);
		if (r == 0)
			r = chain_push(&rm->chain, name);
	}
	if (r == 0)
		r = host_statx(chain_fd(&rm->chain), "", &st);
	if (r < 0)
		return r;
	rm->name[0] = '\0'; /* from here on the chain says it */
	if (host_statx_dev(&st) != rm->dev || host_statx_is_mount(&st))
		return -EBUSY;
	/* a deep tree is left by "..", which needs search permission here */
	if ((st.stx_mode & S_IRWXU) != S_IRWXU)
		r = host_fchmod(chain_fd(&rm->chain), 0700);
	return r < 0 ? r : push_frame(rm);
}

/* The deepest level is empty, as far as we know: up, and remove it there. */
static int finish_level(struct removal *rm)
{
	struct frame *f = &rm->frames[rm->n - 1];
	char name[NAME_MAX + 1];
	unsigned redone = f->redone + 1;
	int r;

	snprintf(name, sizeof(name), "%s", chain_name(&rm->chain));
	buf_done(&f->names);
	rm->n--;
	if (rm->n == 0)
		return 0;
	rm->op = "leave";
	r = chain_pop(&rm->chain);
	if (r < 0)
		return r;
	rm->op = "remove directory";
	snprintf(rm->name, sizeof(rm->name), "%s", name);
	r = unlink_name(rm, name, AT_REMOVEDIR);
	if (r == -ENOENT)
		return 0;
	/* names that the listing missed (file systems may, while names are removed) or that came
	 * since */
	if ((r == -ENOTEMPTY || r == -EEXIST) && redone < REDO_MAX) {
		r = enter(rm, name);
		if (r == 0)
			rm->frames[rm->n - 1].redone = redone;
	}
	return r;
}

static int step(struct removal *rm)
{
	struct frame *f = &rm->frames[rm->n - 1];
	const char *name;
	int r;

	if (f->next == f->names.len)
		return f->more ? clear_level(rm, f) : finish_level(rm);
	name = f->names.data + f->next;
	f->next += strlen(name) + 1;
	snprintf(rm->name, sizeof(rm->name), "%s", name);
	r = enter(rm, rm->name);
	/* gone or replaced meanwhile; what replaced it is seen when this level is redone */
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? 0 : r;
}

static void report(const struct removal *rm, struct cow_fault *fault)
{
	cleanup_buf struct buf where = {0};

	chain_path(&rm->chain, &where);
	fault_set(fault, rm->op, where.data, rm->name);
}

static int remove_some(int fd, uint64_t *left, struct cow_fault *fault)
{
	struct removal rm = {.op = "open", .left = *left};
	struct statx st;
	int r = chain_init(&rm.chain, fd);

	if (r < 0)
		return r;
	r = host_statx(fd, "", &st);
	rm.dev = r == 0 ? host_statx_dev(&st) : 0;
	if (r == 0)
		r = host_dir_reader_init(&rm.reader, fd);
	if (r == 0)
		r = push_frame(&rm);
	while (r == 0 && rm.n)
		r = step(&rm);
	if (r < 0)
		report(&rm, fault);
	while (rm.n)
		buf_done(&rm.frames[--rm.n].names);
	free(rm.frames);
	host_dir_reader_done(&rm.reader);
	chain_done(&rm.chain);
	*left = rm.left;
	return r;
}

int remove_contents(int fd, struct cow_fault *fault)
{
	uint64_t all = UINT64_MAX;

	return remove_some(fd, &all, fault);
}

/* Files of a store, in the order in which they are removed: meta goes last. */
static const char *const store_files[] = {
	STORE_LAZY STORE_NEW,	 STORE_LAZY,	STORE_FRESH STORE_NEW,	STORE_FRESH,
	STORE_INDEX STORE_NEW,	 STORE_INDEX,	STORE_OWNERS STORE_NEW, STORE_OWNERS,
	STORE_COMMITS STORE_NEW, STORE_COMMITS, STORE_META STORE_NEW,	STORE_META,
};

static bool is_store_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(store_files); i++)
		if (!strcmp(name, store_files[i]))
			return true;
	return !strcmp(name, STORE_ROOT) || !strcmp(name, STORE_WORK) ||
	       !strcmp(name, STORE_GROUPS);
}

/* Is meta the beginning of a meta file, however short a crash has left it? */
static int check_meta(int dir_fd)
{
	cleanup_buf struct buf text = {0};
	int r = store_read(dir_fd, STORE_META, META_MAX, &text);

	if (r == -EUCLEAN)
		return -EPERM;
	if (r < 0)
		return r;
	return memcmp(text.data, META_MAGIC, MIN(text.len, strlen(META_MAGIC))) ? -EPERM : 0;
}

/* Only names of ours, and a meta of ours unless there is nothing but a meta being written. */
int store_check(int dir_fd)
{
	struct host_dir_reader rd = {0};
	struct host_dirent d;
	bool needs_meta = false;
	int r = host_dir_reader_init(&rd, dir_fd);

	while (r == 0) {
		r = host_dir_read(&rd, &d);
		if (r <= 0)
			break;
		r = is_store_name(d.name) ? 0 : -EPERM;
		needs_meta |= strcmp(d.name, STORE_META STORE_NEW) != 0;
	}
	host_dir_reader_done(&rd);
	if (r < 0 || !needs_meta)
		return r;
	r = check_meta(dir_fd);
	return r == -ENOENT ? -EPERM : r;
}

static int remove_tree(int dir_fd, const char *name, uint64_t *left, struct cow_fault *fault)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir(dir_fd, name, &fd);

	if (r == -EACCES) {
		r = unlock_dir(dir_fd, name);
		if (r == 0)
			r = host_open_dir(dir_fd, name, &fd);
	}
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = host_fchmod(fd, 0700);
	if (r < 0) {
		fault_set(fault, "open", name, NULL);
		return r;
	}
	r = remove_some(steal_fd(&fd), left, fault);
	if (r < 0)
		return r;
	r = host_unlinkat(dir_fd, name, AT_REMOVEDIR);
	if (r < 0)
		fault_set(fault, "remove directory", name, NULL);
	return r;
}

static int remove_parts(int dir_fd, uint64_t *left, struct cow_fault *fault)
{
	int r = remove_tree(dir_fd, STORE_ROOT, left, fault);

	if (r == 0)
		r = remove_tree(dir_fd, STORE_WORK, left, fault);
	if (r == 0)
		r = remove_tree(dir_fd, STORE_GROUPS, left, fault);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(store_files); i++) {
		r = host_unlinkat(dir_fd, store_files[i], 0);
		if (r == -ENOENT)
			r = 0;
		if (r < 0)
			fault_set(fault, "remove", store_files[i], NULL);
	}
	return r;
}

int remove_at_most(const char *dir, uint64_t max, struct cow_fault *fault)
{
	cleanup_fd int fd = -EBADF;
	int r = store_open_dir(dir, &fd);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = store_check(fd);
	if (r < 0) {
		fault_set(fault, "recognise store", dir, NULL);
		return r;
	}
	r = remove_parts(fd, &max, fault);
	if (r < 0)
		return r;
	r = store_remove_dir(dir);
	if (r < 0)
		fault_set(fault, "remove store", dir, NULL);
	return r;
}

int cow_remove(const char *dir, struct cow_fault *fault)
{
	return remove_at_most(dir, UINT64_MAX, fault);
}

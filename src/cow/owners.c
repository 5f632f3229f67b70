/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of lower objects as seen outside of the user namespace; see owners.h. Library. Untrusted:
 * the lowers, the saved file. */
#include <config.h>

#include "cow/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/index.h"
#include "cow/internal.h"
#include "cow/layer.h"
#include "cow/scan.h"
#include "host/at.h"

#define OWNERS_MAGIC 0x31726e776f776373ull /* "scwownr1" */

struct owner {
	uint64_t dev, ino;
	uint32_t uid, gid;
};

struct cow_owners {
	struct owner *list;
	size_t n, cap;
};

static int add_owner(struct cow_owners *o, const struct statx *st)
{
	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 1024;
		struct owner *p = reallocarray(o->list, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		o->list = p;
		o->cap = cap;
	}
	o->list[o->n++] = (struct owner){
		.dev = host_statx_dev(st),
		.ino = st->stx_ino,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
	};
	return 0;
}

static int by_inode(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int add_entry(void *arg, const struct lower_entry *e, const struct chain *at)
{
	(void)at;
	return add_owner(arg, &e->st);
}

/* A directory that may not be opened here is left out: the container's root may be able to read it, and then an id of its own made it,
 * which needs no shift. */
static int scan_lower(const char *path, struct cow_owners *owners, struct cow_fault *fault)
{
	char *const paths[] = {(char *)path, NULL};
	const struct lower_skip none = {0};
	cleanup_fd int fd = -EBADF;
	struct statx st;
	int r = host_open_dir_path(path, &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r == 0)
		r = add_owner(owners, &st);
	if (r == 0)
		r = lowers_scan(paths, &none, add_entry, owners);
	if (r < 0)
		fault_set(fault, "read owners", path, NULL);
	return r;
}

static void sort_owners(struct cow_owners *o)
{
	size_t kept = 0;

	if (o->n)
		qsort(o->list, o->n, sizeof(*o->list), by_inode);
	for (size_t i = 0; i < o->n; i++)
		if (kept == 0 || by_inode(&o->list[kept - 1], &o->list[i]) != 0)
			o->list[kept++] = o->list[i];
	o->n = kept;
}

int cow_owners_scan(char *const *lowers, struct cow_owners **ret, struct cow_fault *fault)
{
	struct cow_owners *o = calloc(1, sizeof(*o));
	int r = o ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && lowers[i]; i++)
		r = scan_lower(lowers[i], o, fault);
	if (r < 0) {
		cow_owners_free(o);
		return r;
	}
	sort_owners(o);
	*ret = o;
	return 0;
}

void cow_owners_free(struct cow_owners *owners)
{
	if (!owners)
		return;
	free(owners->list);
	free(owners);
}

void cow_owners_translate(struct cow_owners *owners, cow_owner_fn fn, void *arg)
{
	for (size_t i = 0; i < owners->n; i++)
		fn(&owners->list[i].uid, &owners->list[i].gid, arg);
}

bool owners_find(const struct cow_owners *owners, dev_t dev, ino_t ino, uid_t *ret_uid,
		 gid_t *ret_gid)
{
	struct owner key = {.dev = dev, .ino = ino};
	const struct owner *found = NULL;

	if (owners->n)
		found = bsearch(&key, owners->list, owners->n, sizeof(key), by_inode);
	if (!found)
		return false;
	*ret_uid = found->uid;
	*ret_gid = found->gid;
	return true;
}

static int owners_new(const struct owner *list, size_t n, struct cow_owners **ret)
{
	struct cow_owners *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	if (n) {
		o->list = malloc(n * sizeof(*list));
		if (!o->list) {
			free(o);
			return -ENOMEM;
		}
		memcpy(o->list, list, n * sizeof(*list));
	}
	o->n = o->cap = n;
	*ret = o;
	return 0;
}

int owners_dup(const struct cow_owners *owners, struct cow_owners **ret)
{
	return owners_new(owners->list, owners->n, ret);
}

int owners_encode(const struct cow_owners *owners, struct buf *ret)
{
	uint64_t head[2] = {OWNERS_MAGIC, owners->n}, sum;

	buf_add(ret, head, sizeof(head));
	buf_add(ret, owners->list, owners->n * sizeof(*owners->list));
	if (ret->error)
		return ret->error;
	sum = index_checksum(ret->data, ret->len);
	return buf_add(ret, &sum, sizeof(sum));
}

int owners_decode(const void *data, size_t len, struct cow_owners **ret)
{
	const char *p = data;
	uint64_t head[2], sum;
	struct cow_owners *o;
	int r;

	if (len < sizeof(head) + sizeof(sum))
		return -EUCLEAN;
	memcpy(head, p, sizeof(head));
	memcpy(&sum, p + len - sizeof(sum), sizeof(sum));
	if (head[0] != OWNERS_MAGIC || head[1] > len / sizeof(struct owner) ||
	    sizeof(head) + head[1] * sizeof(struct owner) + sizeof(sum) != len ||
	    sum != index_checksum(p, len - sizeof(sum)))
		return -EUCLEAN;
	/* buf's memory is malloc'ed and the head is 16 bytes: aligned for struct owner */
	r = owners_new((const struct owner *)(const void *)(p + sizeof(head)), head[1], &o);
	if (r < 0)
		return r;
	for (size_t i = 1; i < o->n; i++) {
		if (by_inode(&o->list[i - 1], &o->list[i]) >= 0) {
			cow_owners_free(o);
			return -EUCLEAN;
		}
	}
	*ret = o;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lower index; see index.h. Library. Untrusted input: the saved file (it may be cut or
 * damaged). Lookup takes no lock and makes no call. */
#include <config.h>

#include "cow/index.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define INDEX_MAGIC 0x31786469776f6373ull /* "scowidx1" */

struct header {
	uint64_t magic, inos, uids, gids, skipped;
	uint32_t left_uid, left_gid;
};

int index_add(struct cow_index *index, ino_t ino)
{
	if (index->n == index->cap) {
		size_t cap = index->cap ? index->cap * 2 : 1024;
		uint64_t *p = reallocarray(index->inos, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		index->inos = p;
		index->cap = cap;
	}
	index->inos[index->n++] = ino;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void index_finish(struct cow_index *index, uint64_t *drop, size_t n_drop)
{
	size_t kept = 0, d = 0;

	if (index->n)
		qsort(index->inos, index->n, sizeof(*index->inos), by_number);
	if (n_drop)
		qsort(drop, n_drop, sizeof(*drop), by_number);
	for (size_t i = 0; i < index->n; i++) {
		uint64_t ino = index->inos[i];

		while (d < n_drop && drop[d] < ino)
			d++;
		if (d < n_drop && drop[d] == ino)
			continue;
		if (kept == 0 || index->inos[kept - 1] != ino)
			index->inos[kept++] = ino;
	}
	index->n = kept;
}

bool index_has(const struct cow_index *index, ino_t ino)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (index->inos[mid] == ino)
			return true;
		if (index->inos[mid] < ino)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

uint64_t index_checksum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}

int index_encode(const struct cow_index *index, struct buf *ret)
{
	const struct cow_refused *refused = &index->refused;
	struct header h = {
		.magic = INDEX_MAGIC,
		.inos = index->n,
		.uids = refused->uids.n,
		.gids = refused->gids.n,
		.skipped = index->skipped,
		.left_uid = refused->left_uid,
		.left_gid = refused->left_gid,
	};
	uint64_t sum;

	buf_add(ret, &h, sizeof(h));
	buf_add(ret, index->inos, index->n * sizeof(*index->inos));
	buf_add(ret, refused->uids.ids, refused->uids.n * sizeof(uint32_t));
	buf_add(ret, refused->gids.ids, refused->gids.n * sizeof(uint32_t));
	if (ret->error)
		return ret->error;
	sum = index_checksum(ret->data, ret->len);
	return buf_add(ret, &sum, sizeof(sum));
}

static int dup_part(const char **p, size_t n, size_t size, void *ret)
{
	void *copy = NULL;

	if (n) {
		copy = malloc(n * size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, *p, n * size);
		*p += n * size;
	}
	memcpy(ret, &copy, sizeof(copy));
	return 0;
}

/* Does the length of the file fit the counts? They are bounded first so that the sum cannot
 * overflow. */
static bool length_fits(const struct header *h, size_t len)
{
	if (h->inos > len || h->uids > len || h->gids > len)
		return false;
	return sizeof(*h) + h->inos * 8 + (h->uids + h->gids) * 4 + sizeof(uint64_t) == len;
}

int index_decode(const void *data, size_t len, struct cow_index *ret)
{
	struct cow_index index = {0};
	const char *p = (const char *)data + sizeof(struct header);
	struct header h;
	uint64_t sum;
	int r;

	if (len < sizeof(h) + sizeof(sum))
		return -EUCLEAN;
	memcpy(&h, data, sizeof(h));
	memcpy(&sum, (const char *)data + len - sizeof(sum), sizeof(sum));
	if (h.magic != INDEX_MAGIC || !length_fits(&h, len) ||
	    sum != index_checksum(data, len - sizeof(sum)))
		return -EUCLEAN;
	index.n = h.inos;
	index.skipped = h.skipped;
	index.refused = (struct cow_refused){
		.uids.n = h.uids,
		.gids.n = h.gids,
		.left_uid = h.left_uid,
		.left_gid = h.left_gid,
	};
	r = dup_part(&p, index.n, sizeof(uint64_t), &index.inos);
	if (r == 0)
		r = dup_part(&p, h.uids, sizeof(uint32_t), &index.refused.uids.ids);
	if (r == 0)
		r = dup_part(&p, h.gids, sizeof(uint32_t), &index.refused.gids.ids);
	for (size_t i = 1; r == 0 && i < index.n; i++)
		if (index.inos[i - 1] >= index.inos[i])
			r = -EUCLEAN;
	if (r < 0)
		index_done(&index);
	else
		*ret = index;
	return r;
}

void index_done(struct cow_index *index)
{
	free(index->inos);
	free(index->refused.uids.ids);
	free(index->refused.gids.ids);
	*index = (struct cow_index){0};
}

/* Lists of ids are looked at for every file and hardly ever added to. */
static pthread_rwlock_t ids_lock = PTHREAD_RWLOCK_INITIALIZER;

static bool has_id(const struct id_list *list, uint32_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->ids[i] == id)
			return true;
	return false;
}

bool id_list_has(const struct id_list *list, uint32_t id)
{
	bool has;

	pthread_rwlock_rdlock(&ids_lock);
	has = has_id(list, id);
	pthread_rwlock_unlock(&ids_lock);
	return has;
}

static int add_id(struct id_list *list, uint32_t id)
{
	if (has_id(list, id))
		return 0;
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		uint32_t *p = reallocarray(list->ids, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		list->ids = p;
		list->cap = cap;
	}
	list->ids[list->n++] = id;
	return 0;
}

int id_list_add(struct id_list *list, uint32_t id)
{
	int r;

	pthread_rwlock_wrlock(&ids_lock);
	r = add_id(list, id);
	pthread_rwlock_unlock(&ids_lock);
	return r;
}

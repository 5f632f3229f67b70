/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bump allocator: a chain of chunks, freed together. Runs in any process (library).
 * Sizes come from untrusted documents, so every sum and product is checked.
 */
#include <config.h>

#include "libocispec/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK 8192
#define ARENA_ALIGN 16u

struct chunk {
	struct chunk *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(ARENA_ALIGN) char data[];
};

struct arena {
	struct chunk *chunks; /* the newest first */
};

/* In front of the root object, padded so that the object stays aligned. */
#define ROOT_HEADER ((sizeof(struct arena) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

void *arena_new_root(size_t size, struct arena **ret_arena)
{
	struct arena *a = calloc(1, ROOT_HEADER + size);

	if (!a)
		return NULL;
	*ret_arena = a;
	return (char *)a + ROOT_HEADER;
}

void arena_free_root(void *root)
{
	struct arena *a;

	if (!root)
		return;
	a = (struct arena *)((char *)root - ROOT_HEADER);
	while (a->chunks) {
		struct chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	free(a);
}

static struct chunk *new_chunk(struct arena *a, size_t want)
{
	size_t size = want > ARENA_CHUNK ? want : ARENA_CHUNK;
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->size = size;
	c->used = 0;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	struct chunk *c = a->chunks;
	size_t want;
	void *p;

	if (__builtin_mul_overflow(n, size, &want) || want > SIZE_MAX / 2)
		return NULL;
	want = (want + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (!c || c->size - c->used < want)
		c = new_chunk(a, want);
	if (!c)
		return NULL;
	p = c->data + c->used;
	c->used += want;
	return memset(p, 0, want);
}

char *arena_copy(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1, 1);

	if (p)
		memcpy(p, s, len);
	return p;
}

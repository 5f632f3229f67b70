/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared inode -> private file that took its name: a chained hash table under one lock. Supervisor;
 * entries are never removed. */
#include <config.h>

#include "handlers/moved.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u

struct moved {
	struct moved *next;
	ino_t old_ino, new_ino;
	char path[];
};

struct moved_map {
	pthread_mutex_t lock;
	struct moved *buckets[BUCKETS];
};

struct moved_map *moved_new(void)
{
	struct moved_map *map = calloc(1, sizeof(*map));

	if (map)
		pthread_mutex_init(&map->lock, NULL);
	return map;
}

void moved_free(struct moved_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct moved *m = map->buckets[i];

		while (m) {
			struct moved *next = m->next;

			free(m);
			m = next;
		}
	}
	pthread_mutex_destroy(&map->lock);
	free(map);
}

void moved_add(struct moved_map *map, ino_t old_ino, ino_t new_ino, const char *path)
{
	size_t size = strlen(path) + 1;
	struct moved *m = malloc(sizeof(*m) + size);
	struct moved **bucket = &map->buckets[old_ino % BUCKETS];

	if (!m)
		return;
	m->old_ino = old_ino;
	m->new_ino = new_ino;
	memcpy(m->path, path, size);
	pthread_mutex_lock(&map->lock);
	m->next = *bucket; /* the newest entry of an inode wins */
	*bucket = m;
	pthread_mutex_unlock(&map->lock);
}

bool moved_find(struct moved_map *map, ino_t old_ino, ino_t *ret_new_ino, char *ret_path)
{
	bool found = false;

	pthread_mutex_lock(&map->lock);
	for (struct moved *m = map->buckets[old_ino % BUCKETS]; m && !found; m = m->next) {
		if (m->old_ino != old_ino)
			continue;
		*ret_new_ino = m->new_ino;
		memcpy(ret_path, m->path, strlen(m->path) + 1);
		found = true;
	}
	pthread_mutex_unlock(&map->lock);
	return found;
}

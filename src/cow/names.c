/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where files with several names went; see names.h. Library. */
#include <config.h>

#include "cow/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void names_done(struct names *names)
{
	buf_done(&names->text);
	free(names->files);
	free(names->further);
	*names = (struct names){0};
}

const char *names_text(const struct names *names, size_t offset)
{
	return names->text.data + offset;
}

/* The slot of (dev, ino), or the free one where it belongs. */
static struct names_file *slot_of(struct names_file *files, size_t cap, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ ((uint64_t)dev << 48)) * 0x9e3779b97f4a7c15ull;
	size_t i = (size_t)(h >> 32) & (cap - 1);

	while (files[i].ino && (files[i].ino != ino || files[i].dev != dev))
		i = (i + 1) & (cap - 1);
	return &files[i];
}

struct names_file *names_find(const struct names *names, dev_t dev, ino_t ino)
{
	struct names_file *f;

	if (!names->cap_files)
		return NULL;
	f = slot_of(names->files, names->cap_files, dev, ino);
	return f->ino ? f : NULL;
}

static int grow_files(struct names *names)
{
	size_t cap = names->cap_files ? names->cap_files * 2 : 1024;
	struct names_file *p = calloc(cap, sizeof(*p));

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < names->cap_files; i++) {
		const struct names_file *old = &names->files[i];

		if (old->ino)
			*slot_of(p, cap, old->dev, old->ino) = *old;
	}
	free(names->files);
	names->files = p;
	names->cap_files = cap;
	return 0;
}

static int add_text(struct names *names, const char *name, size_t *ret)
{
	*ret = names->text.len;
	return buf_add(&names->text, name, strlen(name) + 1);
}

int names_add_file(struct names *names, dev_t dev, ino_t ino, struct node *dir, const char *name)
{
	struct names_file file = {.dev = dev, .ino = ino, .dir = dir};
	int r = 0;

	if (names->n_files * 4 >= names->cap_files * 3)
		r = grow_files(names);
	if (r == 0)
		r = add_text(names, name, &file.name);
	if (r < 0)
		return r;
	*slot_of(names->files, names->cap_files, dev, ino) = file;
	names->n_files++;
	return 0;
}

int names_add_further(struct names *names, dev_t dev, ino_t ino, struct node *dir, const char *name)
{
	struct names_further more = {.dev = dev, .ino = ino, .dir = dir};
	int r;

	if (names->n_further == names->cap_further) {
		size_t cap = names->cap_further ? names->cap_further * 2 : 64;
		struct names_further *p = reallocarray(names->further, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		names->further = p;
		names->cap_further = cap;
	}
	r = add_text(names, name, &more.name);
	if (r == 0)
		names->further[names->n_further++] = more;
	return r;
}

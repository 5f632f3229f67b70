/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where files with several names went; see names.h. Library. */
#include <config.h>

#include "cow/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/at.h"

int names_init(struct names *names)
{
	uint32_t root;

	*names = (struct names){0};
	return names_add_dir(names, 0, "", &root);
}

void names_done(struct names *names)
{
	buf_done(&names->text);
	free(names->dirs);
	free(names->files);
	*names = (struct names){0};
}

const char *names_text(const struct names *names, size_t offset)
{
	return names->text.data + offset;
}

int names_add_dir(struct names *names, uint32_t parent, const char *name, uint32_t *ret)
{
	size_t at = names->text.len;

	if (names->n_dirs == UINT32_MAX)
		return -EOVERFLOW;
	if (names->n_dirs == names->cap_dirs) {
		size_t cap = names->cap_dirs ? names->cap_dirs * 2 : 256;
		struct names_dir *p = reallocarray(names->dirs, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		names->dirs = p;
		names->cap_dirs = cap;
	}
	if (buf_add(&names->text, name, strlen(name) + 1) < 0)
		return -ENOMEM;
	*ret = (uint32_t)names->n_dirs;
	names->dirs[names->n_dirs++] = (struct names_dir){.parent = parent, .name = at};
	return 0;
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

int names_add_file(struct names *names, dev_t dev, ino_t ino, uint32_t dir, const char *name,
		   bool is_private)
{
	size_t at = names->text.len;

	if (names->n_files * 4 >= names->cap_files * 3) {
		int r = grow_files(names);

		if (r < 0)
			return r;
	}
	if (buf_add(&names->text, name, strlen(name) + 1) < 0)
		return -ENOMEM;
	*slot_of(names->files, names->cap_files, dev, ino) = (struct names_file){
		.dev = dev, .ino = ino, .dir = dir, .is_private = is_private, .name = at};
	names->n_files++;
	return 0;
}

int names_open_dir(const struct names *names, int root_fd, uint32_t dir, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	cleanup_free uint32_t *way = NULL;
	size_t n = 0;
	int r;

	for (uint32_t d = dir; d; d = names->dirs[d].parent)
		n++;
	way = malloc((n + 1) * sizeof(*way));
	if (!way)
		return -ENOMEM;
	for (uint32_t d = dir, i = (uint32_t)n; d; d = names->dirs[d].parent)
		way[--i] = d;
	r = host_openat(root_fd, ".", O_PATH | O_DIRECTORY, 0, &fd);
	for (size_t i = 0; r == 0 && i < n; i++) {
		int sub = -EBADF;

		r = host_openat(fd, names_text(names, names->dirs[way[i]].name),
				O_PATH | O_DIRECTORY, 0, &sub);
		if (r == 0) {
			close_fd(&fd);
			fd = sub;
		}
	}
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r;
}

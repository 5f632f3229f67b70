/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whiteout files in the lowers; see whiteout.h. Library. Untrusted: the names. Only names count: what kind of file the mark is does not matter. */
#include <config.h>

#include "cow/whiteout.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cow/layer.h"
#include "host/at.h"

#define MARK   ".wh."
#define OPAQUE ".wh..wh..opq"

static const char *name_of(const struct lower_dir *dir, size_t i)
{
	return dir->names.data + dir->raw[i].name;
}

static bool is_mark(const char *name)
{
	return strncmp(name, MARK, strlen(MARK)) == 0;
}

/* First entry whose name is not less; by bytes, as they are sorted. */
static size_t find(const struct lower_dir *dir, const char *name)
{
	size_t low = 0, high = dir->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(name_of(dir, mid), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The uppermost layer that has this mark; those of one name are sorted uppermost first. */
static size_t layer_of(const struct lower_dir *dir, const char *mark)
{
	size_t i = find(dir, mark);

	return i < dir->n && strcmp(name_of(dir, i), mark) == 0 ? dir->raw[i].layer : SIZE_MAX;
}

/* No file can have the mark of a very long name. */
static bool make_mark(char mark[NAME_MAX + 1], const char *name)
{
	return snprintf(mark, NAME_MAX + 1, MARK "%s", name) <= NAME_MAX;
}

/* Layers below this one do not show the name. */
static size_t last_layer(const struct lower_dir *dir, const char *name)
{
	size_t first_mark = find(dir, MARK), opaque, deleted = SIZE_MAX;
	char mark[NAME_MAX + 1];

	if (first_mark == dir->n || !is_mark(name_of(dir, first_mark)))
		return SIZE_MAX;
	opaque = layer_of(dir, OPAQUE);
	if (make_mark(mark, name))
		deleted = layer_of(dir, mark);
	return opaque < deleted ? opaque : deleted;
}

size_t whiteout_files_visible(const struct lower_dir *dir, size_t first, size_t n, bool merged)
{
	size_t last, shown = 0;

	if (is_mark(name_of(dir, first)))
		return 0;
	if (!merged)
		return n;
	last = last_layer(dir, name_of(dir, first));
	while (shown < n && dir->raw[first + shown].layer <= last)
		shown++;
	return shown;
}

bool whiteout_files_hide_below(int dir_fd, const char *name)
{
	char mark[NAME_MAX + 1];
	struct statx st;

	return host_statx(dir_fd, OPAQUE, &st) == 0 ||
	       (make_mark(mark, name) && host_statx(dir_fd, mark, &st) == 0);
}

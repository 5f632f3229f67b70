/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the counters of groups: what v1 and v2 share. Runs in the commands; the files are the kernel's. */
#include <config.h>

#include "cgroup/stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/internal.h"
#include "cgroup/stats_internal.h"

#define FILE_MAX (1u << 20)

void cgroup_stats_done(struct cgroup_stats *s)
{
	struct cgroup_io_list *lists[] = {&s->io_bytes, &s->io_count};

	free(s->percpu);
	free(s->cpus);
	free(s->mems);
	stats_free_lines(s->raw, s->n_raw);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++)
			free(lists[l]->v[i].op);
		free(lists[l]->v);
	}
	for (size_t i = 0; i < s->n_huge; i++)
		free(s->huge[i].size);
	free(s->huge);
}

const char *stats_dir(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		cleanup_strv char **names = strv_split(cg->dirs[i].controllers, ',');

		if (!cg->dirs[i].controllers[0])
			return cg->dirs[i].path;
		for (size_t n = 0; names[n]; n++)
			if (strcmp(names[n], controller) == 0)
				return cg->dirs[i].path;
	}
	return NULL;
}

void stats_number(const char *dir, const char *file, uint64_t max, uint64_t *ret)
{
	char text[32];

	if (cgroup_read(dir, file, text, sizeof(text)) < 0)
		return;
	if (strcmp(text, "max") == 0)
		*ret = max;
	else
		(void)num_parse_u64(text, 10, ret);
}

char *stats_text(const char *dir, const char *file)
{
	char text[4096];

	if (cgroup_read(dir, file, text, sizeof(text)) < 0 || !text[0])
		return NULL;
	return xstrdup(text);
}

struct cgroup_named_value *stats_lines(const char *dir, const char *file, size_t *ret_n)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, file);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct cgroup_named_value *v = NULL;
	cleanup_buf struct buf text = {0};
	cleanup_strv char **lines = NULL;
	size_t n = 0;

	*ret_n = 0;
	if (fd < 0 || fd_read_to_buf(fd, FILE_MAX, &text) < 0)
		return NULL;
	lines = strv_split(text.data ? text.data : "", '\n');
	for (size_t i = 0; lines[i]; i++) {
		char *space = strrchr(lines[i], ' ');
		uint64_t value;

		if (!space || num_parse_u64(space + 1, 10, &value) < 0)
			continue;
		*space = '\0';
		v = xreallocarray(v, n + 1, sizeof(*v));
		v[n++] = (struct cgroup_named_value){.name = xstrdup(lines[i]), .value = value};
	}
	*ret_n = n;
	return v;
}

uint64_t stats_value(const struct cgroup_named_value *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return v[i].value;
	return 0;
}

void stats_free_lines(struct cgroup_named_value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}

int stats_device(const char *text, uint64_t *ret_major, uint64_t *ret_minor)
{
	cleanup_strv char **parts = strv_split(text, ':');

	if (strv_len(parts) != 2 || num_parse_u64(parts[0], 10, ret_major) < 0 ||
	    num_parse_u64(parts[1], 10, ret_minor) < 0)
		return -EINVAL;
	return 0;
}

void stats_add_io(struct cgroup_io_list *list, uint64_t major, uint64_t minor, const char *op,
		  uint64_t value)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct cgroup_io_use){
		.major = major, .minor = minor, .op = xstrdup(op), .value = value};
}

void stats_huge(const char *dir, const char *usage, const char *max, const char *failcnt,
		struct cgroup_stats *s)
{
	cleanup_dir DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *de;

	while (d && (de = readdir(d))) {
		size_t len = strlen(de->d_name), end = strlen(usage);
		cleanup_free char *size = NULL, *name = NULL;
		struct cgroup_huge_use h = {0};

		if (!str_starts(de->d_name, "hugetlb.") || len < 8 + end ||
		    strcmp(de->d_name + len - end, usage) != 0)
			continue;
		size = xstrndup(de->d_name + 8, len - 8 - end);
		if (strchr(size, '.')) /* the reservation's own counter */
			continue;
		stats_number(dir, de->d_name, 0, &h.usage);
		if (max) {
			name = xasprintf("hugetlb.%s%s", size, max);
			stats_number(dir, name, 0, &h.max);
			free(name);
			name = xasprintf("hugetlb.%s%s", size, failcnt);
			stats_number(dir, name, 0, &h.failcnt);
		}
		h.size = steal_ptr(&size);
		s->huge = xreallocarray(s->huge, s->n_huge + 1, sizeof(*s->huge));
		s->huge[s->n_huge++] = h;
	}
}

int cgroup_read_stats(struct cgroup *cg, struct cgroup_stats *ret, struct err **err)
{
	struct cgroup_stats s = {0};

	if (!cg->ops)
		return cgroup_none(err, "read its statistics");
	if (access(cg->dirs[0].path, F_OK) < 0)
		return err_text(err, errno, "the cgroup %s is gone", cg->dirs[0].path);
	cg->ops->stats(cg, &s);
	*ret = s;
	return 0;
}

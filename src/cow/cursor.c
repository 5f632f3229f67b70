/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See cursor.h. Library. Untrusted: the tree, which may change between two calls. */
#include <config.h>

#include "cow/cursor.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/at.h"

int cursor_init(struct cursor *c, int root_fd)
{
	int fd, r = host_open_dir(root_fd, ".", &fd);

	c->root_fd = root_fd;
	return r < 0 ? r : chain_init(&c->chain, fd);
}

void cursor_done(struct cursor *c)
{
	chain_done(&c->chain);
}

static int reset(struct cursor *c)
{
	cleanup_fd int fd = -EBADF;
	int r = host_open_dir(c->root_fd, ".", &fd);

	if (r < 0)
		return r;
	chain_done(&c->chain);
	return chain_init(&c->chain, steal_fd(&fd));
}

/* How many levels of the chain are components of path; *ret_rest: what follows them. */
static size_t common_levels(const struct cursor *c, const char *path, const char **ret_rest)
{
	size_t level = 0;

	while (level < chain_depth(&c->chain)) {
		const char *name = chain_name_at(&c->chain, level + 1);
		size_t len = strlen(name);

		/* the last component is none of a directory to enter */
		if (strncmp(path, name, len) != 0 || path[len] != '/')
			break;
		path += len + 1;
		level++;
	}
	*ret_rest = path;
	return level;
}

static int move(struct cursor *c, const char *path, const char **ret_name)
{
	const char *slash;
	size_t level = common_levels(c, path, &path);
	int r = 0;

	while (r == 0 && chain_depth(&c->chain) > level)
		r = chain_pop(&c->chain);
	while (r == 0 && (slash = strchr(path, '/'))) {
		char name[NAME_MAX + 1];
		size_t len = (size_t)(slash - path);

		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		r = chain_push(&c->chain, name);
		path = slash + 1;
	}
	*ret_name = *path ? path : NULL;
	return r;
}

int cursor_seek(struct cursor *c, const char *path, int *ret_dirfd, const char **ret_name)
{
	int again, r = move(c, path, ret_name);

	/* a directory on the way up has been moved: from the root once more; a chain that could not go up is broken in any case */
	if (r < 0) {
		r = reset(c);
		if (r == 0)
			r = move(c, path, ret_name);
	}
	if (r == 0) {
		*ret_dirfd = chain_fd(&c->chain);
		return 0;
	}
	again = reset(c);
	return again < 0 ? again : r;
}

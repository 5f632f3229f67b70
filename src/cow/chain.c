/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The position of a walk; see chain.h. Library. Untrusted: the tree (its names, its depth, and that
 * it may change meanwhile). */
#include <config.h>

#include "cow/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/at.h"

#define MAX_OPEN 16

struct chain_level {
	int fd;	   /* -EBADF while closed */
	dev_t dev; /* identity, known while closed */
	ino_t ino;
	char *name;
};

int chain_init(struct chain *c, int root_fd)
{
	cleanup_fd int fd = root_fd;

	*c = (struct chain){.cap = 32};
	c->levels = malloc(c->cap * sizeof(*c->levels));
	if (!c->levels)
		return -ENOMEM;
	c->levels[0] = (struct chain_level){.fd = steal_fd(&fd)};
	c->n = 1;
	c->first_open = 1;
	return 0;
}

void chain_done(struct chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		close_fd(&c->levels[i].fd);
		free(c->levels[i].name);
	}
	free(c->levels);
	*c = (struct chain){0};
}

int chain_fd(const struct chain *c)
{
	return c->levels[c->n - 1].fd;
}

size_t chain_depth(const struct chain *c)
{
	return c->n - 1;
}

const char *chain_name(const struct chain *c)
{
	const char *name = c->levels[c->n - 1].name;

	return name ? name : "";
}

const char *chain_name_at(const struct chain *c, size_t level)
{
	return c->levels[level].name;
}

static int make_room(struct chain *c)
{
	struct chain_level *p;

	if (c->n < c->cap)
		return 0;
	p = reallocarray(c->levels, c->cap * 2, sizeof(*p));
	if (!p)
		return -ENOMEM;
	c->levels = p;
	c->cap *= 2;
	return 0;
}

/* Closes the uppermost open level below the root, after noting what it was. */
static int close_one(struct chain *c)
{
	struct chain_level *l = &c->levels[c->first_open];
	struct statx st;
	int r = host_statx(l->fd, "", &st);

	if (r < 0)
		return r;
	l->dev = host_statx_dev(&st);
	l->ino = st.stx_ino;
	close_fd(&l->fd);
	c->first_open++;
	return 0;
}

int chain_push(struct chain *c, const char *name)
{
	cleanup_fd int fd = -EBADF;
	cleanup_free char *copy = NULL;
	int r = make_room(c);

	if (r == 0 && c->n - c->first_open >= MAX_OPEN)
		r = close_one(c);
	if (r == 0)
		r = host_open_dir(chain_fd(c), name, &fd);
	if (r < 0)
		return r;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	c->levels[c->n++] = (struct chain_level){.fd = steal_fd(&fd), .name = steal_ptr(&copy)};
	return 0;
}

static int reopen_parent(struct chain *c)
{
	cleanup_fd int fd = -EBADF;
	struct chain_level *parent = &c->levels[c->n - 2];
	struct statx st;
	int r = host_open_dir(chain_fd(c), "..", &fd);

	if (r == 0)
		r = host_statx(fd, "", &st);
	if (r < 0)
		return r;
	if (host_statx_dev(&st) != parent->dev || st.stx_ino != parent->ino)
		return -ESTALE;
	parent->fd = steal_fd(&fd);
	c->first_open = c->n - 2;
	return 0;
}

int chain_pop(struct chain *c)
{
	struct chain_level *l = &c->levels[c->n - 1];

	if (c->levels[c->n - 2].fd < 0) {
		int r = reopen_parent(c);

		if (r < 0)
			return r;
	}
	close_fd(&l->fd);
	free(l->name);
	c->n--;
	if (c->first_open > c->n)
		c->first_open = c->n;
	return 0;
}

int chain_path(const struct chain *c, struct buf *ret)
{
	for (size_t i = 1; i < c->n; i++) {
		if (i > 1)
			buf_add_char(ret, '/');
		buf_add_str(ret, c->levels[i].name);
	}
	return ret->error;
}

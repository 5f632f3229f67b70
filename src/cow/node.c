/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of a populate and how they are opened; see fill.h. Library, several threads. Nothing is followed. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/fill.h"
#include "host/at.h"

/* What programs insist to find with a link count of 1 (cron, logrotate, sudo): below /etc, /var/log and /var/spool. */
static bool is_copied_tree(const struct node *parent, const char *name)
{
	if (!parent->parent)
		return !strcmp(name, "etc");
	return !parent->parent->parent && !strcmp(parent->name, "var") &&
	       (!strcmp(name, "log") || !strcmp(name, "spool"));
}

struct node *node_new(struct node *parent, const char *name)
{
	size_t size = strlen(name) + 1;
	struct node *node = calloc(1, sizeof(*node) + size);

	if (!node)
		return NULL;
	node->parent = parent;
	node->place.live_fd = -EBADF;
	node->copy = parent && (parent->copy || is_copied_tree(parent, name));
	memcpy(node->name, name, size);
	return node;
}

void place_close(struct place *place)
{
	close_fd(&place->live_fd);
	merged_close(&place->lower);
}

int place_open_below(const struct fill *fill, const struct place *up, const char *name,
		     struct place *ret)
{
	struct place place = {.live_fd = -EBADF};
	int r = host_open_dir(up->live_fd, name, &place.live_fd);

	if (r == 0)
		r = merged_sub(&up->lower, &fill->skip, name, &place.lower);
	if (r < 0)
		place_close(&place);
	else
		*ret = place;
	return r;
}

static int place_dup(const struct place *place, struct place *ret)
{
	struct place copy = {.live_fd = -EBADF};
	int r = host_open_dir(place->live_fd, ".", &copy.live_fd);

	if (r == 0)
		r = merged_dup(&place->lower, &copy.lower);
	if (r < 0)
		place_close(&copy);
	else
		*ret = copy;
	return r;
}

int place_open_from(const struct fill *fill, const struct node *top, const struct node *node,
		    struct place *ret)
{
	cleanup_free const struct node **way = NULL;
	struct place place = {.live_fd = -EBADF};
	size_t depth = 0, n;
	int r;

	for (const struct node *d = node; d != top; d = d->parent)
		depth++;
	way = malloc((depth + 1) * sizeof(*way));
	if (!way)
		return -ENOMEM;
	n = depth;
	for (const struct node *d = node; d != top; d = d->parent)
		way[--n] = d;
	r = place_dup(&top->place, &place);
	for (size_t i = 0; r == 0 && i < depth; i++) {
		struct place sub = {.live_fd = -EBADF};

		r = place_open_below(fill, &place, way[i]->name, &sub);
		place_close(&place);
		place = sub;
	}
	if (r == 0)
		*ret = place;
	return r;
}

int place_open_from_root(const struct fill *fill, const struct node *node, struct place *ret)
{
	const struct node *root = node;

	while (root->parent)
		root = root->parent;
	return place_open_from(fill, root, node, ret);
}

int node_open(const struct fill *fill, struct node *node)
{
	const struct node *parent = node->parent;

	if (parent->open)
		return place_open_below(fill, &parent->place, node->name, &node->place);
	return place_open_from_root(fill, node, &node->place);
}

int node_path(const struct node *node, struct buf *ret)
{
	size_t len = 0;
	char *end;
	int r;

	for (const struct node *d = node; d->parent; d = d->parent)
		len += strlen(d->name) + 1;
	if (len == 0)
		return 0;
	r = buf_reserve(ret, len);
	if (r < 0)
		return r;
	/* from the end to the beginning, each name followed by a slash but the last */
	end = ret->data + ret->len + len;
	ret->len += len - 1;
	ret->data[ret->len] = '\0';
	for (const struct node *d = node; d->parent; d = d->parent) {
		size_t n = strlen(d->name);

		end -= n + 1;
		memcpy(end, d->name, n);
		end[n] = d == node ? '\0' : '/';
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Landlock domain: data, what an older kernel leaves of it, enforcement. Runs in plan (data) and init. Paths are resolved by the kernel, once. */
#include <config.h>

#include "landlock/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/landlock_sys.h"
#include "landlock/rights.h"

const struct landlock_ops landlock_kernel = {
	.create = host_landlock_create,
	.add_path = host_landlock_add_path,
	.add_port = host_landlock_add_port,
	.restrict_self = host_landlock_restrict,
};

void landlock_add_path(struct landlock_layer *layer, const char *path, uint64_t access)
{
	layer->paths = xreallocarray(layer->paths, layer->n_paths + 1, sizeof(*layer->paths));
	layer->paths[layer->n_paths++] = (struct landlock_path){path, access};
}

void landlock_add_port(struct landlock_layer *layer, uint16_t port, uint64_t access)
{
	layer->ports = xreallocarray(layer->ports, layer->n_ports + 1, sizeof(*layer->ports));
	layer->ports[layer->n_ports++] = (struct landlock_port){port, access};
}

void landlock_layer_done(struct landlock_layer *layer)
{
	free(layer->paths);
	free(layer->ports);
	*layer = (struct landlock_layer){0};
}

int landlock_fit(struct landlock_layer *layer, int abi, int *ret_kind, uint64_t *ret_bits)
{
	uint64_t *handled[] = {
		[LANDLOCK_KIND_FS] = &layer->fs,
		[LANDLOCK_KIND_NET] = &layer->net,
		[LANDLOCK_KIND_SCOPE] = &layer->scoped,
	};

	for (int kind = 0; layer->exact && kind <= LANDLOCK_KIND_SCOPE; kind++) {
		uint64_t lost = *handled[kind] & ~landlock_rights((enum landlock_kind)kind, abi);

		if (!lost)
			continue;
		if (ret_kind)
			*ret_kind = kind;
		if (ret_bits)
			*ret_bits = lost;
		return -ENOTSUP;
	}
	for (int kind = 0; kind <= LANDLOCK_KIND_SCOPE; kind++)
		*handled[kind] &= landlock_rights((enum landlock_kind)kind, abi);
	for (size_t i = 0; i < layer->n_paths; i++)
		layer->paths[i].access &= layer->fs;
	for (size_t i = 0; i < layer->n_ports; i++)
		layer->ports[i].access &= layer->net;
	return 0;
}

bool landlock_is_empty(const struct landlock_layer *layer)
{
	return layer->fs == 0 && layer->net == 0 && layer->scoped == 0;
}

/* 1: the rule is there; 0: nothing of it is left on this object. */
static int add_path(const struct landlock_path *rule, const struct landlock_ops *ops, int ruleset)
{
	/* O_PATH: opening a device or a FIFO for real has effects. */
	cleanup_fd int fd = open(rule->path, O_PATH | O_CLOEXEC);
	uint64_t access = rule->access;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		access &= landlock_file_rights();
	if (access == 0)
		return 0;
	r = ops->add_path(ruleset, fd, access);
	return r < 0 ? r : 1;
}

static int add_paths(const struct landlock_layer *layer, const struct landlock_ops *ops,
		     int ruleset, void (*skipped)(void *arg, const char *path, int error),
		     void *arg, struct landlock_fault *fault)
{
	size_t made = 0, wanted = 0;

	for (size_t i = 0; i < layer->n_paths; i++) {
		const struct landlock_path *rule = &layer->paths[i];
		int r;

		if (rule->access == 0)
			continue;
		wanted++;
		r = add_path(rule, ops, ruleset);
		if (r < 0 && layer->exact) {
			*fault = (struct landlock_fault){"make the rule for", rule->path};
			return r;
		}
		if (r < 0 && skipped)
			skipped(arg, rule->path, r);
		made += r >= 0;
	}
	if (wanted == 0 || made > 0)
		return 0;
	/* An empty rule set would forbid everything, and was certainly not meant. */
	*fault = (struct landlock_fault){"make any rule: no path exists", NULL};
	return -ENOENT;
}

int landlock_enforce(const struct landlock_layer *layer, const struct landlock_ops *ops,
		     void (*skipped)(void *arg, const char *path, int error), void *arg,
		     struct landlock_fault *ret_fault)
{
	cleanup_fd int ruleset = -EBADF;
	int r;

	*ret_fault = (struct landlock_fault){"make a rule set", NULL};
	r = ops->create(layer->fs, layer->net, layer->scoped, &ruleset);
	if (r < 0)
		return r;
	r = add_paths(layer, ops, ruleset, skipped, arg, ret_fault);
	if (r < 0)
		return r;
	*ret_fault = (struct landlock_fault){"make a rule for a port", NULL};
	for (size_t i = 0; i < layer->n_ports && r >= 0; i++) {
		if (layer->ports[i].access)
			r = ops->add_port(ruleset, layer->ports[i].port, layer->ports[i].access);
	}
	if (r < 0)
		return r;
	*ret_fault = (struct landlock_fault){"restrict itself", NULL};
	return ops->restrict_self(ruleset);
}

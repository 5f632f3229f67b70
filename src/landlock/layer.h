/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Landlock domain as data, and its enforcement. Layers that are enforced one after the other add up: what one of them refuses stays refused.
 * plan makes them, init enforces them on itself.
 */
#ifndef SANDLOCK_LANDLOCK_LAYER_H
#define SANDLOCK_LANDLOCK_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct landlock_path {
	const char *
		path; /* absolute, as the enforcing process sees it; the file or everything below the directory */
	uint64_t access; /* LANDLOCK_ACCESS_FS_*, of those that are handled */
};

struct landlock_port {
	uint16_t port;	 /* 0: the kernel's choice at bind */
	uint64_t access; /* LANDLOCK_ACCESS_NET_* */
};

struct landlock_layer {
	const char *name; /* for messages */
	uint64_t fs;	  /* handled: forbidden unless a rule allows it */
	uint64_t net;
	uint64_t scoped; /* LANDLOCK_SCOPE_* */
	struct landlock_path *paths;
	size_t n_paths;
	struct landlock_port *ports;
	size_t n_ports;
	bool exact; /* best effort is not enough: a missing path, or a right the kernel lacks, is an error */
};

void landlock_add_path(struct landlock_layer *layer, const char *path, uint64_t access);
void landlock_add_port(struct landlock_layer *layer, uint16_t port, uint64_t access);
void landlock_layer_done(struct landlock_layer *layer);

/*
 * Takes away what a kernel of this ABI does not know, from the handled rights and from the rules. -ENOTSUP if the layer is exact and something would
 * have to go; *ret_kind and *ret_bits (may be NULL) say what. Pure.
 */
int landlock_fit(struct landlock_layer *layer, int abi, int *ret_kind, uint64_t *ret_bits);
/* Nothing is handled: enforcing it would be an error (ENOMSG). */
bool landlock_is_empty(const struct landlock_layer *layer);

/* The kernel, or a test's stand-in (host/landlock_sys.h says what each does). */
struct landlock_ops {
	int (*create)(uint64_t fs, uint64_t net, uint64_t scoped, int *ret_fd);
	int (*add_path)(int ruleset_fd, int path_fd, uint64_t access);
	int (*add_port)(int ruleset_fd, uint16_t port, uint64_t access);
	int (*restrict_self)(int ruleset_fd);
};
extern const struct landlock_ops landlock_kernel;

struct landlock_fault {
	const char *what; /* "open", "rule", ... static */
	const char *path; /* the layer's, or NULL */
};

/*
 * Confines the calling thread. A path that is missing costs its own rule only: skipped (may be NULL) is told. -errno with *ret_fault on failure,
 * nothing is in force then; -ENOENT without a path: none of the rules could be made.
 */
int landlock_enforce(const struct landlock_layer *layer, const struct landlock_ops *ops,
		     void (*skipped)(void *arg, const char *path, int error), void *arg,
		     struct landlock_fault *ret_fault);

#endif

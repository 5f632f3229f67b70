/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a container as JSON: what `state` prints, what hooks read on stdin, what a seccomp
 * agent receives.
 */
#ifndef SANDLOCK_LIBOCISPEC_OCI_STATE_H
#define SANDLOCK_LIBOCISPEC_OCI_STATE_H

#include <stdbool.h>

#include "libocispec/oci_types.h"

struct buf;
struct encoder;

/* All borrowed; what is NULL, or not set, is left out. */
struct oci_state {
	const char *oci_version;
	const char *id;
	const char *status; /* creating, created, running, stopped, paused */
	struct oci_opt_int pid;
	const char *bundle; /* absolute */
	/* These three are not in the specification; crun and runc write them. */
	const char *rootfs;
	const char *created; /* RFC 3339: callers parse it */
	const char *owner;
	const struct oci_pair *annotations;
	size_t n_annotations;
};

/*
 * The container process state of the specification: goes with the listener to
 * linux.seccomp.listenerPath.
 */
struct oci_process_state {
	const char *oci_version;
	const char *const
		*fds; /* names of the descriptors in the message, NULL-terminated: "seccompFd" */
	struct oci_opt_int pid;
	const char *metadata; /* listenerMetadata */
	struct oci_state state;
};

/*
 * Appends to out. One line without blanks for hooks and agents, indented for people; no final
 * newline. 0 or -ENOMEM. Any process; does not block.
 */
int oci_state_write(const struct oci_state *state, bool indent, struct buf *out);
int oci_process_state_write(const struct oci_process_state *state, struct buf *out);

/* As a value inside another document. */
void oci_state_encode(const struct oci_state *state, struct encoder *e);

#endif

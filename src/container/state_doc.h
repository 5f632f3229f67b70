/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents about a container that others read: `state`, `list`, and what hooks get on stdin. */
#ifndef SANDLOCK_CONTAINER_STATE_DOC_H
#define SANDLOCK_CONTAINER_STATE_DOC_H

#include <sys/types.h>

#include "container/lifecycle.h"

struct buf;
struct container;
struct encoder;

/* The state document of the specification with crun's and runc's additions (rootfs, created, owner). */
void state_doc_write(const struct container *c, struct encoder *out);
/* For hooks: compact, only what the specification names. pid as seen where the hook runs. */
void state_doc_for_hook(const struct container *c, enum container_state state, pid_t pid,
			struct buf *out);
/* One object of `list --format json`. */
void state_doc_list_item(const struct container *c, struct encoder *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State documents. Runs in the commands and, for createContainer and startContainer hooks, in init. */
#include <config.h>

#include "container/state_doc.h"

#include "base/buf.h"
#include "container/store.h"
#include "libocispec/encode.h"

#define OCI_VERSION "1.3.0"

static void write_annotations(const struct status *s, struct encoder *out)
{
	encode_member_object(out, "annotations");
	for (size_t i = 0; s && i < s->n_annotations; i++)
		encode_member_string(out, s->annotations[i].key, s->annotations[i].value);
	encode_end_object(out);
}

static void write_facts(const struct container *c, struct encoder *out)
{
	enum container_state state = lifecycle_state(c);
	const struct status *s = c->status;

	encode_member_string(out, "id", c->id);
	/* 0 when there is no process: callers decode a number. */
	encode_member_i64(out, "pid", s && state != STATE_STOPPED ? s->pid : 0);
	encode_member_string(out, "status", lifecycle_state_name(state));
	encode_member_string(out, "bundle", s ? s->bundle : "");
	if (!s)
		return;
	encode_member_string(out, "rootfs", s->rootfs);
	encode_member_string(out, "created", s->created);
	encode_member_string(out, "systemd-scope", s->systemd_scope);
	encode_member_string(out, "owner", s->owner);
}

void state_doc_write(const struct container *c, struct encoder *out)
{
	encode_begin_object(out);
	encode_member_string(out, "ociVersion", c->status ? c->status->oci_version : OCI_VERSION);
	write_facts(c, out);
	write_annotations(c->status, out);
	encode_end_object(out);
}

void state_doc_list_item(const struct container *c, struct encoder *out)
{
	encode_begin_object(out);
	encode_member_string(out, "ociVersion", c->status ? c->status->oci_version : OCI_VERSION);
	write_facts(c, out);
	encode_end_object(out);
}

void state_doc_for_hook(const struct container *c, enum container_state state, pid_t pid,
			struct buf *text)
{
	struct encoder out = {.out = text};

	encode_begin_object(&out);
	encode_member_string(&out, "ociVersion", c->status->oci_version);
	encode_member_string(&out, "id", c->id);
	encode_member_string(&out, "status", lifecycle_state_name(state));
	if (state != STATE_STOPPED)
		encode_member_i64(&out, "pid", pid);
	encode_member_string(&out, "bundle", c->status->bundle);
	write_annotations(c->status, &out);
	encode_end_object(&out);
}

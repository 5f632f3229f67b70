/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container state -> JSON. Library code for cli, container and supervisor; decides nothing, only
 * writes what it is given.
 */
#include <config.h>

#include "libocispec/oci_state.h"

#include "libocispec/encode.h"

static void encode_member_int(struct encoder *e, const char *key, struct oci_opt_int v)
{
	if (!v.set)
		return;
	encode_key(e, key);
	encode_i64(e, v.v);
}

void oci_state_encode(const struct oci_state *state, struct encoder *e)
{
	encode_begin_object(e);
	encode_member_string(e, "ociVersion", state->oci_version);
	encode_member_string(e, "id", state->id);
	encode_member_string(e, "status", state->status);
	encode_member_int(e, "pid", state->pid);
	encode_member_string(e, "bundle", state->bundle);
	encode_member_string(e, "rootfs", state->rootfs);
	encode_member_string(e, "created", state->created);
	encode_member_string(e, "owner", state->owner);
	if (state->annotations) {
		encode_key(e, "annotations");
		encode_pairs(e, state->annotations, state->n_annotations);
	}
	encode_end_object(e);
}

int oci_state_write(const struct oci_state *state, bool indent, struct buf *out)
{
	struct encoder e = {.out = out, .indent = indent};

	oci_state_encode(state, &e);
	return encode_finish(&e);
}

int oci_process_state_write(const struct oci_process_state *state, struct buf *out)
{
	struct encoder e = {.out = out};

	encode_begin_object(&e);
	encode_member_string(&e, "ociVersion", state->oci_version);
	encode_key(&e, "fds");
	encode_strings(&e, state->fds);
	encode_member_int(&e, "pid", state->pid);
	encode_member_string(&e, "metadata", state->metadata);
	encode_key(&e, "state");
	oci_state_encode(&state->state, &e);
	encode_end_object(&e);
	return encode_finish(&e);
}

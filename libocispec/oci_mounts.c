/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts[]. Library code over untrusted values. Options are words for the plan to sort out; only
 * their shape is checked here.
 */
#include <config.h>

#include "libocispec/schema.h"

/* clang-format off */
static const struct field id_mapping_fields[] = {
	ROW_NUMBER("containerID", oci_id_mapping, container_id, F_REQUIRED),
	ROW_NUMBER("hostID", oci_id_mapping, host_id, F_REQUIRED),
	ROW_RANGE("size", oci_id_mapping, size, F_REQUIRED, 1, UINT32_MAX),
	{ 0 },
};

static const struct field mount_fields[] = {
	ROW_STRING("destination", oci_mount, destination, F_REQUIRED | F_NOT_EMPTY),
	ROW_STRING("source", oci_mount, source, F_EMPTY_ABSENT),
	ROW_STRING("type", oci_mount, type, F_EMPTY_ABSENT),
	ROW_STRINGS("options", oci_mount, options, 0),
	ROW_OBJECTS("uidMappings", oci_mount, uid_mappings, oci_id_mapping_desc),
	ROW_OBJECTS("gidMappings", oci_mount, gid_mappings, oci_id_mapping_desc),
	{ 0 },
};
/* clang-format on */

static void check_id_mapping(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_id_mapping *m = obj;

	if ((uint64_t)m->container_id + m->size > UINT32_MAX)
		decode_problem(d, v, "size", "the range of container ids ends beyond 4294967294");
	else if ((uint64_t)m->host_id + m->size > UINT32_MAX)
		decode_problem(d, v, "size", "the range of host ids ends beyond 4294967294");
}

static void check_mount(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_mount *m = obj;

	if (m->n_uid_mappings && !m->n_gid_mappings)
		decode_problem(d, v, "uidMappings", "given without gidMappings");
	if (m->n_gid_mappings && !m->n_uid_mappings)
		decode_problem(d, v, "gidMappings", "given without uidMappings");
}

const struct object_desc oci_id_mapping_desc = {
	.size = sizeof(struct oci_id_mapping),
	.fields = id_mapping_fields,
	.check = check_id_mapping,
};
const struct object_desc oci_mount_desc = {
	.size = sizeof(struct oci_mount),
	.fields = mount_fields,
	.check = check_mount,
};

static const struct decode_root mounts_root = {
	.field = ROW_OBJECTS_AT(NULL, F_OBJECTS, offsetof(struct oci_mounts, v),
				offsetof(struct oci_mounts, n), oci_mount_desc),
	.size = sizeof(struct oci_mounts),
};

int oci_mounts_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			  struct oci_mounts **ret, struct oci_err *err)
{
	void *doc;
	int r = decode_document(text, len, opts, &mounts_root, &doc, err);

	if (r == 0)
		*ret = doc;
	return r;
}

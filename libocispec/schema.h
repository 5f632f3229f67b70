/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the schema that refer to one another. Internal to libocispec. */
#ifndef SANDLOCK_LIBOCISPEC_SCHEMA_H
#define SANDLOCK_LIBOCISPEC_SCHEMA_H

#include "libocispec/decode.h"

extern const struct object_desc oci_id_mapping_desc;
extern const struct object_desc oci_mount_desc;
extern const struct object_desc oci_process_desc;
extern const struct object_desc oci_landlock_desc;
extern const struct object_desc
	oci_hooks_desc; /* embedded: struct oci_hook_list [OCI_HOOK_COUNT] */
extern const struct object_desc oci_linux_desc;
extern const struct object_desc oci_resources_desc;
extern const struct object_desc oci_seccomp_desc;

/* Tables that oci_names.c reads as well. */
extern const struct field_name oci_namespace_names[];
extern const struct field_name oci_memory_mode_names[];
extern const struct field_name oci_memory_flag_names[];
extern const struct field_name oci_seccomp_action_names[];
extern const struct field_name oci_seccomp_operator_names[];
extern const struct field_name oci_seccomp_arch_names[];
extern const struct field_name oci_seccomp_flag_names[];

/* "0-3,7": what CPU and node lists may be made of. A problem is recorded at key of v. */
void oci_check_list(struct decode *d, const struct json_value *v, const char *key,
		    const char *text);

#endif

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

/* "0-3,7": what CPU and node lists may be made of. A problem is recorded at key of v. */
void oci_check_list(struct decode *d, const struct json_value *v, const char *key,
		    const char *text);

#endif

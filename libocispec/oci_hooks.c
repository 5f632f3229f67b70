/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks: the six lists of config.json. Library code over untrusted values; tables and names only. */
#include <config.h>

#include <stddef.h>

#include "libocispec/schema.h"

/* clang-format off */
static const struct field hook_fields[] = {
	ROW_STRING("path", oci_hook, path, F_REQUIRED | F_ABSOLUTE),
	ROW_STRINGS("args", oci_hook, args, 0),
	ROW_STRINGS("env", oci_hook, env, 0),
	ROW_RANGE("timeout", oci_hook, timeout, 0, 1, INT32_MAX),
	{ 0 },
};

OBJECT_DESC(hook, oci_hook, NULL);

#define ROW_HOOKS(json, kind)                                                                       \
	ROW_OBJECTS_AT(json, F_OBJECTS, sizeof(struct oci_hook_list) * (kind) + offsetof(struct oci_hook_list, v),  \
		       sizeof(struct oci_hook_list) * (kind) + offsetof(struct oci_hook_list, n), hook_desc)

/* Indexed by enum oci_hook_kind, since the names are looked up here too. */
static const struct field hooks_fields[] = {
	[OCI_HOOK_PRESTART]	    = ROW_HOOKS("prestart", OCI_HOOK_PRESTART),
	[OCI_HOOK_CREATE_RUNTIME]   = ROW_HOOKS("createRuntime", OCI_HOOK_CREATE_RUNTIME),
	[OCI_HOOK_CREATE_CONTAINER] = ROW_HOOKS("createContainer", OCI_HOOK_CREATE_CONTAINER),
	[OCI_HOOK_START_CONTAINER]  = ROW_HOOKS("startContainer", OCI_HOOK_START_CONTAINER),
	[OCI_HOOK_POSTSTART]	    = ROW_HOOKS("poststart", OCI_HOOK_POSTSTART),
	[OCI_HOOK_POSTSTOP]	    = ROW_HOOKS("poststop", OCI_HOOK_POSTSTOP),
	[OCI_HOOK_COUNT]	    = { 0 },
};
/* clang-format on */

const struct object_desc oci_hooks_desc = {.size = sizeof(struct oci_hook_list[OCI_HOOK_COUNT]),
					   .fields = hooks_fields};

const char *oci_hook_kind_name(enum oci_hook_kind kind)
{
	return hooks_fields[kind].key;
}

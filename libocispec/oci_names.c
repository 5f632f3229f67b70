/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of accepted words. Library code without input. */
#include <config.h>

#include "libocispec/oci_names.h"

#include "libocispec/schema.h"

static const struct field_name *const tables[OCI_NAMES_COUNT] = {
	[OCI_NAMES_NAMESPACE] = oci_namespace_names,
	[OCI_NAMES_SECCOMP_ACTION] = oci_seccomp_action_names,
	[OCI_NAMES_SECCOMP_OPERATOR] = oci_seccomp_operator_names,
	[OCI_NAMES_SECCOMP_ARCH] = oci_seccomp_arch_names,
	[OCI_NAMES_SECCOMP_FLAG] = oci_seccomp_flag_names,
	[OCI_NAMES_MEMORY_MODE] = oci_memory_mode_names,
	[OCI_NAMES_MEMORY_FLAG] = oci_memory_flag_names,
};

const char *oci_name(enum oci_names which, size_t i, int64_t *ret_value)
{
	const struct field_name *row = tables[which];

	while (i > 0 && row->name) {
		row++;
		i--;
	}
	if (row->name && ret_value)
		*ret_value = row->value;
	return row->name;
}

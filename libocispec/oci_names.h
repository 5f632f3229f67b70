/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of config.json that the parser accepts, for `features`: read from the same tables. */
#ifndef SANDLOCK_LIBOCISPEC_OCI_NAMES_H
#define SANDLOCK_LIBOCISPEC_OCI_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum oci_names {
	OCI_NAMES_NAMESPACE,
	OCI_NAMES_SECCOMP_ACTION,
	OCI_NAMES_SECCOMP_OPERATOR,
	OCI_NAMES_SECCOMP_ARCH,
	OCI_NAMES_SECCOMP_FLAG, /* values: SECCOMP_FILTER_FLAG_* */
	OCI_NAMES_MEMORY_MODE,
	OCI_NAMES_MEMORY_FLAG,
	OCI_NAMES_COUNT
};

/* The i-th name, NULL past the end. ret_value may be NULL. */
const char *oci_name(enum oci_names which, size_t i, int64_t *ret_value);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a JSON document is wrong and why. Plain data: needs no free. */
#ifndef SANDLOCK_LIBOCISPEC_OCI_ERROR_H
#define SANDLOCK_LIBOCISPEC_OCI_ERROR_H

#include <stddef.h>

struct oci_err {
	size_t line;	/* from 1; 0 = no position */
	size_t column;	/* from 1, in bytes */
	char path[256]; /* "process.rlimits[2].type"; "" = the whole document; a long one begins
			   with "..." */
	char msg[640];	/* valid UTF-8 without control characters */
};

/*
 * "FILE:LINE:COLUMN: process.rlimits[2].type: unknown value "FOO"". file may be NULL: no position
 * is written then. Writes at most size bytes with the final NUL and returns out.
 */
char *oci_err_format(const struct oci_err *err, const char *file, char *out, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared inside libocispec: the value tree itself, positions and the texts of errors. */
#ifndef SANDLOCK_LIBOCISPEC_INTERNAL_H
#define SANDLOCK_LIBOCISPEC_INTERNAL_H

#include <stdarg.h>

#include "libocispec/json.h"

struct json_value {
	struct json_value *parent; /* NULL for the root */
	struct json_value *next;   /* sibling */
	const char *key;	   /* in an object */
	uint32_t index;		   /* in an array */
	uint32_t key_line;
	uint32_t key_column;
	uint32_t line;
	uint32_t column;
	enum json_type type;
	union {
		bool boolean;
		struct {
			const char *s; /* of a string: decoded; of a number: as written.
					  NUL-terminated */
			size_t len;
		} text;
		struct {
			struct json_value *first;
			struct json_value *last;
			size_t n;
		} kids;
	};
};

/* "string", "integer" and so on, for "expected X, got Y". */
const char *json_type_name(const struct json_value *v);

/*
 * Length of the UTF-8 character at text (len > 0), 0 if it is not one. RFC 3629: shortest form, no
 * surrogates, at most U+10FFFF.
 */
size_t json_utf8_len(const char *text, size_t len);

/* Returns false, and where and why, if text is not UTF-8 or a string holds an escape that we refuse. */
bool json_text_check(const char *text, size_t len, size_t *ret_offset, const char **ret_msg);

/*
 * Copies s for a message: control characters become '?', a long text is cut at a character and gets
 * "...". Returns out.
 */
char *oci_err_quote(const char *s, size_t len, char *out, size_t size);

/* err may be NULL. path: that of v, plus ".key" when key is not NULL. The position is left alone. */
void oci_err_set_path(struct oci_err *err, const struct json_value *v, const char *key);
void oci_err_set_msg(struct oci_err *err, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);

#endif

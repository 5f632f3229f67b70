/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text -> a tree of values that know where they stood. For small documents of our own
 * (container status) and for the decoders of this folder; yajl does not show. Any process may call
 * this; it never blocks and prints nothing.
 *
 * Strict: UTF-8 without lone surrogates, no U+0000 in a string, no comments, nothing behind the
 * value, no key twice in an object.
 */
#ifndef SANDLOCK_LIBOCISPEC_JSON_H
#define SANDLOCK_LIBOCISPEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "libocispec/oci_error.h"

#define JSON_MAX_SIZE	(8u << 20) /* bytes of text */
#define JSON_MAX_DEPTH	64u	   /* nested arrays and objects */
#define JSON_MAX_VALUES (256u << 10)
#define JSON_MAX_STRING (1u << 20) /* bytes of one string or key */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_doc;
struct json_value;

/*
 * 0, -EINVAL (bad text) or -E2BIG (over a limit), both with *err filled in if err is not NULL, or
 * -ENOMEM.
 */
int json_parse(const char *text, size_t len, struct json_doc **ret, struct oci_err *err);
void json_free(struct json_doc *doc); /* NULL is fine */

/* Values are borrowed from the document. */
const struct json_value *json_root(const struct json_doc *doc);
enum json_type json_type(const struct json_value *v);
size_t json_len(const struct json_value *v); /* members, items; 0 for anything else */

/*
 * Members or items in the order of the text; NULL at the end, and for a value that is neither
 * object nor array.
 */
const struct json_value *json_first(const struct json_value *v);
const struct json_value *json_next(const struct json_value *v);
const char *json_key(const struct json_value *v); /* of a member; NULL for an item and the root */

/* The member; NULL when absent or null, or when v is not an object. */
const struct json_value *json_get(const struct json_value *v, const char *key);

/* -EINVAL: another type. Integers also: has a fraction or an exponent; -ERANGE: does not fit. */
int json_to_string(const struct json_value *v, const char **ret); /* borrowed */
int json_to_i64(const struct json_value *v, int64_t *ret);
int json_to_u64(const struct json_value *v, uint64_t *ret);
int json_to_bool(const struct json_value *v, bool *ret);

/* The same for a member; -ENOENT when json_get() finds none, *ret is untouched then. */
int json_get_string(const struct json_value *v, const char *key, const char **ret);
int json_get_i64(const struct json_value *v, const char *key, int64_t *ret);
int json_get_u64(const struct json_value *v, const char *key, uint64_t *ret);
int json_get_bool(const struct json_value *v, const char *key, bool *ret);

static inline void json_cleanup_fn(struct json_doc **doc)
{
	json_free(*doc);
}
#define cleanup_json ATTR_CLEANUP(json_cleanup_fn)

#endif

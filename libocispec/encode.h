/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON into a struct buf, value by value. Any process may use it; it never blocks. Out of
 *memory is sticky in the buffer and comes out of encode_finish(), so calls need no checks of their
 *own.
 *
 *	struct encoder e = { .out = &b };
 *	encode_begin_object(&e);
 *	encode_key(&e, "pid");
 *	encode_i64(&e, pid);
 *	encode_end_object(&e);
 *	r = encode_finish(&e);
 *
 * Strings are escaped as JSON asks for and no further: '/' stays as it is (hooks of others read our
 *state with less than a JSON parser). Bytes that are not UTF-8 become U+FFFD, since a host path may
 *hold anything.
 */
#ifndef SANDLOCK_LIBOCISPEC_ENCODE_H
#define SANDLOCK_LIBOCISPEC_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct oci_pair;

struct encoder {
	struct buf *out;
	bool indent;	/* lines, two blanks for each level; otherwise one line without blanks */
	unsigned depth; /* the rest belongs to encode.c: zero */
	bool has_sibling;
	bool after_key;
};

void encode_begin_object(struct encoder *e);
void encode_end_object(struct encoder *e);
void encode_begin_array(struct encoder *e);
void encode_end_array(struct encoder *e);
void encode_key(struct encoder *e, const char *key);

void encode_string(struct encoder *e, const char *s); /* NULL writes null */
void encode_i64(struct encoder *e, int64_t v);
void encode_u64(struct encoder *e, uint64_t v);
void encode_bool(struct encoder *e, bool v);
void encode_null(struct encoder *e);
void encode_strings(struct encoder *e, const char *const *list); /* an array; ends with NULL */
void encode_pairs(struct encoder *e, const struct oci_pair *pairs,
		  size_t n); /* an object of strings */

/* Key and value at once; nothing at all when the value is absent (NULL). */
void encode_member_string(struct encoder *e, const char *key, const char *s);
void encode_member_i64(struct encoder *e, const char *key, int64_t v);
void encode_member_u64(struct encoder *e, const char *key, uint64_t v);
void encode_member_bool(struct encoder *e, const char *key, bool v);
void encode_member_object(struct encoder *e, const char *key); /* begins it */
void encode_member_array(struct encoder *e, const char *key);  /* begins it */

/* 0, or -ENOMEM. The text has no final newline. */
int encode_finish(struct encoder *e);

#endif

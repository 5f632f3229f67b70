/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Value tree -> structs, driven by tables: one row per property. Internal to libocispec.
 *
 * A wrong value is recorded as a problem and decoding goes on, so that all of them can be reported;
 * after an object without problems its check function sees to the rules between properties. Rows
 * say what is allowed; rules that need two rows are code.
 */
#ifndef SANDLOCK_LIBOCISPEC_DECODE_H
#define SANDLOCK_LIBOCISPEC_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "libocispec/json.h"
#include "libocispec/oci_config.h"

struct arena;

#define DECODE_MAX_PROBLEMS 64

struct decode {
	struct arena *arena;		   /* of the document that is made */
	const struct oci_parse_opts *opts; /* may be NULL */
	struct oci_err *err;		   /* the first problem; may be NULL */
	size_t n_problems;
	bool nomem; /* an allocation failed; everything else is moot then */
};

enum field_type {
	/* Known, of another platform or read by the check function: not touched, not "unknown". */
	F_SKIP,
	F_STRING,     /* const char * */
	F_STRINGS,    /* char ** */
	F_MAP,	      /* struct oci_pair *, n */
	F_BOOL,	      /* bool, or struct oci_opt_bool with F_OPT */
	F_NUMBER,     /* by num; F_OPT: the oci_opt_* of that kind */
	F_NUMBERS,    /* array of numbers by num, n */
	F_ENUM,	      /* int, from names */
	F_ENUM_CHAR,  /* char, from names */
	F_ENUM_NAMES, /* char **, each entry one of names */
	F_FLAGS,      /* array of names, or-ed together, by num; F_OPT as above */
	F_OBJECT,     /* pointer to a new object of desc */
	F_EMBED,      /* object of desc stored in place */
	F_OBJECTS,    /* array of objects of desc, n */
	/* Object whose members are objects of desc, n; the key goes into their first field, a const char *. */
	F_KEYED,
};

enum num_kind {
	NUM_I32, /* int, int32_t */
	NUM_U16,
	NUM_U32,
	NUM_I64,
	NUM_U64,
};

#define F_REQUIRED     (1u << 0)
#define F_OPT	       (1u << 1) /* presence is kept; the rows find out by themselves */
#define F_NOT_EMPTY    (1u << 2) /* string, list or map with something in it */
#define F_ABSOLUTE     (1u << 3) /* string, or each string of the list, begins with '/' */
#define F_EMPTY_ABSENT (1u << 4) /* "" is read as absent */
#define F_RANGE	       (1u << 5) /* min and max count, else the range of the type */
#define F_ID	       (1u << 6) /* 4294967295 refused */
#define F_KEYS	       (1u << 7) /* map: the empty key refused */

struct field_name {
	const char *name;
	int64_t value;
};

struct object_desc;

struct field {
	const char *key;
	enum field_type type;
	unsigned flags;
	size_t offset;
	size_t n_offset; /* of the count, for lists */
	enum num_kind num;
	int64_t min;
	uint64_t max;
	const struct field_name *names; /* ends with a NULL name */
	const struct object_desc *desc;
};

/*
 * Rows of the tables; t is the struct's name without "struct", m the member. What can be stored there follows from the member's
 * type: a row that does not fit its member does not compile.
 */
/* clang-format off */
#define ROW_MEMBER(t, m) (((struct t *)0)->m)

#define ROW_NUM_KIND(v)                                                                            \
	_Generic((v),                                                                              \
		int32_t: NUM_I32, struct oci_opt_int: NUM_I32,                                     \
		uint16_t: NUM_U16, struct oci_opt_u16: NUM_U16,                                    \
		uint32_t: NUM_U32, struct oci_opt_u32: NUM_U32,                                    \
		int64_t: NUM_I64, struct oci_opt_i64: NUM_I64,                                     \
		uint64_t: NUM_U64, struct oci_opt_u64: NUM_U64)
#define ROW_PRESENCE(v)                                                                            \
	_Generic((v),                                                                              \
		struct oci_opt_bool: F_OPT, struct oci_opt_int: F_OPT, struct oci_opt_u16: F_OPT,  \
		struct oci_opt_u32: F_OPT, struct oci_opt_i64: F_OPT, struct oci_opt_u64: F_OPT,   \
		default: 0)

#define ROW_SKIP(json) { .key = json, .type = F_SKIP }
#define ROW_STRING(json, t, m, fl)                                                                 \
	{ .key = json, .type = _Generic(ROW_MEMBER(t, m), const char *: F_STRING), .flags = fl,    \
	  .offset = offsetof(struct t, m) }
#define ROW_STRINGS(json, t, m, fl)                                                                \
	{ .key = json, .type = _Generic(ROW_MEMBER(t, m), char **: F_STRINGS), .flags = fl,        \
	  .offset = offsetof(struct t, m) }
#define ROW_NAMES(json, t, m, table)                                                               \
	{ .key = json, .type = _Generic(ROW_MEMBER(t, m), char **: F_ENUM_NAMES),                  \
	  .offset = offsetof(struct t, m), .names = table }
#define ROW_MAP(json, t, m, fl)                                                                    \
	{ .key = json, .type = _Generic(ROW_MEMBER(t, m), struct oci_pair *: F_MAP), .flags = fl,  \
	  .offset = offsetof(struct t, m), .n_offset = offsetof(struct t, n_##m) }
#define ROW_BOOL(json, t, m, fl)                                                                   \
	{ .key = json, .type = _Generic(ROW_MEMBER(t, m), bool: F_BOOL, struct oci_opt_bool: F_BOOL), \
	  .flags = (fl) | ROW_PRESENCE(ROW_MEMBER(t, m)), .offset = offsetof(struct t, m) }
#define ROW_NUMBER(json, t, m, fl)                                                                 \
	{ .key = json, .type = F_NUMBER, .flags = (fl) | ROW_PRESENCE(ROW_MEMBER(t, m)),           \
	  .offset = offsetof(struct t, m), .num = ROW_NUM_KIND(ROW_MEMBER(t, m)) }
#define ROW_RANGE(json, t, m, fl, lo, hi)                                                          \
	{ .key = json, .type = F_NUMBER,                                                           \
	  .flags = F_RANGE | (fl) | ROW_PRESENCE(ROW_MEMBER(t, m)), .offset = offsetof(struct t, m), \
	  .num = ROW_NUM_KIND(ROW_MEMBER(t, m)), .min = lo, .max = hi }
#define ROW_NUMBERS(json, t, m, fl)                                                                \
	{ .key = json, .type = F_NUMBERS, .flags = fl, .offset = offsetof(struct t, m),            \
	  .n_offset = offsetof(struct t, n_##m), .num = ROW_NUM_KIND(*ROW_MEMBER(t, m)) }
/* An enum is an unsigned int to _Generic. */
#define ROW_ENUM(json, t, m, table, fl)                                                            \
	{ .key = json, .flags = fl, .offset = offsetof(struct t, m), .names = table,               \
	  .type = _Generic(ROW_MEMBER(t, m), char: F_ENUM_CHAR, int: F_ENUM, unsigned: F_ENUM) }
#define ROW_FLAGS(json, t, m, table, fl)                                                           \
	{ .key = json, .type = F_FLAGS, .flags = (fl) | ROW_PRESENCE(ROW_MEMBER(t, m)),            \
	  .offset = offsetof(struct t, m), .num = ROW_NUM_KIND(ROW_MEMBER(t, m)), .names = table }
#define ROW_OBJECT(json, t, m, d, fl)                                                              \
	{ .key = json, .type = F_OBJECT, .flags = fl, .offset = offsetof(struct t, m), .desc = &(d) }
#define ROW_EMBED(json, t, m, d, fl)                                                               \
	{ .key = json, .type = F_EMBED, .flags = fl, .offset = offsetof(struct t, m), .desc = &(d) }
#define ROW_OBJECTS_AT(json, ty, off, n_off, d)                                                    \
	{ .key = json, .type = ty, .offset = off, .n_offset = n_off, .desc = &(d) }
#define ROW_OBJECTS(json, t, m, d)                                                                 \
	ROW_OBJECTS_AT(json, F_OBJECTS, offsetof(struct t, m), offsetof(struct t, n_##m), d)
#define ROW_KEYED(json, t, m, d)                                                                   \
	ROW_OBJECTS_AT(json, F_KEYED, offsetof(struct t, m), offsetof(struct t, n_##m), d)
/* clang-format on */

struct object_desc {
	size_t size;
	const struct field *fields; /* ends with a NULL key */
	/* Rules between properties; not called when the object has problems. May be NULL. */
	void (*check)(struct decode *d, const struct json_value *v, void *obj);
};

/* The description NAME_desc of struct T, from the rows NAME_fields; fn may be NULL. */
#define OBJECT_DESC(name, t, fn)                                                                   \
	static const struct object_desc name##_desc = {                                            \
		.size = sizeof(struct t),                                                          \
		.fields = name##_fields,                                                           \
		.check = fn,                                                                       \
	}

/* Reads v as that field of the struct at base. */
void decode_field(struct decode *d, const struct json_value *v, const struct field *f, void *base);

/* Records a problem at v, or at its member key (there or not) when key is not NULL. */
void decode_problem(struct decode *d, const struct json_value *v, const char *key, const char *fmt,
		    ...) ATTR_PRINTF(4, 5);

void *decode_alloc(struct decode *d, size_t n, size_t size); /* zeroed; NULL sets d->nomem */

/* The name of a value, or NULL. */
const char *field_name_of(const struct field_name *names, int64_t value);

/*
 * Parses text and decodes it: into the root object of a new document (desc of the whole, or for an
 * array a desc with size and one field for it).
 */
struct decode_root {
	struct field field; /* F_EMBED or F_OBJECTS at offset 0 of the document */
	size_t size;
	/* Looks at the text's root first; false = stop, a problem was recorded. May be NULL. */
	bool (*gate)(struct decode *d, const struct json_value *v);
};

int decode_document(const char *text, size_t len, const struct oci_parse_opts *opts,
		    const struct decode_root *root, void **ret, struct oci_err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table-driven decoder. Library code; the values come from an untrusted document, already
 * limited in depth and number by json.c, so recursion over them is bounded. Must not know a single
 * property of the specification: those are rows elsewhere.
 */
#include <config.h>

#include "libocispec/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "libocispec/arena.h"
#include "libocispec/internal.h"

static void *at(void *base, size_t offset)
{
	return (char *)base + offset;
}

/* Problems and allocation */

ATTR_PRINTF(4, 0)
static void describe(struct oci_err *err, const struct json_value *v, const char *key,
		     const char *fmt, va_list ap)
{
	const struct json_value *member = key ? json_get(v, key) : v;

	if (!member)
		member = v;
	err->line = member->line;
	err->column = member->column;
	oci_err_set_path(err, v, key);
	oci_err_set_msg(err, fmt, ap);
}

void decode_problem(struct decode *d, const struct json_value *v, const char *key, const char *fmt,
		    ...)
{
	struct oci_err err;
	va_list ap;

	if (d->n_problems++ >= DECODE_MAX_PROBLEMS)
		return;
	va_start(ap, fmt);
	describe(&err, v, key, fmt, ap);
	va_end(ap);
	if (d->err && d->n_problems == 1)
		*d->err = err;
	if (d->opts && d->opts->problem)
		d->opts->problem(d->opts->arg, &err);
}

void *decode_alloc(struct decode *d, size_t n, size_t size)
{
	void *p = arena_alloc(d->arena, n, size);

	if (!p)
		d->nomem = true;
	return p;
}

static char *copy_text(struct decode *d, const char *s)
{
	char *p = arena_copy(d->arena, s, strlen(s));

	if (!p)
		d->nomem = true;
	return p;
}

static bool expect(struct decode *d, const struct json_value *v, enum json_type type,
		   const char *what)
{
	if (v->type == type)
		return true;
	decode_problem(d, v, NULL, "expected %s, got %s", what, json_type_name(v));
	return false;
}

/* Strings */

static bool check_string(struct decode *d, const struct json_value *v, unsigned flags)
{
	char text[64];

	if (!expect(d, v, JSON_STRING, "string"))
		return false;
	if ((flags & F_NOT_EMPTY) && v->text.len == 0) {
		decode_problem(d, v, NULL, "must not be empty");
		return false;
	}
	if ((flags & F_ABSOLUTE) && v->text.s[0] != '/') {
		oci_err_quote(v->text.s, v->text.len, text, sizeof(text));
		decode_problem(d, v, NULL, "must be an absolute path, got \"%s\"", text);
		return false;
	}
	return true;
}

static void decode_string(struct decode *d, const struct json_value *v, const struct field *f,
			  const char **dst)
{
	if ((f->flags & F_EMPTY_ABSENT) && v->type == JSON_STRING && v->text.len == 0)
		return;
	if (check_string(d, v, f->flags))
		*dst = copy_text(d, v->text.s);
}

static bool expect_array(struct decode *d, const struct json_value *v, const struct field *f)
{
	if (!expect(d, v, JSON_ARRAY, "array"))
		return false;
	if ((f->flags & F_NOT_EMPTY) && v->kids.n == 0) {
		decode_problem(d, v, NULL, "must have at least one entry");
		return false;
	}
	return true;
}

static const struct field_name *find_name(struct decode *d, const struct json_value *v,
					  const struct field_name *names);

static void decode_strings(struct decode *d, const struct json_value *v, const struct field *f,
			   char ***dst)
{
	char **list;
	size_t n = 0;

	if (!expect_array(d, v, f))
		return;
	list = decode_alloc(d, v->kids.n + 1, sizeof(*list));
	if (!list)
		return;
	for (const struct json_value *item = v->kids.first; item; item = item->next)
		if (f->names ? find_name(d, item, f->names) != NULL
			     : check_string(d, item, f->flags & F_ABSOLUTE))
			list[n++] = copy_text(d, item->text.s);
	*dst = list;
}

static void decode_map(struct decode *d, const struct json_value *v, const struct field *f,
		       void *base)
{
	struct oci_pair *pairs;
	size_t n = 0;

	if (!expect(d, v, JSON_OBJECT, "object"))
		return;
	pairs = decode_alloc(d, v->kids.n + 1, sizeof(*pairs));
	if (!pairs)
		return;
	for (const struct json_value *m = v->kids.first; m; m = m->next) {
		if ((f->flags & F_KEYS) && !*m->key)
			decode_problem(d, m, NULL, "the key must not be empty");
		else if (m->type != JSON_NULL && check_string(d, m, 0))
			pairs[n++] =
				(struct oci_pair){copy_text(d, m->key), copy_text(d, m->text.s)};
	}
	*(struct oci_pair **)at(base, f->offset) = pairs;
	*(size_t *)at(base, f->n_offset) = n;
}

/* Booleans and numbers */

static void decode_bool(struct decode *d, const struct json_value *v, const struct field *f,
			void *dst)
{
	if (!expect(d, v, JSON_BOOL, "boolean"))
		return;
	if (f->flags & F_OPT)
		*(struct oci_opt_bool *)dst = (struct oci_opt_bool){true, v->boolean};
	else
		*(bool *)dst = v->boolean;
}

/*
 * Any integer of the document: the magnitude of INT64_MIN does not fit into int64_t, UINT64_MAX
 * neither.
 */
struct number {
	bool negative;
	uint64_t magnitude;
};

struct num_range {
	int64_t min;
	uint64_t max;
};

static struct num_range field_range(const struct field *f)
{
	static const struct num_range by_kind[] = {
		[NUM_I32] = {INT32_MIN, INT32_MAX}, [NUM_U16] = {0, UINT16_MAX},
		[NUM_U32] = {0, UINT32_MAX},	    [NUM_I64] = {INT64_MIN, INT64_MAX},
		[NUM_U64] = {0, UINT64_MAX},
	};

	return f->flags & F_RANGE ? (struct num_range){f->min, f->max} : by_kind[f->num];
}

static bool in_range(struct number n, struct num_range range)
{
	if (n.negative)
		return range.min < 0 && n.magnitude <= 0 - (uint64_t)range.min;
	return n.magnitude <= range.max && (range.min <= 0 || n.magnitude >= (uint64_t)range.min);
}

static bool read_number(struct decode *d, const struct json_value *v, const struct field *f,
			struct number *ret)
{
	struct num_range range = field_range(f);
	struct number n = {0};
	char text[48];
	int r;

	if (!expect(d, v, JSON_NUMBER, "integer"))
		return false;
	oci_err_quote(v->text.s, v->text.len, text, sizeof(text));
	if (strpbrk(v->text.s, ".eE")) {
		decode_problem(d, v, NULL, "expected integer without fraction or exponent, got %s",
			       text);
		return false;
	}
	r = num_parse_u64(v->text.s + (v->text.s[0] == '-'), 10, &n.magnitude);
	n.negative = v->text.s[0] == '-' && n.magnitude != 0;
	if (r < 0 || !in_range(n, range)) {
		decode_problem(d, v, NULL, "%s is out of range (%" PRId64 " to %" PRIu64 ")", text,
			       range.min, range.max);
		return false;
	}
	if ((f->flags & F_ID) && n.magnitude == UINT32_MAX) {
		decode_problem(d, v, NULL, "4294967295 is not an id (the kernel reads it as -1)");
		return false;
	}
	*ret = n;
	return true;
}

static size_t number_size(enum num_kind kind)
{
	static const size_t sizes[] = {
		[NUM_I32] = sizeof(int32_t),  [NUM_U16] = sizeof(uint16_t),
		[NUM_U32] = sizeof(uint32_t), [NUM_I64] = sizeof(int64_t),
		[NUM_U64] = sizeof(uint64_t),
	};

	return sizes[kind];
}

static void store_number(enum num_kind kind, struct number n, void *dst)
{
	uint64_t v = n.negative ? 0 - n.magnitude : n.magnitude;

	switch (kind) {
	case NUM_I32:
		*(int32_t *)dst = (int32_t)v;
		break;
	case NUM_U16:
		*(uint16_t *)dst = (uint16_t)v;
		break;
	case NUM_U32:
		*(uint32_t *)dst = (uint32_t)v;
		break;
	case NUM_I64:
		*(int64_t *)dst = (int64_t)v;
		break;
	case NUM_U64:
		*(uint64_t *)dst = v;
		break;
	}
}

/*
 * Every oci_opt_* is a bool, padding, the value; what the padding is depends on the value's
 * alignment only.
 */
static void store_field(const struct field *f, struct number n, void *dst)
{
	if (f->flags & F_OPT) {
		*(bool *)dst = true;
		dst = at(dst, number_size(f->num));
	}
	store_number(f->num, n, dst);
}

_Static_assert(offsetof(struct oci_opt_int, v) == sizeof(int32_t) &&
		       offsetof(struct oci_opt_u16, v) == sizeof(uint16_t) &&
		       offsetof(struct oci_opt_u32, v) == sizeof(uint32_t) &&
		       offsetof(struct oci_opt_i64, v) == sizeof(int64_t) &&
		       offsetof(struct oci_opt_u64, v) == sizeof(uint64_t),
	       "store_field() finds the value behind the presence bit");

static void decode_number(struct decode *d, const struct json_value *v, const struct field *f,
			  void *dst)
{
	struct number n;

	if (read_number(d, v, f, &n))
		store_field(f, n, dst);
}

static void decode_numbers(struct decode *d, const struct json_value *v, const struct field *f,
			   void *base)
{
	size_t size = number_size(f->num), i = 0;
	struct number n;
	void *list;

	if (!expect_array(d, v, f))
		return;
	list = decode_alloc(d, v->kids.n + 1, size);
	if (!list)
		return;
	for (const struct json_value *item = v->kids.first; item; item = item->next)
		if (read_number(d, item, f, &n))
			store_number(f->num, n, at(list, size * i++));
	*(void **)at(base, f->offset) = list;
	*(size_t *)at(base, f->n_offset) = i;
}

/* Names */

const char *field_name_of(const struct field_name *names, int64_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

static void list_names(const struct field_name *names, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct field_name *n = names; n->name && len < size; n++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", n == names ? "" : ", ",
					n->name);
}

/* The row of names that v is; NULL, and a problem, otherwise. */
static const struct field_name *find_name(struct decode *d, const struct json_value *v,
					  const struct field_name *names)
{
	char text[64], known[512];

	if (!expect(d, v, JSON_STRING, "string"))
		return NULL;
	for (const struct field_name *n = names; n->name; n++)
		if (strcmp(v->text.s, n->name) == 0)
			return n;
	oci_err_quote(v->text.s, v->text.len, text, sizeof(text));
	list_names(names, known, sizeof(known));
	decode_problem(d, v, NULL, "unknown value \"%s\" (known: %s)", text, known);
	return NULL;
}

static void decode_enum(struct decode *d, const struct json_value *v, const struct field *f,
			void *dst)
{
	const struct field_name *n;

	if ((f->flags & F_EMPTY_ABSENT) && v->type == JSON_STRING && v->text.len == 0)
		return;
	n = find_name(d, v, f->names);
	if (!n)
		return;
	if (f->type == F_ENUM_CHAR)
		*(char *)dst = (char)n->value;
	else
		*(int *)dst = (int)n->value;
}

static void decode_flags(struct decode *d, const struct json_value *v, const struct field *f,
			 void *dst)
{
	struct number bits = {0};

	if (!expect_array(d, v, f))
		return;
	for (const struct json_value *item = v->kids.first; item; item = item->next) {
		const struct field_name *n = find_name(d, item, f->names);

		if (n)
			bits.magnitude |= (uint64_t)n->value;
	}
	store_field(f, bits, dst);
}

/* Objects */

static const struct field *find_field(const struct object_desc *desc, const char *key,
				      const struct field **ret_similar)
{
	*ret_similar = NULL;
	for (const struct field *f = desc->fields; f->key; f++) {
		if (strcmp(f->key, key) == 0)
			return f;
		if (strcasecmp(f->key, key) == 0)
			*ret_similar = f;
	}
	return NULL;
}

ATTR_PRINTF(3, 4)
static void report_unknown(struct decode *d, const struct json_value *member, const char *fmt, ...)
{
	struct oci_err where;
	va_list ap;

	if (!d->opts || !d->opts->unknown)
		return;
	where.line = member->key_line;
	where.column = member->key_column;
	oci_err_set_path(&where, member, NULL);
	va_start(ap, fmt);
	oci_err_set_msg(&where, fmt, ap);
	va_end(ap);
	d->opts->unknown(d->opts->arg, &where);
}

static void decode_member(struct decode *d, const struct json_value *member,
			  const struct object_desc *desc, void *obj)
{
	const struct field *similar, *f = find_field(desc, member->key, &similar);

	if (f)
		decode_field(d, member, f, obj);
	else if (similar)
		report_unknown(d, member,
			       "unknown property ignored (keys are case-sensitive: \"%s\"?)",
			       similar->key);
	else
		report_unknown(d, member, "unknown property ignored");
}

static void decode_object(struct decode *d, const struct json_value *v,
			  const struct object_desc *desc, void *obj)
{
	size_t before = d->n_problems;

	if (!expect(d, v, JSON_OBJECT, "object"))
		return;
	for (const struct json_value *m = v->kids.first; m; m = m->next)
		if (m->type != JSON_NULL)
			decode_member(d, m, desc, obj);
	for (const struct field *f = desc->fields; f->key; f++)
		if ((f->flags & F_REQUIRED) && !json_get(v, f->key))
			decode_problem(d, v, f->key, "required property is missing");
	if (desc->check && d->n_problems == before && !d->nomem)
		desc->check(d, v, obj);
}

static void decode_new_object(struct decode *d, const struct json_value *v, const struct field *f,
			      void **dst)
{
	void *obj;

	if (!expect(d, v, JSON_OBJECT, "object"))
		return;
	obj = decode_alloc(d, 1, f->desc->size);
	if (!obj)
		return;
	decode_object(d, v, f->desc, obj);
	*dst = obj;
}

/* F_OBJECTS and F_KEYED: an array or an object of objects. */
static void decode_objects(struct decode *d, const struct json_value *v, const struct field *f,
			   void *base)
{
	size_t n = 0;
	void *list;

	if (f->type == F_KEYED ? !expect(d, v, JSON_OBJECT, "object") : !expect_array(d, v, f))
		return;
	list = decode_alloc(d, v->kids.n + 1, f->desc->size);
	if (!list)
		return;
	for (const struct json_value *kid = v->kids.first; kid && !d->nomem; kid = kid->next) {
		void *obj = at(list, f->desc->size * n);

		if (f->type == F_KEYED && kid->type == JSON_NULL)
			continue;
		if (f->type == F_KEYED)
			*(const char **)obj = copy_text(d, kid->key);
		decode_object(d, kid, f->desc, obj);
		n++;
	}
	*(void **)at(base, f->offset) = list;
	*(size_t *)at(base, f->n_offset) = n;
}

void decode_field(struct decode *d, const struct json_value *v, const struct field *f, void *base)
{
	void *dst = at(base, f->offset);

	if (d->nomem)
		return;
	switch (f->type) {
	case F_SKIP:
		break;
	case F_STRING:
		decode_string(d, v, f, dst);
		break;
	case F_STRINGS:
	case F_ENUM_NAMES:
		decode_strings(d, v, f, dst);
		break;
	case F_MAP:
		decode_map(d, v, f, base);
		break;
	case F_BOOL:
		decode_bool(d, v, f, dst);
		break;
	case F_NUMBER:
		decode_number(d, v, f, dst);
		break;
	case F_NUMBERS:
		decode_numbers(d, v, f, base);
		break;
	case F_ENUM:
	case F_ENUM_CHAR:
		decode_enum(d, v, f, dst);
		break;
	case F_FLAGS:
		decode_flags(d, v, f, dst);
		break;
	case F_OBJECT:
		decode_new_object(d, v, f, dst);
		break;
	case F_EMBED:
		decode_object(d, v, f->desc, dst);
		break;
	case F_OBJECTS:
	case F_KEYED:
		decode_objects(d, v, f, base);
		break;
	}
}

/* Documents */

static int out_of_memory(struct oci_err *err)
{
	if (err)
		*err = (struct oci_err){.msg = "out of memory"};
	return -ENOMEM;
}

int decode_document(const char *text, size_t len, const struct oci_parse_opts *opts,
		    const struct decode_root *root, void **ret, struct oci_err *err)
{
	cleanup_json struct json_doc *json = NULL;
	struct decode d = {.opts = opts, .err = err};
	struct oci_err syntax = {0};
	void *doc;
	int r = json_parse(text, len, &json, &syntax);

	if (r < 0) {
		if (err)
			*err = syntax;
		if (opts && opts->problem)
			opts->problem(opts->arg, &syntax);
		return r;
	}
	doc = arena_new_root(root->size, &d.arena);
	if (!doc)
		return out_of_memory(err);
	if (!root->gate || root->gate(&d, json_root(json)))
		decode_field(&d, json_root(json), &root->field, doc);
	if (d.nomem || d.n_problems > 0) {
		arena_free_root(doc);
		return d.nomem ? out_of_memory(err) : -EINVAL;
	}
	*ret = doc;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yajl events -> value tree. Library code over untrusted text; the only file that sees yajl.
 * yajl reports a token's end, not its start: between two tokens that it reports there is only white
 * space, ',' and ':', so the start is found by skipping those behind the previous token. Numbers
 * are taken as text, never as double.
 */
#include <config.h>

#include "libocispec/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "libocispec/arena.h"
#include "libocispec/internal.h"

struct json_doc {
	struct json_value *root;
};

struct parser {
	yajl_handle yajl;
	struct arena *arena;
	const char *text;
	size_t len;
	size_t token_end; /* offset behind the last token */
	size_t pos;	  /* line and column belong to this offset */
	uint32_t line;
	uint32_t column;
	bool at_end; /* all text was given to yajl */
	unsigned depth;
	size_t n_values;
	struct json_value *root;
	struct json_value *open; /* the container that is being filled */
	const char *key;	 /* of the member whose value comes next */
	uint32_t key_line;
	uint32_t key_column;
	int r; /* why a callback stopped yajl */
	struct oci_err *err;
};

static void move_to(struct parser *p, size_t offset)
{
	for (; p->pos < offset; p->pos++) {
		p->column++;
		if (p->text[p->pos] == '\n') {
			p->line++;
			p->column = 1;
		}
	}
}

/* Moves to the start of the token behind the last one. */
static void move_to_token(struct parser *p, const char *between)
{
	size_t i = p->token_end;

	while (i < p->len && strchr(between, p->text[i]) && p->text[i])
		i++;
	move_to(p, i);
}

/* Called first in every callback. */
static void begin_token(struct parser *p)
{
	move_to_token(p, " \t\r\n,:");
	/* A number that ends the text is reported from yajl_complete_parse, whose count starts anew. */
	p->token_end = p->at_end ? p->len : yajl_get_bytes_consumed(p->yajl);
}

ATTR_PRINTF(3, 4) static int fail(struct parser *p, int r, const char *fmt, ...)
{
	va_list ap;

	p->r = r;
	if (!p->err)
		return 0;
	p->err->line = p->line;
	p->err->column = p->column;
	oci_err_set_path(p->err, p->open, p->open && p->open->type == JSON_OBJECT ? p->key : NULL);
	va_start(ap, fmt);
	oci_err_set_msg(p->err, fmt, ap);
	va_end(ap);
	return 0;
}

static int fail_nomem(struct parser *p)
{
	return fail(p, -ENOMEM, "out of memory");
}

static void append(struct json_value *parent, struct json_value *v)
{
	if (parent->kids.last)
		parent->kids.last->next = v;
	else
		parent->kids.first = v;
	parent->kids.last = v;
	v->index = parent->kids.n++;
}

static struct json_value *add_value(struct parser *p, enum json_type type)
{
	struct json_value *v;

	begin_token(p);
	if (++p->n_values > JSON_MAX_VALUES) {
		fail(p, -E2BIG, "more than %u values", JSON_MAX_VALUES);
		return NULL;
	}
	v = arena_alloc(p->arena, 1, sizeof(*v));
	if (!v) {
		fail_nomem(p);
		return NULL;
	}
	v->type = type;
	v->parent = p->open;
	v->line = p->line;
	v->column = p->column;
	if (!p->open) {
		p->root = v;
		return v;
	}
	if (p->open->type == JSON_OBJECT) {
		v->key = p->key;
		v->key_line = p->key_line;
		v->key_column = p->key_column;
		p->key = NULL;
	}
	append(p->open, v);
	return v;
}

static int on_null(void *ctx)
{
	return add_value(ctx, JSON_NULL) != NULL;
}

static int on_bool(void *ctx, int b)
{
	struct json_value *v = add_value(ctx, JSON_BOOL);

	if (!v)
		return 0;
	v->boolean = b;
	return 1;
}

static int add_text(struct parser *p, enum json_type type, const char *s, size_t len)
{
	struct json_value *v = add_value(p, type);

	if (!v)
		return 0;
	if (len > JSON_MAX_STRING)
		return fail(p, -E2BIG, "a string is longer than %u bytes", JSON_MAX_STRING);
	v->text.len = len;
	v->text.s = arena_copy(p->arena, s, len);
	return v->text.s ? 1 : fail_nomem(p);
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return add_text(ctx, JSON_NUMBER, s, len);
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	return add_text(ctx, JSON_STRING, (const char *)s, len);
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct parser *p = ctx;

	begin_token(p);
	if (len > JSON_MAX_STRING)
		return fail(p, -E2BIG, "a key is longer than %u bytes", JSON_MAX_STRING);
	p->key = arena_copy(p->arena, (const char *)s, len);
	p->key_line = p->line;
	p->key_column = p->column;
	return p->key ? 1 : fail_nomem(p);
}

static int open_container(struct parser *p, enum json_type type)
{
	struct json_value *v = add_value(p, type);

	if (!v)
		return 0;
	if (++p->depth > JSON_MAX_DEPTH)
		return fail(p, -E2BIG, "nested more than %u levels deep", JSON_MAX_DEPTH);
	p->open = v;
	return 1;
}

static int on_start_map(void *ctx)
{
	return open_container(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
	return open_container(ctx, JSON_ARRAY);
}

static int close_container(struct parser *p)
{
	begin_token(p);
	p->depth--;
	p->open = p->open->parent;
	return 1;
}

/* By key, then in the order of the text. */
static int compare_members(const void *a, const void *b)
{
	const struct json_value *x = *(const struct json_value *const *)a;
	const struct json_value *y = *(const struct json_value *const *)b;
	int r = strcmp(x->key, y->key);

	return r ? r : (x->index > y->index) - (x->index < y->index);
}

/*
 * The first member, in the order of the text, whose key was there before; sorted, since an object
 * may be hostile and large.
 */
static int find_duplicate(const struct json_value *obj, const struct json_value **ret)
{
	const struct json_value **sorted, *found = NULL;
	size_t n = 0;

	*ret = NULL;
	if (obj->kids.n < 2)
		return 0;
	sorted = malloc(obj->kids.n * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (const struct json_value *v = obj->kids.first; v; v = v->next)
		sorted[n++] = v;
	qsort(sorted, n, sizeof(*sorted), compare_members);
	for (size_t i = 1; i < n; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 &&
		    (!found || sorted[i]->index < found->index))
			found = sorted[i];
	free(sorted);
	*ret = found;
	return 0;
}

static int on_end_map(void *ctx)
{
	struct parser *p = ctx;
	const struct json_value *dup;

	if (find_duplicate(p->open, &dup) < 0)
		return fail_nomem(p);
	if (dup) {
		p->line = dup->key_line;
		p->column = dup->key_column;
		p->key = dup->key;
		return fail(p, -EINVAL, "duplicate key");
	}
	return close_container(p);
}

static int on_end_array(void *ctx)
{
	return close_container(ctx);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/*
 * To the token that yajl stumbled over. It counted a token of the grammar, but not reliably a word
 * that it could not read.
 */
static void move_to_bad_token(struct parser *p)
{
	size_t at = yajl_get_bytes_consumed(p->yajl);

	if (!p->at_end && at > p->token_end && at <= p->len && strchr(",:[]{}", p->text[at - 1]))
		move_to(p, at - 1);
	else
		move_to_token(p, " \t\r\n,:");
}

/* yajl's own complaint: "lexical error: ...", "parse error: ..."; only the position is ours. */
static int fail_syntax(struct parser *p)
{
	unsigned char *msg = yajl_get_error(p->yajl, 0, NULL, 0);
	char text[160];
	size_t len;

	if (!msg)
		return fail_nomem(p);
	len = strcspn((const char *)msg, "\n");
	if (len > 0 && msg[len - 1] == '.')
		len--;
	oci_err_quote((const char *)msg, len, text, sizeof(text));
	yajl_free_error(p->yajl, msg);
	move_to_bad_token(p);
	return fail(p, -EINVAL, "%s", text);
}

static int run_yajl(struct parser *p)
{
	yajl_status status;

	p->yajl = yajl_alloc(&callbacks, NULL, p);
	if (!p->yajl)
		return fail_nomem(p);
	status = yajl_parse(p->yajl, (const unsigned char *)p->text, p->len);
	if (status == yajl_status_ok) {
		p->at_end = true;
		status = yajl_complete_parse(p->yajl);
	}
	if (status == yajl_status_error)
		fail_syntax(p);
	yajl_free(p->yajl);
	return p->r;
}

static int check_text(struct parser *p)
{
	const char *msg = "";
	size_t at = 0;

	if (p->len > JSON_MAX_SIZE)
		return fail(p, -E2BIG, "the document is larger than %u bytes", JSON_MAX_SIZE);
	if (json_text_check(p->text, p->len, &at, &msg))
		return 0;
	move_to(p, at);
	return fail(p, -EINVAL, "%s", msg);
}

int json_parse(const char *text, size_t len, struct json_doc **ret, struct oci_err *err)
{
	struct parser p = {.text = text, .len = len, .line = 1, .column = 1, .err = err};
	struct json_doc *doc = arena_new_root(sizeof(*doc), &p.arena);

	if (!doc) {
		fail_nomem(&p);
		return p.r;
	}
	check_text(&p);
	if (p.r == 0)
		run_yajl(&p);
	if (p.r < 0) {
		json_free(doc);
		return p.r;
	}
	doc->root = p.root;
	*ret = doc;
	return 0;
}

void json_free(struct json_doc *doc)
{
	arena_free_root(doc);
}

const struct json_value *json_root(const struct json_doc *doc)
{
	return doc->root;
}

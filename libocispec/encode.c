/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer. Library code for any process; strings may come from the host or from a container
 * and hold any bytes. Must never write anything that json.c would refuse, provided that begin and
 * end calls match.
 */
#include <config.h>

#include "libocispec/encode.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "libocispec/internal.h"
#include "libocispec/oci_types.h"

static void new_line(struct encoder *e)
{
	if (!e->indent)
		return;
	buf_add_char(e->out, '\n');
	for (unsigned i = 0; i < e->depth; i++)
		buf_add_str(e->out, "  ");
}

/* What stands between the value before and this one. */
static void begin_value(struct encoder *e)
{
	if (e->after_key) {
		e->after_key = false;
		return;
	}
	if (e->has_sibling)
		buf_add_char(e->out, ',');
	if (e->depth > 0)
		new_line(e);
}

static void open_container(struct encoder *e, char bracket)
{
	begin_value(e);
	buf_add_char(e->out, bracket);
	e->depth++;
	e->has_sibling = false;
}

static void close_container(struct encoder *e, char bracket)
{
	bool empty = !e->has_sibling;

	e->depth--;
	if (!empty)
		new_line(e);
	buf_add_char(e->out, bracket);
	e->has_sibling = true;
}

void encode_begin_object(struct encoder *e)
{
	open_container(e, '{');
}

void encode_end_object(struct encoder *e)
{
	close_container(e, '}');
}

void encode_begin_array(struct encoder *e)
{
	open_container(e, '[');
}

void encode_end_array(struct encoder *e)
{
	close_container(e, ']');
}

static void add_special(struct buf *out, unsigned char c)
{
	static const char letters[] = "\b\f\n\r\t\"\\", escapes[] = "bfnrt\"\\";
	const char *found = strchr(letters, c);

	if (found)
		buf_printf(out, "\\%c", escapes[found - letters]);
	else
		buf_printf(out, "\\u%04x", c);
}

/* Bytes at s that go out as they are. */
static size_t plain_length(const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\') {
		n = json_utf8_len(s + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static void add_quoted(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	buf_add_char(out, '"');
	while (len > 0) {
		size_t n = plain_length(s, len);

		buf_add(out, s, n);
		s += n;
		len -= n;
		if (len == 0)
			break;
		if ((unsigned char)*s < 0x80)
			add_special(out, (unsigned char)*s);
		else
			buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD */
		s++;
		len--;
	}
	buf_add_char(out, '"');
}

void encode_key(struct encoder *e, const char *key)
{
	begin_value(e);
	add_quoted(e->out, key);
	buf_add_str(e->out, e->indent ? ": " : ":");
	e->after_key = true;
}

void encode_string(struct encoder *e, const char *s)
{
	if (!s) {
		encode_null(e);
		return;
	}
	begin_value(e);
	add_quoted(e->out, s);
	e->has_sibling = true;
}

void encode_i64(struct encoder *e, int64_t v)
{
	begin_value(e);
	buf_printf(e->out, "%" PRId64, v);
	e->has_sibling = true;
}

void encode_u64(struct encoder *e, uint64_t v)
{
	begin_value(e);
	buf_printf(e->out, "%" PRIu64, v);
	e->has_sibling = true;
}

void encode_bool(struct encoder *e, bool v)
{
	begin_value(e);
	buf_add_str(e->out, v ? "true" : "false");
	e->has_sibling = true;
}

void encode_null(struct encoder *e)
{
	begin_value(e);
	buf_add_str(e->out, "null");
	e->has_sibling = true;
}

void encode_strings(struct encoder *e, const char *const *list)
{
	encode_begin_array(e);
	for (; list && *list; list++)
		encode_string(e, *list);
	encode_end_array(e);
}

void encode_pairs(struct encoder *e, const struct oci_pair *pairs, size_t n)
{
	encode_begin_object(e);
	for (size_t i = 0; i < n; i++) {
		encode_key(e, pairs[i].key);
		encode_string(e, pairs[i].value);
	}
	encode_end_object(e);
}

void encode_member_string(struct encoder *e, const char *key, const char *s)
{
	if (!s)
		return;
	encode_key(e, key);
	encode_string(e, s);
}

void encode_member_i64(struct encoder *e, const char *key, int64_t v)
{
	encode_key(e, key);
	encode_i64(e, v);
}

void encode_member_u64(struct encoder *e, const char *key, uint64_t v)
{
	encode_key(e, key);
	encode_u64(e, v);
}

void encode_member_bool(struct encoder *e, const char *key, bool v)
{
	encode_key(e, key);
	encode_bool(e, v);
}

void encode_member_object(struct encoder *e, const char *key)
{
	encode_key(e, key);
	encode_begin_object(e);
}

void encode_member_array(struct encoder *e, const char *key)
{
	encode_key(e, key);
	encode_begin_array(e);
}

int encode_finish(struct encoder *e)
{
	return e->out->error;
}

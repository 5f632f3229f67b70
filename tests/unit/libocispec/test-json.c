/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value tree: exact numbers, positions, limits, and the texts that must be refused before
 * anything looks at them.
 */
/* covers: parser limits, parser exact numbers */
#include <config.h>

#include "libocispec/json.h"

#include "base/buf.h"
#include "tests/lib/tap.h"

/* Parses a copy of exactly that size, so that a sanitizer sees a read behind the end. */
static int parse(const void *text, size_t len, struct json_doc **ret, struct oci_err *err)
{
	char *copy = malloc(len ? len : 1);
	int r;

	if (!copy)
		bail("out of memory");
	memcpy(copy, text, len);
	r = json_parse(copy, len, ret, err);
	free(copy);
	return r;
}

static void refuses(const char *text, size_t len, int want_r, const char *want, const char *what)
{
	struct json_doc *doc = NULL;
	struct oci_err err = {0};
	char got[1200];

	is_int(parse(text, len, &doc, &err), want_r, "%s: refused", what);
	is_str(oci_err_format(&err, "f", got, sizeof(got)), want, "%s: error", what);
	ok(doc == NULL, "%s: no document", what);
	json_free(doc);
}

static void test_reads_members(void)
{
	static const char text[] = "{\"s\":\"x\\u0001\",\"n\":-5,\"u\":18446744073709551615,\"b\":"
				   "true,\"z\":null,\"a\":[1,\"two\"],\"f\":1.5,\"\":\"e\"}";
	struct json_doc *doc = NULL;
	const struct json_value *root, *item;
	const char *s = "untouched";
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;

	is_int(parse(text, strlen(text), &doc, NULL), 0, "a small document");
	root = json_root(doc);
	is_int(json_type(root), JSON_OBJECT, "root type");
	is_int(json_len(root), 8, "members");
	ok(json_get_string(root, "s", &s) == 0 && !strcmp(s, "x\x01"), "string");
	ok(json_get_i64(root, "n", &i) == 0 && i == -5, "negative number");
	ok(json_get_u64(root, "u", &u) == 0 && u == UINT64_MAX, "largest number");
	ok(json_get_bool(root, "b", &b) == 0 && b, "boolean");
	is_int(json_get_i64(root, "u", &i), -ERANGE, "too large for int64");
	is_int(json_get_u64(root, "n", &u), -ERANGE, "negative for uint64");
	is_int(json_get_i64(root, "f", &i), -EINVAL, "a fraction is no integer");
	is_int(json_get_u64(root, "f", &u), -EINVAL, "a fraction is no unsigned integer");
	is_int(json_get_string(root, "n", &s), -EINVAL, "a number is no string");
	is_int(json_get_bool(root, "n", &b), -EINVAL, "a number is no boolean");
	is_int(json_get_i64(root, "s", &i), -EINVAL, "a string is no number");
	is_int(json_get_u64(root, "s", &u), -EINVAL, "a string is no unsigned number");
	is_int(json_get_string(root, "missing", &s), -ENOENT, "no such member");
	is_int(json_get_string(root, "z", &s), -ENOENT, "null is absent");
	ok(json_get(root, "S") == NULL, "keys are case-sensitive");
	ok(json_get_string(root, "", &s) == 0 && !strcmp(s, "e"), "the empty key");
	item = json_first(json_get(root, "a"));
	ok(json_to_i64(item, &i) == 0 && i == 1 && json_key(item) == NULL, "first item");
	item = json_next(item);
	ok(json_to_string(item, &s) == 0 && !strcmp(s, "two") && json_next(item) == NULL,
	   "last item");
	ok(json_first(item) == NULL && json_len(item) == 0 && json_get(item, "x") == NULL,
	   "a string has no members");
	is_str(json_key(json_first(root)), "s", "first key");
	json_free(doc);
}

static void test_integer_extremes(void)
{
	static const struct {
		const char *text;
		int r_i64;
		int r_u64;
	} rows[] = {
		{"9223372036854775807", 0, 0},
		{"9223372036854775808", -ERANGE, 0},
		{"-9223372036854775808", 0, -ERANGE},
		{"-9223372036854775809", -ERANGE, -ERANGE},
		{"18446744073709551615", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, -ERANGE},
		{"0", 0, 0},
		{"-0", 0, -ERANGE},
		{"1e3", -EINVAL, -EINVAL},
		{"1.0", -EINVAL, -EINVAL},
		{"-1E2", -EINVAL, -EINVAL},
		{"99999999999999999999999999999999999999999", -ERANGE, -ERANGE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_doc *doc = NULL;
		uint64_t u;
		int64_t n;

		is_int(parse(rows[i].text, strlen(rows[i].text), &doc, NULL), 0,
		       "a number as document: %s", rows[i].text);
		is_int(json_to_i64(json_root(doc), &n), rows[i].r_i64, "%s as int64", rows[i].text);
		is_int(json_to_u64(json_root(doc), &u), rows[i].r_u64, "%s as uint64",
		       rows[i].text);
		json_free(doc);
	}
}

static void test_refuses_bytes(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
		const char *what;
	} rows[] = {
#define ROW(text, want, what) {text, sizeof(text) - 1, want, what}
		ROW("\"\xff\"", "f:1:2: invalid UTF-8", "byte 0xff"),
		ROW("\"\x80\"", "f:1:2: invalid UTF-8", "lone continuation byte"),
		ROW("\"\xc0\xaf\"", "f:1:2: invalid UTF-8", "overlong of two bytes"),
		ROW("\"\xe0\x80\xaf\"", "f:1:2: invalid UTF-8", "overlong of three bytes"),
		ROW("\"\xf0\x80\x80\xaf\"", "f:1:2: invalid UTF-8", "overlong of four bytes"),
		ROW("\"\xed\xa0\x80\"", "f:1:2: invalid UTF-8", "encoded surrogate"),
		ROW("\"\xf4\x90\x80\x80\"", "f:1:2: invalid UTF-8", "above U+10FFFF"),
		ROW("\"\xe2\x82\"", "f:1:2: invalid UTF-8", "sequence cut by the quote"),
		ROW("\"\xe2\x82", "f:1:2: invalid UTF-8", "sequence cut by the end"),
		ROW("[1,\n\"a\",\n \"b\xfe\"]", "f:3:4: invalid UTF-8", "position of a bad byte"),
		ROW("\xef\xbb\xbf{}", "f:1:1: lexical error: invalid char in json text",
		    "byte order mark"),
		ROW("\"a\\u0000\"", "f:1:3: a string must not contain U+0000", "escaped NUL"),
		ROW("{\"\\u0000\":1}", "f:1:3: a string must not contain U+0000",
		    "escaped NUL in a key"),
		ROW("\"\\ud83d\"", "f:1:2: half of a UTF-16 surrogate pair",
		    "high surrogate alone"),
		ROW("\"\\ude00\"", "f:1:2: half of a UTF-16 surrogate pair", "low surrogate alone"),
		ROW("\"\\ud83d\\u0041\"", "f:1:2: half of a UTF-16 surrogate pair",
		    "high surrogate before a letter"),
		ROW("\"\\ud83d", "f:1:2: half of a UTF-16 surrogate pair",
		    "high surrogate at the end"),
		ROW("\"\0\"", "f:1:2: a control character in a string must be escaped",
		    "raw NUL in a string"),
		ROW("{}\0", "f:1:3: parse error: trailing garbage", "raw NUL behind the document"),
		ROW("\"a\nb\"", "f:1:3: a control character in a string must be escaped",
		    "raw newline in a string"),
		ROW("\"abc", "f:1:1: parse error: premature EOF", "string without an end"),
		ROW("\"abc\\",
		    "f:1:1: lexical error: inside a string, \'\\\' occurs before a character which "
		    "it may not",
		    "escape without an end"),
		ROW("[\"\\u12",
		    "f:1:2: lexical error: invalid (non-hex) character occurs after \'\\u\' inside "
		    "string",
		    "unicode escape without an end"),
		ROW("1 2", "f:1:3: parse error: trailing garbage", "two documents"),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuses(rows[i].text, rows[i].len, -EINVAL, rows[i].want, rows[i].what);
}

static void test_accepts_unicode(void)
{
	static const char text[] = "\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \\u00e9 \\\\u0000 \\\"\"";
	struct json_doc *doc = NULL;
	const char *s = NULL;

	is_int(parse(text, strlen(text), &doc, NULL), 0, "escapes and raw characters");
	ok(json_to_string(json_root(doc), &s) == 0, "a string as document");
	is_str(s, "\xf0\x9f\x98\x80 \xf0\x9f\x98\x80 \xc3\xa9 \\u0000 \"", "decoded");
	json_free(doc);
}

static void nest(struct buf *b, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_add_char(b, '[');
	for (unsigned i = 0; i < depth; i++)
		buf_add_char(b, ']');
}

static void test_depth_limit(void)
{
	struct buf at = {0}, over = {0};
	struct json_doc *doc = NULL;

	nest(&at, JSON_MAX_DEPTH);
	nest(&over, JSON_MAX_DEPTH + 1);
	is_int(parse(at.data, at.len, &doc, NULL), 0, "64 levels");
	json_free(doc);
	doc = NULL;
	is_int(parse(over.data, over.len, &doc, NULL), -E2BIG, "65 levels");
	json_free(doc);
	buf_done(&at);
	buf_done(&over);
}

static void test_count_limit(void)
{
	struct buf b = {0};
	struct json_doc *doc = NULL;
	struct oci_err err = {0};

	buf_add_str(&b, "[0");
	for (unsigned i = 2; i < JSON_MAX_VALUES; i++)
		buf_add_str(&b, ",0");
	buf_add_char(&b, ']');
	is_int(parse(b.data, b.len, &doc, &err), 0, "as many values as allowed");
	json_free(doc);
	doc = NULL;
	b.len--;
	buf_add_str(&b, ",0]");
	is_int(parse(b.data, b.len, &doc, &err), -E2BIG, "one more");
	is_str(err.msg, "more than 262144 values", "one more: message");
	json_free(doc);
	buf_done(&b);
}

static void test_size_limits(void)
{
	struct buf b = {0};
	struct json_doc *doc = NULL;
	struct oci_err err = {0};

	buf_add_char(&b, '"');
	for (unsigned i = 0; i < JSON_MAX_STRING / 16; i++)
		buf_add_str(&b, "0123456789abcdef");
	buf_add_char(&b, '"');
	is_int(parse(b.data, b.len, &doc, &err), 0, "a string of 1 MiB");
	json_free(doc);
	doc = NULL;
	b.len--;
	buf_add_str(&b, "x\"");
	is_int(parse(b.data, b.len, &doc, &err), -E2BIG, "a longer string");
	json_free(doc);
	doc = NULL;
	b.len = 0;
	for (unsigned i = 0; i <= JSON_MAX_SIZE / 16; i++)
		buf_add_str(&b, "                ");
	is_int(parse(b.data, b.len, &doc, &err), -E2BIG, "a document over 8 MiB");
	is_str(err.msg, "the document is larger than 8388608 bytes",
	       "a document over 8 MiB: message");
	buf_done(&b);
}

static void test_long_key(void)
{
	struct buf b = {0};
	struct json_doc *doc = NULL;
	struct oci_err err = {0};

	buf_add_str(&b, "{\"");
	for (unsigned i = 0; i < JSON_MAX_STRING; i++)
		buf_add_char(&b, 'k');
	buf_add_str(&b, "k\":0}");
	is_int(parse(b.data, b.len, &doc, &err), -E2BIG, "a key over 1 MiB");
	is_str(err.msg, "a key is longer than 1048576 bytes", "a key over 1 MiB: message");
	buf_done(&b);
}

/* A path that does not fit keeps its end; a key is cut between two characters. */
static void test_long_path(void)
{
	struct buf b = {0};
	struct json_doc *doc = NULL;
	struct oci_err err = {0};

	for (unsigned i = 0; i < 10; i++) {
		buf_printf(&b, "{\"level%u", i);
		for (unsigned j = 0; j < 40; j++)
			buf_add_str(&b, "\xe2\x82\xac");
		buf_add_str(&b, "\":");
	}
	buf_add_str(&b, "[0,{\"end\":1,\"end\":2}]");
	for (unsigned i = 0; i < 10; i++)
		buf_add_char(&b, '}');
	is_int(parse(b.data, b.len, &doc, &err), -EINVAL, "a duplicate key, deep down");
	ok(strlen(err.path) < sizeof(err.path) && strncmp(err.path, "...[", 4) == 0,
	   "the path begins with dots: %s", err.path);
	ok(strlen(err.path) > 12 && strcmp(err.path + strlen(err.path) - 7, "[1].end") == 0,
	   "and keeps its end");
	b.len = 0;
	buf_printf(&b, "\"%s\"", err.path + 3);
	for (char *p = b.data + 1; p < b.data + b.len - 1; p++)
		if (*p == '"')
			*p = '.';
	is_int(parse(b.data, b.len, &doc, NULL), 0, "the path is UTF-8");
	json_free(doc);
	buf_done(&b);
}

/*
 * Large objects are checked for duplicates by sorting: the first repeated key in the order of the
 * text is reported.
 */
static void test_duplicates_in_a_large_object(void)
{
	struct buf b = {0};

	buf_add_str(&b, "{");
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&b, "\"k%u\":0,", i);
	buf_add_str(&b, "\n\"k77777\":1,\n\"k5\":1}");
	refuses(b.data, b.len, -EINVAL, "f:2:1: k77777: duplicate key", "100002 members");
	buf_done(&b);
}

int main(void)
{
	test_reads_members();
	test_integer_extremes();
	test_refuses_bytes();
	test_accepts_unicode();
	test_depth_limit();
	test_count_limit();
	test_size_limits();
	test_long_key();
	test_long_path();
	test_duplicates_in_a_large_object();
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoder and decoder of a store's meta file; the format is in meta.h. Library. Untrusted input:
 * the file's text. */
#include <config.h>

#include "cow/meta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define META_WHITEOUTS "whiteouts files\n"

static const char *const share_names[] = {
	[COW_SHARE_AUTO] = "auto",
	[COW_SHARE_LINK] = "link",
	[COW_SHARE_REFLINK] = "reflink",
	[COW_SHARE_COPY] = "copy",
};

static int add_lower(struct cow_meta *meta, size_t n, char *path)
{
	char **p = reallocarray(meta->lowers, n + 2, sizeof(*p));

	if (!p) {
		free(path);
		return -ENOMEM;
	}
	meta->lowers = p;
	p[n] = path;
	p[n + 1] = NULL;
	return 0;
}

int meta_from_params(const struct cow_params *params, struct cow_meta *ret)
{
	struct cow_meta meta = {
		.share = params->share,
		.shifted = params->owners != NULL,
		.whiteout_files = params->whiteout_files,
	};
	int r = 0;

	meta.owner_id = strdup(params->owner_id ? params->owner_id : "");
	if (!meta.owner_id)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && params->lowers[i]; i++) {
		char *path = strdup(params->lowers[i]);

		r = path ? add_lower(&meta, i, path) : -ENOMEM;
	}
	if (r < 0)
		meta_done(&meta);
	else
		*ret = meta;
	return r;
}

void meta_done(struct cow_meta *meta)
{
	free(meta->owner_id);
	for (size_t i = 0; meta->lowers && meta->lowers[i]; i++)
		free(meta->lowers[i]);
	free(meta->lowers);
	*meta = (struct cow_meta){0};
}

static bool is_plain(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '%';
}

static void add_value(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s ", key);
	for (const char *p = value; *p; p++) {
		if (is_plain((unsigned char)*p))
			buf_add_char(b, *p);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)*p);
	}
	buf_add_char(b, '\n');
}

int meta_encode(const struct cow_meta *meta, struct buf *ret)
{
	buf_add_str(ret, META_MAGIC "1\n");
	add_value(ret, "owner", meta->owner_id);
	add_value(ret, "share", share_names[meta->share]);
	add_value(ret, "ids", meta->shifted ? "shifted" : "mapped");
	if (meta->whiteout_files)
		buf_add_str(ret, META_WHITEOUTS);
	for (size_t i = 0; meta->lowers[i]; i++)
		add_value(ret, "lower", meta->lowers[i]);
	buf_add_str(ret, "end\n");
	return ret->error;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of line [p, end) decoded; only what add_value writes is accepted. */
static int decode_value(const char *p, const char *end, char **ret)
{
	cleanup_free char *out = malloc((size_t)(end - p) + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	while (p < end) {
		unsigned char c = (unsigned char)*p++;

		if (c == '%') {
			int hi = end - p >= 2 ? hex_digit(p[0]) : -1;
			int lo = end - p >= 2 ? hex_digit(p[1]) : -1;

			if (hi < 0 || lo < 0 || hi * 16 + lo == 0 ||
			    is_plain((unsigned char)(hi * 16 + lo)))
				return -EUCLEAN;
			c = (unsigned char)(hi * 16 + lo);
			p += 2;
		} else if (!is_plain(c)) {
			return -EUCLEAN;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	*ret = steal_ptr(&out);
	return 0;
}

struct cursor {
	const char *p, *end;
};

static bool take_text(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
		return false;
	c->p += len;
	return true;
}

/* A line "<key> <value>\n". */
static int take_value(struct cursor *c, const char *key, char **ret)
{
	const char *nl;
	int r;

	if (!take_text(c, key) || !take_text(c, " "))
		return -EUCLEAN;
	nl = memchr(c->p, '\n', (size_t)(c->end - c->p));
	if (!nl)
		return -EUCLEAN;
	r = decode_value(c->p, nl, ret);
	if (r == 0)
		c->p = nl + 1;
	return r;
}

static int take_share(struct cursor *c, enum cow_share *ret)
{
	cleanup_free char *value = NULL;
	int r = take_value(c, "share", &value);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(share_names); i++) {
		if (!strcmp(value, share_names[i])) {
			*ret = (enum cow_share)i;
			return 0;
		}
	}
	return -EUCLEAN;
}

static int take_ids(struct cursor *c, bool *ret)
{
	cleanup_free char *value = NULL;
	int r = take_value(c, "ids", &value);

	if (r < 0)
		return r;
	*ret = !strcmp(value, "shifted");
	return *ret || !strcmp(value, "mapped") ? 0 : -EUCLEAN;
}

static int take_lowers(struct cursor *c, struct cow_meta *meta)
{
	size_t n = 0;

	while (n == 0 || !take_text(c, "end\n")) {
		char *path = NULL;
		int r = take_value(c, "lower", &path);

		if (r < 0)
			return r;
		if (path[0] != '/') {
			free(path);
			return -EUCLEAN;
		}
		r = add_lower(meta, n++, path);
		if (r < 0)
			return r;
	}
	return c->p == c->end ? 0 : -EUCLEAN;
}

int meta_decode(const char *text, size_t len, struct cow_meta *ret)
{
	struct cursor c = {text, text + len};
	struct cow_meta meta = {0};
	int r = take_text(&c, META_MAGIC "1\n") ? 0 : -EUCLEAN;

	if (r == 0)
		r = take_value(&c, "owner", &meta.owner_id);
	if (r == 0)
		r = take_share(&c, &meta.share);
	if (r == 0)
		r = take_ids(&c, &meta.shifted);
	if (r == 0)
		meta.whiteout_files = take_text(&c, META_WHITEOUTS);
	if (r == 0)
		r = take_lowers(&c, &meta);
	if (r < 0)
		meta_done(&meta);
	else
		*ret = meta;
	return r;
}

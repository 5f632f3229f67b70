/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of parse errors. Library code, no allocation. Keys and values come from the untrusted
 * document, so everything that goes into a message is cut to a sane length and freed of control
 * characters.
 */
#include <config.h>

#include "libocispec/internal.h"

#include <stdio.h>
#include <string.h>

/* Bytes of s, at most max, that do not end in the middle of a UTF-8 character. */
static size_t cut_utf8(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

char *oci_err_quote(const char *s, size_t len, char *out, size_t size)
{
	size_t n = cut_utf8(s, len, size - sizeof("..."));

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	snprintf(out + n, size - n, "%s", n < len ? "..." : "");
	return out;
}

static bool is_plain_key(const char *key)
{
	if (!*key)
		return false;
	for (; *key; key++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
			    *key))
			return false;
	return true;
}

static void format_key(const char *key, char *out, size_t size)
{
	char quoted[72];

	oci_err_quote(key, strlen(key), quoted, sizeof(quoted));
	snprintf(out, size, is_plain_key(key) ? ".%s" : "[\"%s\"]", quoted);
}

/* Writes s in front of *pos; false when it does not fit and "..." stands there instead. */
static bool prepend(char *path, size_t *pos, const char *s)
{
	size_t len = strlen(s);

	if (len + 3 > *pos) {
		*pos -= 3;
		memcpy(path + *pos, "...", 3);
		return false;
	}
	*pos -= len;
	memcpy(path + *pos, s, len);
	return true;
}

void oci_err_set_path(struct oci_err *err, const struct json_value *v, const char *key)
{
	char part[96];
	size_t pos = sizeof(err->path) - 1;
	bool fits = true;

	err->path[pos] = '\0';
	if (key) {
		format_key(key, part, sizeof(part));
		fits = prepend(err->path, &pos, part);
	}
	for (; v && v->parent && fits; v = v->parent) {
		if (v->key)
			format_key(v->key, part, sizeof(part));
		else
			snprintf(part, sizeof(part), "[%u]", v->index);
		fits = prepend(err->path, &pos, part);
	}
	if (err->path[pos] == '.' && fits)
		pos++;
	memmove(err->path, err->path + pos, sizeof(err->path) - pos);
}

void oci_err_set_msg(struct oci_err *err, const char *fmt, va_list ap)
{
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

char *oci_err_format(const struct oci_err *err, const char *file, char *out, size_t size)
{
	const char *sep = err->path[0] ? ": " : "";

	if (file && err->line)
		snprintf(out, size, "%s:%zu:%zu: %s%s%s", file, err->line, err->column, err->path,
			 sep, err->msg);
	else if (file)
		snprintf(out, size, "%s: %s%s%s", file, err->path, sep, err->msg);
	else
		snprintf(out, size, "%s%s%s", err->path, sep, err->msg);
	return out;
}

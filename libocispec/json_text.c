/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What yajl lets pass and we do not (and control characters, for the exact position): overlong
 * UTF-8, encoded surrogates, and in strings lone surrogates and U+0000 as escapes (yajl 2 turns the
 * former into '?', the latter into a byte that cuts the string). Library code over untrusted bytes;
 * looks at the text once, before the parser does.
 */
#include <config.h>

#include "libocispec/internal.h"

#include <string.h>

/* By the first byte; 0 for one that cannot be first. */
static size_t utf8_sequence_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >> 5 == 6)
		return 2;
	if (first >> 4 == 14)
		return 3;
	return first >> 3 == 30 ? 4 : 0;
}

size_t json_utf8_len(const char *text, size_t len)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t n = utf8_sequence_len(s[0]);
	uint32_t c;

	if (n <= 1)
		return n;
	if (n > len)
		return 0;
	c = s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

/* The four hex digits of a \u escape at s, or -1 (the parser then says what is wrong with it). */
static long unicode_escape(const char *s, size_t len)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	long c = 0;

	if (len < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char *d = s[i] ? strchr(digits, s[i]) : NULL;

		if (!d)
			return -1;
		c = c * 16 + (d - digits < 16 ? d - digits : d - digits - 6);
	}
	return c;
}

/*
 * An escape sequence at s, inside a string. Returns how many bytes it has, 0 and *ret_msg if we
 * refuse it.
 */
static size_t check_escape(const char *s, size_t len, const char **ret_msg)
{
	long c = unicode_escape(s, len), low;

	if (c < 0)
		return len < 2 ? 1 : 2;
	if (c == 0) {
		*ret_msg = "a string must not contain U+0000";
		return 0;
	}
	if (c < 0xd800 || c > 0xdfff)
		return 6;
	low = c <= 0xdbff ? unicode_escape(s + 6, len - 6) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		*ret_msg = "half of a UTF-16 surrogate pair";
		return 0;
	}
	return 12;
}

/* The character or escape at s. Returns how many bytes it has, 0 and *ret_msg if we refuse it. */
static size_t check_char(const char *s, size_t len, bool in_string, const char **ret_msg)
{
	size_t n = json_utf8_len(s, len);

	if (n == 0)
		*ret_msg = "invalid UTF-8";
	if (!in_string)
		return n;
	if (*s == '\\')
		return check_escape(s, len, ret_msg);
	if ((unsigned char)*s < 0x20) {
		*ret_msg = "a control character in a string must be escaped";
		return 0;
	}
	return n;
}

bool json_text_check(const char *text, size_t len, size_t *ret_offset, const char **ret_msg)
{
	bool in_string = false;

	for (size_t i = 0, n; i < len; i += n) {
		n = check_char(text + i, len - i, in_string, ret_msg);
		if (n == 0) {
			*ret_offset = i;
			return false;
		}
		if (text[i] == '"')
			in_string = !in_string;
	}
	return true;
}

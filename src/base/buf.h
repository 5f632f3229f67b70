/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer, always NUL-terminated behind its length. Zero-initialise with `struct buf b = { 0 };`. */
#ifndef SANDLOCK_BASE_BUF_H
#define SANDLOCK_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf {
	char *data; /* NULL until something is added */
	size_t len; /* bytes, without the final NUL */
	size_t cap;
	int error; /* 0, or -ENOMEM: sticky, so that a chain of adds is checked once */
};

int buf_reserve(struct buf *b, size_t more);
int buf_add(struct buf *b, const void *data, size_t len);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
/* The text ("" if empty), owned by the caller; NULL when out of memory. */
char *buf_steal(struct buf *b);
void buf_done(struct buf *b);

#define cleanup_buf ATTR_CLEANUP(buf_done)

#endif

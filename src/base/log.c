/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines: level filter and the sink set by the program. Keeps errno. */
#include <config.h>

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static log_sink sink_fn;
static enum log_level max_level = LOG_LEVEL_ERROR;

void log_set_sink(log_sink sink)
{
	sink_fn = sink;
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

enum log_level log_get_level(void)
{
	return max_level;
}

static ATTR_PRINTF(2, 0) void log_v(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno;
	char *text;

	if (sink_fn && level <= max_level && vasprintf(&text, fmt, ap) >= 0) {
		sink_fn(level, text);
		free(text);
	}
	errno = saved;
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines. The program that owns the process decides where they go (log_set_sink); without a sink they are dropped.
 * Libraries log at debug level only; warnings belong to plan, container, init and cli; errors are returned, not logged.
 */
#ifndef SANDLOCK_BASE_LOG_H
#define SANDLOCK_BASE_LOG_H

#include <stdbool.h>

#include "base/compiler.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_DEBUG,
};

/* text has no final newline. Called in whichever process logs. */
typedef void (*log_sink)(enum log_level level, const char *text);

void log_set_sink(log_sink sink);
void log_set_level(enum log_level level); /* default: LOG_LEVEL_ERROR */
enum log_level log_get_level(void);
void log_warning(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_error(const char *fmt, ...) ATTR_PRINTF(1, 2);

#endif

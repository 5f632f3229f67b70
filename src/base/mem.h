/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that cannot fail, for cli, container, plan and init: short-lived processes where out of memory ends the command.
 * The supervisor and everything below it (cow, tracee, handlers, host) must use malloc and return -ENOMEM.
 */
#ifndef SANDLOCK_BASE_MEM_H
#define SANDLOCK_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) ATTR_PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) ATTR_PRINTF(1, 0);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NULL-terminated arrays of owned strings, and small string questions. Allocates with xmalloc: cli, container, plan, init only. */
#ifndef SANDLOCK_BASE_STRV_H
#define SANDLOCK_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

size_t strv_len(char *const *v); /* v may be NULL: 0 */
bool strv_has(const char *const *v, const char *s);
/* Appends a copy; *v may be NULL. */
void strv_add(char ***v, const char *s);
/* Appends s itself (ownership moves). */
void strv_take(char ***v, char *s);
char **strv_dup(char *const *v); /* never NULL */
/* Splits at each sep; empty parts are left out. */
char **strv_split(const char *s, char sep);
void strv_free(char **v);
/* Value of NAME in a NAME=value array (the last one wins, as in execve's callers), or NULL; borrowed. */
const char *strv_env_get(char *const *env, const char *name);
bool str_starts(const char *s, const char *prefix);

static inline void strv_cleanup_fn(char ***v)
{
	strv_free(*v);
}
#define cleanup_strv ATTR_CLEANUP(strv_cleanup_fn)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NULL-terminated arrays of owned strings. */
#include <config.h>

#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

bool strv_has(const char *const *v, const char *s)
{
	for (; *v; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

void strv_take(char ***v, char *s)
{
	size_t n = strv_len(*v);

	*v = xreallocarray(*v, n + 2, sizeof(char *));
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
	strv_take(v, xstrdup(s));
}

char **strv_dup(char *const *v)
{
	size_t n = strv_len(v);
	char **copy = xcalloc(n + 1, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(v[i]);
	return copy;
}

char **strv_split(const char *s, char sep)
{
	char **v = xcalloc(1, sizeof(char *));

	while (*s) {
		const char *end = strchrnul(s, sep);

		if (end > s)
			strv_take(&v, xstrndup(s, (size_t)(end - s)));
		s = *end ? end + 1 : end;
	}
	return v;
}

void strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

const char *strv_env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			value = env[i] + len + 1;
	return value;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the value tree: questions that need no parser. Library code; the values were made by
 * json.c from untrusted text.
 */
#include <config.h>

#include "libocispec/json.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "libocispec/internal.h"

enum json_type json_type(const struct json_value *v)
{
	return v->type;
}

const char *json_type_name(const struct json_value *v)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	  [JSON_BOOL] = "boolean", [JSON_NUMBER] = "number",
		[JSON_STRING] = "string", [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object",
	};

	return names[v->type];
}

static bool is_container(const struct json_value *v)
{
	return v->type == JSON_OBJECT || v->type == JSON_ARRAY;
}

size_t json_len(const struct json_value *v)
{
	return is_container(v) ? v->kids.n : 0;
}

const struct json_value *json_first(const struct json_value *v)
{
	return is_container(v) ? v->kids.first : NULL;
}

const struct json_value *json_next(const struct json_value *v)
{
	return v->next;
}

const char *json_key(const struct json_value *v)
{
	return v->key;
}

const struct json_value *json_get(const struct json_value *v, const char *key)
{
	if (v->type != JSON_OBJECT)
		return NULL;
	for (const struct json_value *m = v->kids.first; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m->type == JSON_NULL ? NULL : m;
	return NULL;
}

int json_to_string(const struct json_value *v, const char **ret)
{
	if (v->type != JSON_STRING)
		return -EINVAL;
	*ret = v->text.s;
	return 0;
}

int json_to_i64(const struct json_value *v, int64_t *ret)
{
	if (v->type != JSON_NUMBER)
		return -EINVAL;
	return num_parse_i64(v->text.s, ret);
}

int json_to_u64(const struct json_value *v, uint64_t *ret)
{
	if (v->type != JSON_NUMBER)
		return -EINVAL;
	if (v->text.s[0] == '-' && !strpbrk(v->text.s, ".eE"))
		return -ERANGE;
	return num_parse_u64(v->text.s, 10, ret);
}

int json_to_bool(const struct json_value *v, bool *ret)
{
	if (v->type != JSON_BOOL)
		return -EINVAL;
	*ret = v->boolean;
	return 0;
}

int json_get_string(const struct json_value *v, const char *key, const char **ret)
{
	const struct json_value *m = json_get(v, key);

	return m ? json_to_string(m, ret) : -ENOENT;
}

int json_get_i64(const struct json_value *v, const char *key, int64_t *ret)
{
	const struct json_value *m = json_get(v, key);

	return m ? json_to_i64(m, ret) : -ENOENT;
}

int json_get_u64(const struct json_value *v, const char *key, uint64_t *ret)
{
	const struct json_value *m = json_get(v, key);

	return m ? json_to_u64(m, ret) : -ENOENT;
}

int json_get_bool(const struct json_value *v, const char *key, bool *ret)
{
	const struct json_value *m = json_get(v, key);

	return m ? json_to_bool(m, ret) : -ENOENT;
}

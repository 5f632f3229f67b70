/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits and annotations as properties of a systemd unit. Pure: makes no system call. Annotations are what the caller of the runtime wrote, and are
 * refused when they are not understood.
 */
#include <config.h>

#include "cgroup/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cgroup/internal.h"

#define ANNOTATION   "org.systemd.property."
#define MAX_CPUS     8192u
#define USEC_PER_SEC UINT64_C(1000000)

static void property_done(struct unit_property *p)
{
	free(p->name);
	free(p->text);
	free(p->bytes);
	strv_free(p->list);
}

void unit_properties_done(struct unit_properties *p)
{
	for (size_t i = 0; i < p->n; i++)
		property_done(&p->v[i]);
	free(p->v);
	*p = (struct unit_properties){0};
}

void unit_properties_drop(struct unit_properties *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i].name, name) != 0)
			continue;
		property_done(&p->v[i]);
		p->v[i] = p->v[--p->n];
		return;
	}
}

static struct unit_property *add(struct unit_properties *p, const char *name, const char *type)
{
	struct unit_property *new;

	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	new = &p->v[p->n++];
	*new = (struct unit_property){.name = xstrdup(name), .type = type};
	return new;
}

static void add_number(struct unit_properties *p, const char *name, const char *type, uint64_t v)
{
	add(p, name, type)->number = v;
}

/* -1 is "infinity". */
static void add_limit(struct unit_properties *p, const char *name, int64_t v)
{
	add_number(p, name, "t", v < 0 ? UINT64_MAX : (uint64_t)v);
}

static int add_memory(const struct oci_memory *m, bool v2, struct unit_properties *p,
		      struct err **err)
{
	int64_t swap = 0;

	if (m->limit.set && m->limit.v != 0)
		add_limit(p, v2 ? "MemoryMax" : "MemoryLimit", m->limit.v);
	if (!v2)
		return 0;
	if (m->reservation.set && m->reservation.v != 0)
		add_limit(p, "MemoryLow", m->reservation.v);
	/* Without a limit in the same request only the file, which knows the present one, is written. */
	if (!m->swap.set || m->swap.v == 0 || (m->swap.v > 0 && !(m->limit.set && m->limit.v > 0)))
		return 0;
	if (cgroup_swap_max(m->limit.set, m->limit.v, m->swap.v, &swap) < 0)
		return err_text(err, EINVAL,
				"memory.swap (%" PRId64
				") needs a memory.limit that is not above it",
				m->swap.v);
	add_limit(p, "MemorySwapMax", swap);
	return 0;
}

/* "0-3,7" as a bit mask, lowest byte first. */
static int add_mask(struct unit_properties *p, const char *name, const char *list, struct err **err)
{
	cleanup_strv char **parts = strv_split(list, ',');
	struct unit_property *prop = add(p, name, "ay");

	prop->bytes = xcalloc(MAX_CPUS / 8, 1);
	for (size_t i = 0; parts[i]; i++) {
		char *dash = strchr(parts[i], '-');
		uint32_t from, to;

		if (dash)
			*dash = '\0';
		if (num_parse_u32(parts[i], &from) < 0 ||
		    num_parse_u32(dash ? dash + 1 : parts[i], &to) < 0 || from > to ||
		    to >= MAX_CPUS)
			return err_text(err, EINVAL, "`%s` is not a list of CPUs or memory nodes",
					list);
		for (; from <= to; from++)
			prop->bytes[from / 8] |= (uint8_t)(1u << (from % 8));
		prop->n_bytes = MAX(prop->n_bytes, (size_t)to / 8 + 1);
	}
	return 0;
}

/* systemd counts in hundredths of a CPU: rounded up to 10 ms per second, as runc does. */
static uint64_t quota_per_second(int64_t quota, uint64_t period)
{
	uint64_t usec = (uint64_t)quota * USEC_PER_SEC / period;

	return (usec + 9999) / 10000 * 10000;
}

static int add_cpu(const struct oci_cpu *c, bool v2, struct unit_properties *p, struct err **err)
{
	uint64_t period = c->period.set && c->period.v ? c->period.v : 100000;
	int r = 0;

	if (c->shares.set && c->shares.v)
		add_number(p, v2 ? "CPUWeight" : "CPUShares", "t",
			   v2 ? cgroup_weight_of_shares(c->shares.v) : c->shares.v);
	if (c->quota.set && c->quota.v > 0 && (uint64_t)c->quota.v < UINT64_MAX / USEC_PER_SEC)
		add_number(p, "CPUQuotaPerSecUSec", "t", quota_per_second(c->quota.v, period));
	else if (c->quota.set && c->quota.v < 0)
		add_number(p, "CPUQuotaPerSecUSec", "t", UINT64_MAX);
	if (c->period.set && c->period.v)
		add_number(p, "CPUQuotaPeriodUSec", "t", c->period.v);
	if (v2 && c->cpus)
		r = add_mask(p, "AllowedCPUs", c->cpus, err);
	if (r == 0 && v2 && c->mems)
		r = add_mask(p, "AllowedMemoryNodes", c->mems, err);
	return r;
}

int unit_properties_of_resources(const struct oci_resources *res, bool v2,
				 struct unit_properties *p, struct err **err)
{
	int r = 0;

	if (!res)
		return 0;
	if (res->memory)
		r = add_memory(res->memory, v2, p, err);
	if (r == 0 && res->cpu)
		r = add_cpu(res->cpu, v2, p, err);
	if (r < 0)
		return r;
	if (res->pids_limit.set)
		add_limit(p, "TasksMax", res->pids_limit.v);
	if (res->block_io && res->block_io->weight.set && res->block_io->weight.v)
		add_number(p, v2 ? "IOWeight" : "BlockIOWeight", "t",
			   v2 ? cgroup_io_weight(res->block_io->weight.v)
			      : res->block_io->weight.v);
	return 0;
}

/* GVariant text, as far as units need it: true, 'text', 5, uint64 5, ['a', 'b']. */

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

/* A quoted string at *s, with backslash escapes; *s ends behind it. NULL: not one. */
static char *quoted(const char **s)
{
	cleanup_buf struct buf out = {0};
	char quote = **s;
	const char *p = *s + 1;

	if (quote != '\'' && quote != '"')
		return NULL;
	for (; *p && *p != quote; p++) {
		if (*p == '\\' && p[1])
			p++;
		buf_add_char(&out, *p);
	}
	if (!*p)
		return NULL;
	*s = p + 1;
	return buf_steal(&out);
}

static bool parse_list(const char *s, struct unit_property *prop)
{
	prop->type = "as";
	prop->list = xcalloc(1, sizeof(char *));
	for (s = skip_space(s + 1); *s != ']';) {
		char *item = quoted(&s);

		if (!item)
			return false;
		strv_take(&prop->list, item);
		s = skip_space(s);
		if (*s == ',')
			s = skip_space(s + 1);
		else if (*s != ']')
			return false;
	}
	return *skip_space(s + 1) == '\0';
}

static bool parse_number(const char *s, struct unit_property *prop)
{
	static const struct {
		const char *word, *type;
	} types[] = {{"uint64 ", "t"}, {"uint32 ", "u"}, {"int64 ", "x"}, {"int32 ", "i"}};
	int64_t v;

	prop->type = "i";
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_starts(s, types[i].word))
			continue;
		prop->type = types[i].type;
		s = skip_space(s + strlen(types[i].word));
		break;
	}
	if (prop->type[0] == 't')
		return num_parse_u64(s, 10, &prop->number) == 0;
	if (num_parse_i64(s, &v) < 0 || (prop->type[0] == 'u' && (v < 0 || v > UINT32_MAX)) ||
	    (prop->type[0] == 'i' && (v < INT32_MIN || v > INT32_MAX)))
		return false;
	prop->number = (uint64_t)v;
	return true;
}

static bool parse_value(const char *text, struct unit_property *prop)
{
	const char *s = skip_space(text);

	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0) {
		prop->type = "b";
		prop->number = s[0] == 't';
		return true;
	}
	if (*s == '[')
		return parse_list(s, prop);
	prop->text = quoted(&s);
	if (prop->text) {
		prop->type = "s";
		return *skip_space(s) == '\0';
	}
	return parse_number(s, prop);
}

/* Units know TimeoutStopUSec only; people write the name of the unit file's setting, in seconds. */
static void seconds_to_usec(struct unit_property *prop)
{
	size_t len = strlen(prop->name);
	char *name;

	if (len < 3 || strcmp(prop->name + len - 3, "Sec") != 0 ||
	    (len >= 4 && prop->name[len - 4] == 'U') || !strchr("tuix", prop->type[0]))
		return;
	name = xasprintf("%.*sUSec", (int)len - 3, prop->name);
	free(prop->name);
	prop->name = name;
	prop->type = "t";
	prop->number *= USEC_PER_SEC;
}

int unit_properties_of_annotations(const struct oci_pair *v, size_t n, struct unit_properties *p,
				   struct err **err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = v[i].key + strlen(ANNOTATION);
		struct unit_property *prop;

		if (!str_starts(v[i].key, ANNOTATION))
			continue;
		if (!name[0] ||
		    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")])
			return err_text(err, EINVAL, "annotation `%s`: not the name of a property",
					v[i].key);
		unit_properties_drop(p, name);
		prop = add(p, name, "s");
		if (!parse_value(v[i].value, prop))
			return err_text(err, EINVAL,
					"annotation `%s`: the value must be true, false, a number "
					"(perhaps behind uint64, uint32, int64, int32), 'text' or "
					"['text', ...], not `%s`",
					v[i].key, v[i].value);
		seconds_to_usec(prop);
	}
	return 0;
}

int unit_names(const char *path, const char *id, bool user, char **ret_unit, char **ret_slice,
	       struct err **err)
{
	const char *first = path ? strchr(path, ':') : NULL;
	const char *second = first ? strchr(first + 1, ':') : NULL;
	cleanup_free char *slice = NULL, *prefix = NULL;

	if (path && (!second || strchr(second + 1, ':') || !second[1] || strchr(path, '/')))
		return err_text(err, EINVAL,
				"linux.cgroupsPath must have the form slice:prefix:name for the "
				"systemd manager, not `%s`",
				path);
	slice = path ? xstrndup(path, (size_t)(first - path)) : xstrdup("");
	prefix = path ? xstrndup(first + 1, (size_t)(second - first - 1)) : xstrdup("sandlock");
	if (slice[0] && (strlen(slice) < 7 || strcmp(slice + strlen(slice) - 6, ".slice") != 0))
		return err_text(err, EINVAL,
				"linux.cgroupsPath `%s`: `%s` is not the name of a slice", path,
				slice);
	if (path && strlen(second + 1) > 6 &&
	    strcmp(second + 1 + strlen(second + 1) - 6, ".slice") == 0)
		return err_text(err, ENOTSUP,
				"linux.cgroupsPath `%s`: a container cannot be a slice", path);
	*ret_unit = xasprintf("%s%s%s.scope", prefix, prefix[0] ? "-" : "", path ? second + 1 : id);
	*ret_slice = slice[0] ? steal_ptr(&slice) : xstrdup(user ? "user.slice" : "system.slice");
	return 0;
}

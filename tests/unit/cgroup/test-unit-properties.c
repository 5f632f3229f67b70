/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits and annotations as properties of a systemd unit; names of units. */
/* covers: cgroup systemd: limits */
#include "cgroup/systemd.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/err.h"
#include "cgroup/internal.h"
#include "tests/lib/tap.h"

#define SET(n)                                                                                     \
	{                                                                                          \
		.set = true, .v = (n)                                                              \
	}

/* "Name type value" and a newline for each. */
static char *text_of(const struct unit_properties *p)
{
	static char text[2048];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->n; i++) {
		const struct unit_property *v = &p->v[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s ", v->name, v->type);
		if (v->text)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", v->text);
		else if (v->list)
			for (char **s = v->list; *s; s++)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "[%s]", *s);
		else if (v->bytes)
			for (size_t b = 0; b < v->n_bytes; b++)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x",
						      v->bytes[b]);
		else
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%" PRId64,
					      (int64_t)v->number);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\n");
	}
	return text;
}

static void test_resources(void)
{
	struct oci_memory m = {.limit = SET(4096), .swap = SET(6144), .reservation = SET(1024)};
	struct oci_cpu c = {.shares = SET(1024),
			    .quota = SET(50500),
			    .period = SET(100000),
			    .cpus = "0,2-3,8",
			    .mems = "0"};
	struct oci_block_io io = {.weight = SET(1000)};
	struct oci_resources res = {
		.memory = &m, .cpu = &c, .block_io = &io, .pids_limit = SET(-1)};
	struct unit_properties p = {0};
	struct err *err = NULL;
	int r;

	is_int(unit_properties_of_resources(&res, true, &p, &err), 0, "v2");
	is_str(text_of(&p),
	       "MemoryMax t 4096\nMemoryLow t 1024\nMemorySwapMax t 2048\nCPUWeight t 100\n"
	       "CPUQuotaPerSecUSec t 510000\nCPUQuotaPeriodUSec t 100000\nAllowedCPUs ay 0d01\n"
	       "AllowedMemoryNodes ay 01\nTasksMax t -1\nIOWeight t 10000\n",
	       "names and units of v2");
	unit_properties_done(&p);
	is_int(unit_properties_of_resources(&res, false, &p, &err), 0, "v1");
	is_str(text_of(&p),
	       "MemoryLimit t 4096\nCPUShares t 1024\nCPUQuotaPerSecUSec t 510000\n"
	       "CPUQuotaPeriodUSec t 100000\nTasksMax t -1\nBlockIOWeight t 1000\n",
	       "names and units of v1");
	unit_properties_done(&p);
	m.swap.v = 1;
	r = unit_properties_of_resources(&res, true, &p, &err);
	ok(r < 0, "swap below the limit: %s", err_msg(err));
	unit_properties_done(&p);
	res.memory = NULL;
	c.cpus = "0-99999";
	r = unit_properties_of_resources(&res, true, &p, &err);
	ok(r < 0, "too many CPUs: %s", err_msg(err));
	unit_properties_done(&p);
	is_int(unit_properties_of_resources(NULL, true, &p, &err), 0, "no limits");
	is_int(p.n, 0, "no properties");
	err_free(err);
}

static void test_annotations(void)
{
	static const struct {
		const char *key, *value, *text; /* text NULL: refused */
	} rows[] = {
		{"Flag", "true", "Flag b 1\n"},
		{"Flag", "false", "Flag b 0\n"},
		{"Number", "-5", "Number i -5\n"},
		{"Number", "uint64 18446744073709551615", "Number t -1\n"},
		{"Number", "uint32 7", "Number u 7\n"},
		{"Number", "int64  -7", "Number x -7\n"},
		{"Text", "'it''", NULL},
		{"Text", "'it\\'s'", "Text s it's\n"},
		{"Text", "\"quoted\" ", "Text s quoted\n"},
		{"List", "['a', \"b\"]", "List as [a][b]\n"},
		{"List", "[]", "List as \n"},
		{"List", "['a'", NULL},
		{"List", "['a' 'b']", NULL},
		{"List", "[a]", NULL},
		{"TimeoutStopSec", "5", "TimeoutStopUSec t 5000000\n"},
		{"TimeoutStopUSec", "uint64 5", "TimeoutStopUSec t 5\n"},
		{"Text", "bare", NULL},
		{"Number", "uint32 -1", NULL},
		{"Number", "99999999999", NULL},
		{"Bad-Name", "1", NULL},
		{"", "1", NULL},
		{"Text", "'open", NULL},
		{"Text", "", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct unit_properties p = {0};
		struct err *err = NULL;
		char key[64];
		struct oci_pair pairs[] = {{"org.example", "x"}, {key, rows[i].value}};
		int r;

		snprintf(key, sizeof(key), "org.systemd.property.%s", rows[i].key);
		r = unit_properties_of_annotations(pairs, 2, &p, &err);
		if (rows[i].text) {
			is_int(r, 0, "%s = %s", rows[i].key, rows[i].value);
			is_str(text_of(&p), rows[i].text, "value");
		} else {
			ok(r < 0 && strstr(err_msg(err), key), "refused: %s", err_msg(err));
		}
		unit_properties_done(&p);
		err_free(err);
	}
}

static void test_names(void)
{
	static const struct {
		const char *path;
		bool user;
		const char *unit, *slice; /* unit NULL: refused */
	} rows[] = {
		{NULL, false, "sandlock-ID.scope", "system.slice"},
		{NULL, true, "sandlock-ID.scope", "user.slice"},
		{"machine.slice:libpod:abc", false, "libpod-abc.scope", "machine.slice"},
		{"::abc", false, "abc.scope", "system.slice"},
		{":crio:abc", true, "crio-abc.scope", "user.slice"},
		{"a.slice:b", false, NULL, NULL},
		{"/a/b", false, NULL, NULL},
		{"a:b:c", false, NULL, NULL},
		{"a.slice:b:", false, NULL, NULL},
		{"a.slice:b:c:d", false, NULL, NULL},
		{"a.slice:b:c.slice", false, NULL, NULL},
		{"../a.slice:b:c", false, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *unit = NULL, *slice = NULL;
		struct err *err = NULL;
		int r = unit_names(rows[i].path, "ID", rows[i].user, &unit, &slice, &err);

		if (rows[i].unit) {
			is_int(r, 0, "%s", rows[i].path ? rows[i].path : "(none)");
			is_str(unit, rows[i].unit, "unit");
			is_str(slice, rows[i].slice, "slice");
		} else {
			ok(r < 0 && strstr(err_msg(err), rows[i].path), "refused: %s",
			   err_msg(err));
		}
		free(unit);
		free(slice);
		err_free(err);
	}
}

int main(void)
{
	struct unit_properties p = {0};
	struct oci_pair pairs[] = {{"org.systemd.property.A", "1"},
				   {"org.systemd.property.B", "2"}};

	test_resources();
	test_annotations();
	test_names();
	is_int(unit_properties_of_annotations(pairs, 2, &p, NULL), 0, "two");
	unit_properties_drop(&p, "A");
	is_str(text_of(&p), "B i 2\n", "one is dropped");
	unit_properties_drop(&p, "Z");
	is_int(p.n, 1, "an unknown name drops nothing");
	unit_properties_done(&p);
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of CPUs and memory nodes: what is one, what is none, and back to the shortest text. */
#include <config.h>

#include "base/idset.h"

#include "base/buf.h"
#include "tests/lib/tap.h"

/* The list as it is written back, or "-errno". Static. */
static const char *parse(const char *text)
{
	static char shown[256];
	struct idset set = {0};
	struct buf out = {0};
	int r = idset_parse(text, &set);

	if (r < 0) {
		ok(!set.words, "`%s`: untouched on failure", text);
		snprintf(shown, sizeof(shown), "%d", r);
		return shown;
	}
	idset_format(&set, &out);
	snprintf(shown, sizeof(shown), "%s", out.data);
	buf_done(&out);
	idset_done(&set);
	return shown;
}

int main(void)
{
	static const struct {
		const char *text;
		const char *want;
	} good[] = {
		{"0", "0"},
		{"0-3,7", "0-3,7"},
		{" 7 , 0 - 1,2 ", "0-2,7"},
		{"63,64,65", "63-65"},
		{"5-5,5", "5"},
		{"8191", "8191"},
	};
	static const char *const no_list[] = {"",   " ",  ",",	  "1,",	 ",1", "-",
					      "1-", "-1", "1--2", "1 2", "0x1"};
	static const char *const no_range[] = {"8192", "0-8192", "3-1", "99999999999999999999"};
	struct idset all;
	struct buf out = {0};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_str(parse(good[i].text), good[i].want, "`%s`", good[i].text);
	for (size_t i = 0; i < sizeof(no_list) / sizeof(no_list[0]); i++)
		is_str(parse(no_list[i]), "-22", "`%s` is no list", no_list[i]);
	for (size_t i = 0; i < sizeof(no_range) / sizeof(no_range[0]); i++)
		is_str(parse(no_range[i]), "-34", "`%s` is out of range", no_range[i]);
	idset_fill(&all);
	idset_format(&all, &out);
	is_str(out.data, "0-8191", "all");
	buf_done(&out);
	idset_done(&all);
	return tap_done();
}

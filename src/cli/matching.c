/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers by regular expression. */
#include <config.h>

#include "cli/matching.h"

#include <errno.h>
#include <regex.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "container/store.h"

static int each(const char *root, const regex_t *regex, matching_fn fn, void *arg, struct err **err)
{
	cleanup_err struct err *first = NULL;
	cleanup_strv char **ids = NULL;
	int r = store_list(root, &ids, err);

	if (r < 0)
		return r;
	for (char **id = ids; *id; id++) {
		if (regexec(regex, *id, 0, NULL, 0) == 0)
			fn(root, *id, arg, first ? NULL : &first);
	}
	return first ? err_text(err, err_code(first), "%s", err_msg(first)) : 0;
}

int for_each_matching(const char *root, const char *pattern, matching_fn fn, void *arg,
		      struct err **err)
{
	regex_t regex;
	int r;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return err_text(err, EINVAL, "`%s` is not a regular expression", pattern);
	r = each(root, &regex, fn, arg, err);
	regfree(&regex);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prepare [IMAGE]: live roots ahead of the containers that will need them. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/options.h"
#include "container/container.h"

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct prepare_params p = {.spare = 1};
	const struct option_row rows[] = {
		{"bundle", 'b', OPTION_STRING, &p.bundle, "DIR",
		 "for containers such as this bundle's"},
		{"pool", 0, OPTION_STRING, &p.pool, "DIR",
		 "where the spare roots lie (default: beside IMAGE)"},
		{"share", 0, OPTION_STRING, &p.share, "auto|link|reflink|copy",
		 "how files are shared (default: auto)"},
		{"spare", 0, OPTION_NUMBER, &p.spare, "N",
		 "how many to keep ready (default: 1; 0 removes them)"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 0, 1, argc, argv, &first, err);

	(void)cli;
	(void)ret_status;
	if (r != 0)
		return r;
	p.image = argv[first];
	if (!p.image == !p.bundle)
		return err_text(err, EINVAL, "either an IMAGE or --bundle is needed");
	if (p.bundle && (p.pool || p.share))
		return err_text(err, EINVAL,
				"--pool and --share go with an IMAGE; a bundle has annotations");
	return container_prepare(&p, err);
}

const struct command cmd_prepare = {
	.name = "prepare",
	.args = "[options] IMAGE | --bundle DIR",
	.summary = "keep copy-on-write roots ready, so that create has only to take one",
	.run = run,
};

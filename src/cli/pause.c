/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause ID and resume ID: freeze the processes of a container, and let them go on. */
#include <config.h>

#include "cli/command.h"

#include <stddef.h>

#include "cli/options.h"
#include "container/container.h"

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const struct option_row rows[] = {{NULL}};
	const char *root;
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	r = cli_root(cli, &root, err);
	return r < 0 ? r : container_pause(root, argv[first], self == &cmd_pause, err);
}

const struct command cmd_pause = {
	.name = "pause",
	.args = "ID",
	.summary = "freeze the processes of a container",
	.run = run,
};

const struct command cmd_resume = {
	.name = "resume",
	.args = "ID",
	.summary = "let a paused container go on",
	.run = run,
};

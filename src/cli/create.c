/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create ID: everything but starting the program. */
#include <config.h>

#include "cli/command.h"

#include <stddef.h>

#include "base/buf.h"
#include "cli/create_options.h"
#include "container/container.h"

static int dump_plan(const struct create_params *p, struct err **err)
{
	cleanup_buf struct buf text = {0};
	int r = container_dump_plan(p, &text, err);

	return r < 0 ? r : cli_print(&text, err);
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct create_params p = {.bundle = ".", .cgroup_manager = cli->cgroup_manager};
	bool dump = false;
	const struct option_row rows[] = {
		CREATE_OPTION_ROWS(&p, &dump),
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	p.id = argv[first];
	if (dump)
		return dump_plan(&p, err);
	r = cli_root(cli, &p.root, err);
	return r < 0 ? r : container_create(&p, err);
}

const struct command cmd_create = {
	.name = "create",
	.args = "[options] ID",
	.summary = "set a container up without starting its program",
	.run = run,
};

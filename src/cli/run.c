/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run ID: create and start; in the foreground also wait and delete. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/changes.h"
#include "cli/create_options.h"
#include "container/container.h"

static int dump_plan(const struct create_params *p, struct err **err)
{
	cleanup_buf struct buf text = {0};
	int r = container_dump_plan(p, &text, err);

	return r < 0 ? r : cli_print(&text, err);
}

/* The container runs as ever, but its changes are shown and then thrown away. */
static int dry_run(struct create_params *p, int *ret_status, struct err **err)
{
	int status = 0, deleted, r;

	if (p->detach || p->keep || p->cow_keep || p->commit_to)
		return err_text(err, EINVAL,
				"--dry-run throws the changes away at the end: it does not go with "
				"--detach, "
				"--keep, --cow-keep and --commit-to");
	if (p->cow && strcmp(p->cow, "on") != 0)
		return err_text(err, EINVAL, "--dry-run needs copy-on-write: not --cow=%s", p->cow);
	p->cow = "on";
	p->cow_keep = "discard";
	p->keep = true;
	r = container_run(p, &status, err);
	if (r < 0)
		return r;
	r = cli_print_changes(p->root, p->id, false, err);
	deleted =
		container_delete(p->root, p->id, DELETE_FORCE | DELETE_DISCARD, r < 0 ? NULL : err);
	*ret_status = status;
	return r < 0 ? r : deleted;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct create_params p = {.bundle = ".", .cgroup_manager = cli->cgroup_manager};
	bool dump = false, dry = false;
	const struct option_row rows[] = {
		CREATE_OPTION_ROWS(&p, &dump),
		{"detach", 'd', OPTION_FLAG, &p.detach, NULL, "return when the program runs"},
		{"dry-run", 0, OPTION_FLAG, &dry, NULL,
		 "list the changes at the end and discard them"},
		{"keep", 0, OPTION_FLAG, &p.keep, NULL, "do not delete the container at the end"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	if (r != 0)
		return r;
	p.id = argv[first];
	if (dump)
		return dump_plan(&p, err);
	r = cli_root(cli, &p.root, err);
	if (r < 0)
		return r;
	return dry ? dry_run(&p, ret_status, err) : container_run(&p, ret_status, err);
}

const struct command cmd_run = {
	.name = "run",
	.args = "[options] ID",
	.summary = "create, start, wait for and delete a container",
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delete ID: removes a container and what create made for it. */
#include <config.h>

#include "cli/command.h"

#include <stddef.h>

#include "cli/matching.h"
#include "cli/options.h"
#include "container/container.h"

static int delete_one(const char *root, const char *id, void *arg, struct err **err)
{
	return container_delete(root, id, *(unsigned *)arg, err);
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	bool force = false, regex = false, discard = false;
	const struct option_row rows[] = {
		{"discard", 0, OPTION_FLAG, &discard, NULL,
		 "throw the changes away, even if they were to be kept or committed"},
		{"force", 'f', OPTION_FLAG, &force, NULL,
		 "kill it first; no error if there is no such container"},
		{"regex", 'r', OPTION_FLAG, &regex, NULL, "ID is an extended regular expression"},
		{NULL},
	};
	const char *root;
	unsigned flags;
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	flags = (force ? DELETE_FORCE : 0) | (discard ? DELETE_DISCARD : 0);
	r = cli_root(cli, &root, err);
	if (r < 0)
		return r;
	return regex ? for_each_matching(root, argv[first], delete_one, &flags, err)
		     : delete_one(root, argv[first], &flags, err);
}

const struct command cmd_delete = {
	.name = "delete",
	.args = "[options] ID",
	.summary = "remove a container",
	.run = run,
};

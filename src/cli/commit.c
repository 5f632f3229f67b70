/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit ID: the changes of a copy-on-write container, applied to a directory. */
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
	const char *to = NULL, *upper = NULL, *root;
	bool force = false;
	const struct option_row rows[] = {
		{"force", 'f', OPTION_FLAG, &force, NULL,
		 "with --to: overwrite what somebody else has changed there"},
		{"to", 0, OPTION_STRING, &to, "DIR", "apply the changes to DIR"},
		{"upper", 0, OPTION_STRING, &upper, "DIR",
		 "write them to DIR, new or empty, as an upper directory of overlayfs"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	if (!to == !upper)
		return err_text(err, EINVAL, "commit: give one of --to DIR and --upper DIR");
	if (force && upper)
		return err_text(err, EINVAL, "commit: --force belongs to --to");
	r = cli_root(cli, &root, err);
	if (r < 0)
		return r;
	return to ? container_commit(root, argv[first], to, force, err)
		  : container_commit_upper(root, argv[first], upper, err);
}

const struct command cmd_commit = {
	.name = "commit",
	.args = "[options] --to DIR|--upper DIR ID",
	.summary = "apply what a copy-on-write container has changed to a directory",
	.run = run,
};

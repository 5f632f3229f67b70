/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kill ID [SIGNAL]: sends a signal to a container. */
#include <config.h>

#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/matching.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "container/container.h"

struct request {
	int sig;
	bool all;
};

static int kill_one(const char *root, const char *id, void *arg, struct err **err)
{
	const struct request *req = arg;

	return container_kill(root, id, req->sig, req->all, err);
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct request req = {.sig = SIGTERM};
	bool regex = false;
	const struct option_row rows[] = {
		{"all", 'a', OPTION_FLAG, &req.all, NULL, "every process of the container"},
		{"regex", 'r', OPTION_FLAG, &regex, NULL, "ID is an extended regular expression"},
		{NULL},
	};
	const char *root;
	int first, r = cli_parse(self, rows, 1, 2, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	if (first + 1 < argc) {
		req.sig = signal_parse(argv[first + 1]);
		if (req.sig < 0)
			return err_text(err, EINVAL, "unknown signal `%s`", argv[first + 1]);
	}
	r = cli_root(cli, &root, err);
	if (r < 0)
		return r;
	return regex ? for_each_matching(root, argv[first], kill_one, &req, err)
		     : kill_one(root, argv[first], &req, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.args = "[options] ID [SIGNAL]",
	.summary = "send a signal to a container (default: TERM)",
	.run = run,
};

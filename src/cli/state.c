/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state ID: the state document on stdout. */
#include <config.h>

#include "cli/command.h"

#include <stddef.h>

#include "base/buf.h"
#include "cli/options.h"
#include "container/state_doc.h"
#include "container/store.h"
#include "libocispec/encode.h"

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const struct option_row rows[] = {{NULL}};
	cleanup_container struct container *c = NULL;
	cleanup_buf struct buf text = {0};
	struct encoder out = {.out = &text, .indent = true};
	const char *root;
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	r = cli_root(cli, &root, err);
	if (r == 0)
		r = store_open(root, argv[first], 0, &c, err);
	if (r < 0)
		return r;
	state_doc_write(c, &out);
	buf_add_char(&text, '\n');
	return cli_print(&text, err);
}

const struct command cmd_state = {
	.name = "state",
	.args = "ID",
	.summary = "print the state of a container as JSON",
	.run = run,
};

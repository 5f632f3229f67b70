/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps ID: the processes of a container. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "cli/options.h"
#include "container/container.h"
#include "libocispec/encode.h"

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *format = "table", *root;
	const struct option_row rows[] = {
		{"format", 'f', OPTION_STRING, &format, "FORMAT", "table (default) or json"},
		{NULL},
	};
	cleanup_buf struct buf text = {0};
	struct encoder out = {.out = &text, .indent = true};
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);
	bool json = strcmp(format, "json") == 0;

	(void)ret_status;
	if (r != 0)
		return r;
	if (!json && strcmp(format, "table") != 0)
		return err_text(err, EINVAL, "option --format must be table or json, not `%s`",
				format);
	r = cli_root(cli, &root, err);
	if (r == 0)
		r = container_pids(root, argv[first], &pids, &n, err);
	if (r < 0)
		return r;
	if (json)
		encode_begin_array(&out);
	else
		buf_add_str(&text, "PID\n");
	for (size_t i = 0; i < n; i++) {
		if (json)
			encode_i64(&out, pids[i]);
		else
			buf_printf(&text, "%d\n", (int)pids[i]);
	}
	if (json) {
		encode_end_array(&out);
		buf_add_char(&text, '\n');
	}
	return cli_print(&text, err);
}

const struct command cmd_ps = {
	.name = "ps",
	.args = "[options] ID",
	.summary = "list the processes of a container",
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff ID: what a copy-on-write container has changed. */
#include <config.h>

#include "cli/changes.h"
#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"
#include "container/container.h"
#include "libocispec/encode.h"

struct output {
	struct buf text;
	struct encoder json;
	bool as_json;
};

/* "C /etc/passwd", as podman diff. A newline in a name would look like another line: JSON has no such doubt. */
static void add(void *arg, char kind, const char *path)
{
	struct output *o = arg;
	char kind_text[2] = {kind, '\0'};
	cleanup_buf struct buf absolute = {0};

	buf_printf(&absolute, "/%s", path);
	if (!o->as_json) {
		buf_printf(&o->text, "%c %s\n", kind, absolute.data);
		return;
	}
	encode_begin_object(&o->json);
	encode_member_string(&o->json, "kind", kind_text);
	encode_member_string(&o->json, "path", absolute.data);
	encode_end_object(&o->json);
}

int cli_print_changes(const char *root, const char *id, bool json, struct err **err)
{
	struct output o = {.json = {.indent = true}, .as_json = json};
	int r;

	o.json.out = &o.text;
	if (json)
		encode_begin_array(&o.json);
	r = container_diff(root, id, add, &o, err);
	if (json) {
		encode_end_array(&o.json);
		buf_add_char(&o.text, '\n');
	}
	if (r == 0)
		r = cli_print(&o.text, err);
	buf_done(&o.text);
	return r;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *format = "text", *root;
	const struct option_row rows[] = {
		{"format", 'f', OPTION_STRING, &format, "FORMAT", "text (default) or json"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);
	bool json;

	(void)ret_status;
	if (r != 0)
		return r;
	json = strcmp(format, "json") == 0;
	/* "table": the word of podman and of `list` */
	if (!json && strcmp(format, "text") != 0 && strcmp(format, "table") != 0)
		return err_text(err, EINVAL, "option --format must be text or json, not `%s`",
				format);
	r = cli_root(cli, &root, err);
	return r < 0 ? r : cli_print_changes(root, argv[first], json, err);
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "[options] ID",
	.summary = "list what a copy-on-write container has changed",
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: the containers below the state root. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/strv.h"
#include "cli/options.h"
#include "container/lifecycle.h"
#include "container/state_doc.h"
#include "container/store.h"
#include "libocispec/encode.h"

enum format { TABLE, JSON, QUIET };

static void add_row(const struct container *c, struct buf *text)
{
	enum container_state state = lifecycle_state(c);
	const struct status *s = c->status;

	buf_printf(text, "%-30s %-9d %-9s %-39s %-30s %s\n", c->id,
		   s && state != STATE_STOPPED ? (int)s->pid : 0, lifecycle_state_name(state),
		   s ? s->bundle : "", s ? s->created : "", s && s->owner ? s->owner : "");
}

static void begin(enum format format, struct encoder *out)
{
	if (format == JSON)
		encode_begin_array(out);
	else if (format == TABLE)
		buf_printf(out->out, "%-30s %-9s %-9s %-39s %-30s %s\n", "NAME", "PID", "STATUS",
			   "BUNDLE PATH", "CREATED", "OWNER");
}

static void add(const struct container *c, enum format format, struct encoder *out)
{
	if (format == QUIET)
		buf_printf(out->out, "%s\n", c->id);
	else if (format == JSON)
		state_doc_list_item(c, out);
	else
		add_row(c, out->out);
}

/* A container that goes away while we list, or a directory that only looks like one, is left out. */
static int list(const char *root, enum format format, struct buf *text, struct err **err)
{
	struct encoder out = {.out = text, .indent = true};
	cleanup_strv char **ids = NULL;
	int r = store_list(root, &ids, err);

	if (r < 0)
		return r;
	begin(format, &out);
	for (char **id = ids; *id; id++) {
		cleanup_container struct container *c = NULL;
		cleanup_err struct err *why = NULL;

		if (store_open(root, *id, 0, &c, &why) == 0)
			add(c, format, &out);
		else
			log_debug("list: %s", err_msg(why));
	}
	if (format == JSON) {
		encode_end_array(&out);
		buf_add_char(text, '\n');
	}
	return 0;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *format_name = "table", *root;
	bool quiet = false;
	const struct option_row rows[] = {
		{"quiet", 'q', OPTION_FLAG, &quiet, NULL, "only the ids"},
		{"format", 'f', OPTION_STRING, &format_name, "table|json",
		 "table (default) or json"},
		{NULL},
	};
	cleanup_buf struct buf text = {0};
	int first, r = cli_parse(self, rows, 0, 0, argc, argv, &first, err);
	enum format format = quiet ? QUIET : strcmp(format_name, "json") == 0 ? JSON : TABLE;

	(void)ret_status;
	if (r != 0)
		return r;
	if (format == TABLE && strcmp(format_name, "table") != 0)
		return err_text(err, EINVAL, "option --format must be table or json, not `%s`",
				format_name);
	r = cli_root(cli, &root, err);
	if (r == 0)
		r = list(root, format, &text, err);
	return r < 0 ? r : cli_print(&text, err);
}

const struct command cmd_list = {
	.name = "list",
	.args = "[options]",
	.summary = "list containers",
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export ID: the changes of a copy-on-write container as a layer of an image. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/options.h"
#include "layer/layer.h"

struct export
{
	const char *root, *id, *output;
	struct layer_params layer;
};

static int to_stdout(struct export *e, struct err **err)
{
	if (isatty(STDOUT_FILENO))
		return err_text(err, EINVAL,
				"a layer is not written to a terminal: give --output FILE");
	e->layer.fd = STDOUT_FILENO;
	return container_export(e->root, e->id, &e->layer, err);
}

/* Something else than a file (a pipe, a device) is written to as it is. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The name shows the whole layer, or what it showed before. */
static int to_file(struct export *e, struct err **err)
{
	cleanup_free char *temp =
		is_special(e->output) ? xstrdup(e->output) : xasprintf("%s.XXXXXX", e->output);
	bool special = strcmp(temp, e->output) == 0;
	cleanup_fd int fd = special ? open(temp, O_WRONLY | O_CLOEXEC) : mkostemp(temp, O_CLOEXEC);
	mode_t mask;
	int r;

	if (fd < 0)
		return err_set(err, errno, "create %s", temp);
	e->layer.fd = fd;
	r = container_export(e->root, e->id, &e->layer, err);
	if (special)
		return r;
	mask = umask(0);
	umask(mask);
	if (r == 0 && (fchmod(fd, 0666 & ~mask) < 0 || rename(temp, e->output) < 0))
		r = err_set(err, errno, "write %s", e->output);
	if (r < 0)
		unlink(temp);
	return r;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct export e = {0};
	const char *compression = NULL;
	const struct option_row rows[] = {
		{"compression", 0, OPTION_STRING, &compression, "none|gzip|zstd",
		 "default: as the name of FILE ends"},
		{"output", 'o', OPTION_STRING, &e.output, "FILE", "where to write; - is stdout"},
		{"sparse", 0, OPTION_FLAG, &e.layer.sparse, NULL,
		 "keep holes of files (not every tool can read that)"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, 1, argc, argv, &first, err);

	(void)ret_status;
	if (r != 0)
		return r;
	if (!layer_is_supported())
		return err_text(err, ENOTSUP,
				"export is missing: this program was built --without-libarchive");
	if (!e.output)
		return err_text(err, EINVAL,
				"export: say where to write: --output FILE, or -o - for stdout");
	e.layer.compression = layer_compression_of(e.output);
	if (compression && layer_compression_by_name(compression, &e.layer.compression) < 0)
		return err_text(err, EINVAL,
				"option --compression must be none, gzip or zstd, not `%s`",
				compression);
	e.id = argv[first];
	r = cli_root(cli, &e.root, err);
	if (r < 0)
		return r;
	return strcmp(e.output, "-") == 0 ? to_stdout(&e, err) : to_file(&e, err);
}

const struct command cmd_export = {
	.name = "export",
	.args = "[options] -o FILE ID",
	.summary = "write what a copy-on-write container has changed as a layer",
	.run = run,
};

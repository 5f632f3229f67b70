/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec: writes a config.json that runs as it is, given a root file system in rootfs/. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/spec_doc.h"
#include "libocispec/encode.h"

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *bundle = ".", *file = NULL;
	bool rootless = false;
	const struct option_row rows[] = {
		{"bundle", 'b', OPTION_STRING, &bundle, "DIR", "where to write it (default: .)"},
		{"file", 'f', OPTION_STRING, &file, "FILE",
		 "write FILE instead of DIR/config.json"},
		{"rootless", 0, OPTION_FLAG, &rootless, NULL, "for an ordinary user"},
		{NULL},
	};
	cleanup_free char *path = NULL;
	cleanup_buf struct buf text = {0};
	cleanup_fd int fd = -EBADF;
	int first, r = cli_parse(self, rows, 0, 0, argc, argv, &first, err);

	(void)cli;
	(void)ret_status;
	if (r != 0)
		return r;
	spec_doc_write(&text, rootless);
	path = file ? xstrdup(file) : xasprintf("%s/config.json", bundle);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_text(err, EEXIST, "file %s exists. Remove it first", path);
	r = fd < 0 ? -errno : text.error ? text.error : fd_write_all(fd, text.data, text.len);
	return r < 0 ? err_set(err, r, "write %s", path) : 0;
}

const struct command cmd_spec = {
	.name = "spec",
	.args = "[options]",
	.summary = "write a config.json to start from",
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps ID [OPTION...]: the processes of a container; with options for ps(1) its table, without the lines of other processes. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/options.h"
#include "container/container.h"
#include "host/process.h"
#include "libocispec/encode.h"

#define PS_OUTPUT_MAX (64u << 20)

struct pids {
	pid_t *v;
	size_t n;
};

static void print_pids(const struct pids *pids, bool json, struct buf *text)
{
	struct encoder out = {.out = text, .indent = true};

	if (json)
		encode_begin_array(&out);
	else
		buf_add_str(text, "PID\n");
	for (size_t i = 0; i < pids->n; i++) {
		if (json)
			encode_i64(&out, pids->v[i]);
		else
			buf_printf(text, "%d\n", (int)pids->v[i]);
	}
	if (json) {
		encode_end_array(&out);
		buf_add_char(text, '\n');
	}
}

/* Output of the host's ps. It may say no more than the user could see by calling it. */
static int run_ps(char *const *options, struct buf *out, struct err **err)
{
	cleanup_strv char **argv = NULL;
	cleanup_fd int from = -EBADF, to = -EBADF;
	int fds[2], status, reaped, r;
	pid_t pid;

	strv_add(&argv, "ps");
	for (; *options; options++)
		strv_add(&argv, *options);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, errno, "make a pipe for ps");
	from = fds[0];
	to = fds[1];
	pid = fork();
	if (pid < 0)
		return err_set(err, errno, "start ps");
	if (pid == 0) {
		if (dup2(to, STDOUT_FILENO) >= 0) {
			/* Engines give us no PATH. */
			execv("/usr/bin/ps", argv);
			execv("/bin/ps", argv);
		}
		_exit(127);
	}
	close_fd(&to);
	r = fd_read_to_buf(from, PS_OUTPUT_MAX, out);
	close_fd(&from);
	reaped = host_reap(pid, &status);
	if (r == 0)
		r = reaped;
	if (r < 0)
		return err_set(err, r, "read what ps prints");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_text(err, ENOENT, "cannot run ps: is procps installed?");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_text(err, EINVAL, "ps failed");
	return 0;
}

/* The n-th word of a line, or -1. */
static int column_of(const char *heading, const char *name)
{
	cleanup_strv char **words = strv_split(heading, ' ');

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], name) == 0)
			return i;
	return -1;
}

static bool is_ours(const char *line, int column, const struct pids *pids)
{
	cleanup_strv char **words = strv_split(line, ' ');
	int pid;

	if (strv_len(words) <= (size_t)column || num_parse_int(words[column], &pid) < 0)
		return false;
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

static int print_table(char *const *options, const struct pids *pids, struct buf *text,
		       struct err **err)
{
	cleanup_buf struct buf out = {0};
	cleanup_strv char **lines = NULL;
	int column, r = run_ps(options, &out, err);

	if (r < 0)
		return r;
	lines = strv_split(out.data ? out.data : "", '\n');
	column = lines[0] ? column_of(lines[0], "PID") : -1;
	if (column < 0)
		return err_text(err, EINVAL,
				"ps prints no column PID with these options: it is needed to pick "
				"the lines of the container");
	buf_printf(text, "%s\n", lines[0]);
	for (char **line = lines + 1; *line; line++)
		if (is_ours(*line, column, pids))
			buf_printf(text, "%s\n", *line);
	return 0;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const char *format = "table", *root;
	const struct option_row rows[] = {
		{"format", 'f', OPTION_STRING, &format, "table|json", "table (default) or json"},
		{NULL},
	};
	cleanup_buf struct buf text = {0};
	struct pids pids = {0};
	int first, r = cli_parse(self, rows, 1, -1, argc, argv, &first, err);
	bool json = strcmp(format, "json") == 0;
	char *const *options;

	(void)ret_status;
	if (r != 0)
		return r;
	options = argv + first + 1;
	if (!json && strcmp(format, "table") != 0)
		return err_text(err, EINVAL, "option --format must be table or json, not `%s`",
				format);
	if (json && *options)
		return err_text(err, EINVAL, "options for ps (`%s`) have no effect on json",
				*options);
	r = cli_root(cli, &root, err);
	if (r == 0)
		r = container_pids(root, argv[first], &pids.v, &pids.n, err);
	if (r == 0 && *options)
		r = print_table(options, &pids, &text, err);
	else if (r == 0)
		print_pids(&pids, json, &text);
	free(pids.v);
	return r < 0 ? r : cli_print(&text, err);
}

const struct command cmd_ps = {
	.name = "ps",
	.args = "[options] ID [PS-OPTION...]",
	.summary = "list the processes of a container",
	.options_first = true,
	.run = run,
};

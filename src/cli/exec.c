/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec ID COMMAND...: a further process in a running container. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/options.h"
#include "container/container.h"

/* -t, --tty, --tty=true, --tty=false */
static int set_tty(const char *text, struct exec_params *p, struct err **err)
{
	if (!text)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return err_text(err, EINVAL, "option --tty must be true or false, not `%s`", text);
	p->has_tty = true;
	p->tty = strcmp(text, "true") == 0;
	return 0;
}

static int set_groups(char *const *list, uint32_t **ret_gids, struct exec_params *p,
		      struct err **err)
{
	size_t n = strv_len(list);

	*ret_gids = xcalloc(n + 1, sizeof(**ret_gids));
	for (size_t i = 0; i < n; i++)
		if (num_parse_u32(list[i], &(*ret_gids)[i]) < 0 || (*ret_gids)[i] == UINT32_MAX)
			return err_text(err, EINVAL,
					"option --additional-gids needs a number, not `%s`",
					list[i]);
	p->groups = *ret_gids;
	p->n_groups = n;
	return 0;
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	struct exec_params p = {0};
	cleanup_strv char **env = NULL;
	cleanup_strv char **caps = NULL;
	cleanup_strv char **groups = NULL, **cgroups = NULL;
	cleanup_free uint32_t *gids = NULL;
	const char *tty = NULL;
	const struct option_row rows[] = {
		{"additional-gids", 'g', OPTION_LIST, &groups, "GID", "add a supplementary group"},
		{"apparmor", 0, OPTION_STRING, &p.apparmor, "PROFILE",
		 "AppArmor profile of the process"},
		{"cap", 'c', OPTION_LIST, &caps, "CAP", "add a capability"},
		{"cgroup", 0, OPTION_LIST, &cgroups, "[CONTROLLER:]PATH",
		 "a cgroup below that of the container"},
		{"console-socket", 0, OPTION_STRING, &p.console_socket, "PATH",
		 "AF_UNIX socket that gets the terminal"},
		{"cwd", 0, OPTION_STRING, &p.cwd, "DIR", "working directory (default: /)"},
		{"detach", 'd', OPTION_FLAG, &p.detach, NULL, "return when the process runs"},
		{"env", 'e', OPTION_LIST, &env, "NAME=VALUE", "add to the environment"},
		{"ignore-paused", 0, OPTION_FLAG, &p.ignore_paused, NULL,
		 "also into a paused container"},
		{"no-new-privs", 0, OPTION_FLAG, &p.no_new_privs, NULL, "set no_new_privs"},
		{"pid-file", 0, OPTION_STRING, &p.pid_file, "FILE",
		 "write the pid of the process there"},
		{"pidfd-socket", 0, OPTION_STRING, &p.pidfd_socket, "PATH",
		 "AF_UNIX socket that gets a pidfd"},
		{"preserve-fds", 0, OPTION_NUMBER, &p.preserve_fds, "N",
		 "descriptors 3 to 3+N-1 stay open"},
		{"process", 'p', OPTION_STRING, &p.process, "FILE",
		 "the process as JSON; replaces COMMAND and the rest"},
		{"process-label", 0, OPTION_STRING, &p.process_label, "LABEL",
		 "SELinux label of the process"},
		{"tty", 't', OPTION_OPTIONAL, &tty, "true|false", "give it a terminal", "true"},
		{"user", 'u', OPTION_STRING, &p.user, "UID[:GID]", "run as these ids"},
		{NULL},
	};
	int first, r = cli_parse(self, rows, 1, -1, argc, argv, &first, err);

	if (r != 0)
		return r;
	r = set_tty(tty, &p, err);
	if (r == 0)
		r = set_groups(groups, &gids, &p, err);
	if (r < 0)
		return r;
	p.id = argv[first];
	p.args = argv + first + 1;
	p.env = env;
	p.caps = caps;
	p.cgroups = cgroups;
	r = cli_root(cli, &p.root, err);
	return r < 0 ? r : container_exec(&p, ret_status, err);
}

const struct command cmd_exec = {
	.name = "exec",
	.args = "[options] ID COMMAND [ARG...]",
	.summary = "run a further process in a running container",
	.options_first = true,
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Program entry: global options, the table of commands, error output, exit status. The only folder that prints or exits. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/options.h"
#include "cli/report.h"
#include "container/store.h"
#include "host/self_exe.h"

static const struct command *const commands[] = {
	&cmd_commit,   &cmd_create, &cmd_delete, &cmd_diff,  &cmd_events,  &cmd_exec, &cmd_export,
	&cmd_features, &cmd_kill,   &cmd_list,	 &cmd_pause, &cmd_prepare, &cmd_ps,   &cmd_resume,
	&cmd_run,      &cmd_spec,   &cmd_start,	 &cmd_state, &cmd_update,
};

/* What the global options were set to. */
struct globals {
	const char *root, *log, *log_format, *log_level, *manager;
	bool debug, systemd, version;
};

int cli_root(const struct cli *cli, const char **ret, struct err **err)
{
	struct cli *lazy = (struct cli *)
		cli; /* worked out when a command asks: --version and spec need none */
	int r = cli->root ? 0 : store_root(NULL, &lazy->root, err);

	if (r == 0)
		*ret = cli->root;
	return r;
}

int cli_parse(const struct command *self, const struct option_row *rows, int min, int max, int argc,
	      char **argv, int *ret_first, struct err **err)
{
	cleanup_free char *usage = xasprintf("sandlock-oci %s %s", self->name, self->args);
	cleanup_free char *intro = xasprintf("%s: %s.", self->name, self->summary);
	const struct option_set set = {
		.usage = usage,
		.intro = intro,
		.rows = rows,
		.in_order = self->options_first,
		.min_args = min,
		.max_args = max,
	};

	return options_parse(&set, argc, argv, ret_first, err);
}

int cli_print(const struct buf *text, struct err **err)
{
	int r = text->error;

	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, text->data, text->len);
	return r < 0 ? err_set(err, r, "write to stdout") : 0;
}

/* Callers take the text behind the last "version" (docker), or want it in the first line: no other line has the word. */
static void print_version(const struct globals *g)
{
	cleanup_free char *root = NULL;

	store_root(g->root, &root, NULL);
	printf("sandlock-oci version %s\n", PACKAGE_VERSION);
	printf("commit: %s\n", SANDLOCK_COMMIT);
	printf("rundir: %s\n", root ? root : "(XDG_RUNTIME_DIR is not set)");
	printf("spec: 1.3.0\n");
	printf("+CAP +SECCOMP +EBPF +YAJL +COW%s\n", cgroup_systemd_built() ? " +SYSTEMD" : "");
}

static int set_log_level(const struct globals *g, struct err **err)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (size_t i = 0; g->log_level && i < ARRAY_SIZE(names); i++) {
		if (strcmp(g->log_level, names[i]) == 0) {
			log_set_level((enum log_level)i);
			return 0;
		}
	}
	if (g->log_level)
		return err_text(err, EINVAL,
				"option --log-level must be error, warning or debug, not `%s`",
				g->log_level);
	log_set_level(g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return 0;
}

static int set_manager(const struct globals *g, struct cli *cli, struct err **err)
{
	const char *name = g->systemd ? "systemd" : g->manager;

	if (!name || strcmp(name, "cgroupfs") == 0)
		cli->cgroup_manager = CGROUP_MANAGER_CGROUPFS;
	else if (strcmp(name, "disabled") == 0)
		cli->cgroup_manager = CGROUP_MANAGER_DISABLED;
	else if (strcmp(name, "systemd") == 0)
		cli->cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	else
		return err_text(err, EINVAL,
				"option --cgroup-manager must be cgroupfs, systemd or disabled, "
				"not `%s`",
				name);
	if (cli->cgroup_manager == CGROUP_MANAGER_SYSTEMD && !cgroup_systemd_built())
		return err_text(err, ENOTSUP,
				"the systemd cgroup manager is not in this build (libsystemd was "
				"missing)");
	return 0;
}

static int set_up(const struct globals *g, struct cli *cli, struct err **err)
{
	/* The log first: it is to hold the errors of the other options. */
	int r = report_open(g->log, g->log_format, err);

	if (r == 0)
		r = set_log_level(g, err);
	if (r == 0)
		r = set_manager(g, cli, err);
	if (r == 0 && g->root)
		r = store_root(g->root, &cli->root, err);
	return r;
}

/* Commands of other runtimes that are not there for a reason. */
static const struct {
	const char *name, *why;
} refused[] = {
	{"checkpoint", "checkpoint and restore need libcriu, which this build lacks"},
	{"restore", "checkpoint and restore need libcriu, which this build lacks"},
	{"mounts", "mounts of a container are those of its config.json"},
};

/* `checkpoint --help` has to fail: podman takes success for "this runtime can". */
static int refuse_command(const char *name, struct err **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (strcmp(refused[i].name, name) == 0)
			return err_text(err, ENOTSUP, "the command %s is not supported: %s", name,
					refused[i].why);
	return err_text(err, EINVAL, "unknown command %s", name);
}

/* crun takes a handler from its own name. Who calls a virtual machine must not get a plain container. */
static int check_name(const char *argv0, struct err **err)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL, *name = slash ? slash + 1 : argv0;

	if (!name || (strcmp(name, "krun") != 0 && !str_starts(name, "crun-")))
		return 0;
	return err_text(err, ENOTSUP,
			"called as %s: there are no handlers, this program runs containers", name);
}

static int run_command(const struct cli *cli, int argc, char **argv, int *ret_status,
		       struct err **err)
{
	if (argc == 0)
		return err_text(err, EINVAL, "please specify a command");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, argv[0]) == 0)
			return commands[i]->run(cli, commands[i], argc, argv, ret_status, err);
	return refuse_command(argv[0], err);
}

static char *intro(void)
{
	struct buf text = {0};

	buf_add_str(&text, "Runs OCI containers.\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		buf_printf(&text, "\n  %-8s %s", commands[i]->name, commands[i]->summary);
	buf_add_str(&text, "\n\nNot in this build:");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		buf_printf(&text, "\n  %-10s %s", refused[i].name, refused[i].why);
	return buf_steal(&text);
}

static int parse_globals(int argc, char **argv, struct globals *g, int *ret_first, struct err **err)
{
	const struct option_row rows[] = {
		{"root", 0, OPTION_STRING, &g->root, "DIR",
		 "where the state of containers is kept"},
		{"log", 0, OPTION_STRING, &g->log, "DEST",
		 "[file:]PATH, syslog:ID or journald:ID; errors go to stderr as well"},
		{"log-format", 0, OPTION_STRING, &g->log_format, "text|json", "form of the log"},
		{"log-level", 0, OPTION_STRING, &g->log_level, "error|warning|debug",
		 "error (default), warning or debug"},
		{"debug", 0, OPTION_FLAG, &g->debug, NULL, "the same as --log-level debug"},
		{"cgroup-manager", 0, OPTION_STRING, &g->manager, "cgroupfs|systemd|disabled",
		 "cgroupfs (default), systemd or disabled"},
		{"systemd-cgroup", 0, OPTION_FLAG, &g->systemd, NULL,
		 "the same as --cgroup-manager systemd"},
		{"rootless", 0, OPTION_IGNORED_STRING, NULL, "true|false|auto",
		 "accepted, found out without it"},
		{"version", 'v', OPTION_FLAG, &g->version, NULL, "show what this program is",
		 .also = 'V'},
		{NULL},
	};
	cleanup_free char *text = intro();
	const struct option_set set = {
		.usage = "sandlock-oci [global options] COMMAND [options] [ARG...]",
		.intro = text ? text : "",
		.rows = rows,
		.in_order = true,
		.max_args = -1,
	};

	return options_parse(&set, argc, argv, ret_first, err);
}

/* The commands that go into a container themselves, or whose children do. */
static int protect_program(char **argv, const char *command, struct err **err)
{
	static const char *const inside[] = {"create", "exec", "run"};
	int r = 0;

	for (size_t i = 0; command && i < ARRAY_SIZE(inside); i++) {
		if (strcmp(command, inside[i]) == 0)
			r = host_protect_self_exe(argv);
	}
	return r < 0 ? err_set(err, r,
			       "run from a file that the container cannot change "
			       "(CVE-2019-5736)")
		     : 0;
}

static int run(int argc, char **argv, int *ret_status, struct err **err)
{
	struct globals g = {0};
	struct cli cli = {0};
	int first, r = parse_globals(argc, argv, &g, &first, err);

	if (r == OPTIONS_HELP)
		return 0;
	if (r == 0 && g.version) {
		print_version(&g);
		return 0;
	}
	if (r == 0)
		r = check_name(argc > 0 ? argv[0] : NULL, err);
	if (r == 0)
		r = protect_program(argv, argv[first], err);
	if (r == 0)
		r = set_up(&g, &cli, err);
	if (r == 0)
		r = run_command(&cli, argc - first, argv + first, ret_status, err);
	free(cli.root);
	return r;
}

int main(int argc, char **argv)
{
	cleanup_err struct err *err = NULL;
	int status = 0;

	if (run(argc, argv, &status, &err) < 0) {
		report_failure(err_msg(err));
		return EXIT_FAILURE;
	}
	if (fflush(stdout) != 0) {
		report_failure("write to stdout failed");
		return EXIT_FAILURE;
	}
	report_success();
	return status;
}

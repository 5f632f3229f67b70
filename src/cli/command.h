/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command: one file, one row in commands[] (main.c). Runs in the program's only process. Commands write their result to
 * stdout; errors travel up to main, which prints and exits.
 */
#ifndef SANDLOCK_CLI_COMMAND_H
#define SANDLOCK_CLI_COMMAND_H

#include <stdbool.h>

#include "container/container.h"

struct buf;
struct err;
struct option_row;

/* The global options. */
struct cli {
	char *root; /* state root; NULL: ask cli_root() */
	enum cgroup_manager cgroup_manager;
};

struct command {
	const char *name;
	const char *args;    /* "[options] ID", for the usage line */
	const char *summary; /* one line for --help */
	/* argv[0] is the command's name. *ret_status: what main exits with (0 before). */
	int (*run)(const struct cli *cli, const struct command *self, int argc, char **argv,
		   int *ret_status, struct err **err);
	bool options_first; /* what follows the first argument is not ours (exec) */
};

/*
 * Options of a command with the usage text of its row. 0, > 0: --help was printed and the command is done, < 0: error. Then min to
 * max arguments begin at *ret_first (max -1: any number).
 */
int cli_parse(const struct command *self, const struct option_row *rows, int min, int max, int argc,
	      char **argv, int *ret_first, struct err **err);

/* --root or its default; borrowed. */
int cli_root(const struct cli *cli, const char **ret, struct err **err);
/* Everything to stdout, an error when that fails (a full disk, a closed pipe). */
int cli_print(const struct buf *text, struct err **err);

extern const struct command cmd_commit;
extern const struct command cmd_create;
extern const struct command cmd_delete;
extern const struct command cmd_diff;
extern const struct command cmd_events;
extern const struct command cmd_exec;
extern const struct command cmd_features;
extern const struct command cmd_export;
extern const struct command cmd_kill;
extern const struct command cmd_list;
extern const struct command cmd_pause;
extern const struct command cmd_prepare;
extern const struct command cmd_ps;
extern const struct command cmd_resume;
extern const struct command cmd_run;
extern const struct command cmd_spec;
extern const struct command cmd_start;
extern const struct command cmd_state;
extern const struct command cmd_update;

#endif

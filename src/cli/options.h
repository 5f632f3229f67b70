/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line options from a table that also makes the help text. */
#ifndef SANDLOCK_CLI_OPTIONS_H
#define SANDLOCK_CLI_OPTIONS_H

#include <stdbool.h>

struct err;

enum option_kind {
	OPTION_FLAG,   /* bool: true */
	OPTION_STRING, /* const char *, borrowed from argv */
	OPTION_LIST,   /* char **: a strv, grows */
	OPTION_NUMBER, /* unsigned */
	OPTION_OPTIONAL, /* const char *: --name or --name=VALUE; without a value the row's fallback */
	OPTION_IGNORED, /* accepted for the sake of callers, no effect */
	OPTION_IGNORED_STRING,
};

struct option_row {
	const char *name;
	char letter; /* or 0 */
	enum option_kind kind;
	void *target;
	const char *arg; /* "FILE", for the help */
	const char *help;
	const char *fallback;
	char also; /* a second letter, of another runtime's */
};

struct option_set {
	const char *usage;	       /* "sandlock-oci create [options] ID" */
	const char *intro;	       /* one or more sentences */
	const struct option_row *rows; /* ends with name NULL */
	bool in_order; /* the first argument that is no option ends them (exec, global options) */
	int min_args, max_args; /* arguments besides options; max -1: any number */
};

#define OPTIONS_HELP 1 /* --help or --usage was given and printed: nothing else to do */

/*
 * 0, OPTIONS_HELP or -EINVAL with a text that names the flag. Options may stand behind arguments (unless in_order): argv is permuted.
 * *ret_first: index of the first argument.
 */
int options_parse(const struct option_set *set, int argc, char **argv, int *ret_first,
		  struct err **err);

#endif

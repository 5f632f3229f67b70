/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables on top of getopt_long. argv is what the caller typed. */
#include <config.h>

#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"

#define MAX_ROWS  40
#define HELP	  1000 /* above every letter; row i is FIRST_ROW + i */
#define USAGE	  1001
#define FIRST_ROW 2000
#define N_OWN	  2 /* --help and --usage stand before the rows */

static int has_arg(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
	case OPTION_IGNORED:
		return no_argument;
	case OPTION_OPTIONAL:
		return optional_argument;
	default:
		return required_argument;
	}
}

static void print_row(const struct option_row *row)
{
	cleanup_buf struct buf left = {0};

	if (row->letter)
		buf_printf(&left, "-%c, ", row->letter);
	else
		buf_add_str(&left, "    ");
	buf_printf(&left, "--%s", row->name);
	if (has_arg(row->kind) == required_argument)
		buf_printf(&left, " %s", row->arg);
	else if (has_arg(row->kind) == optional_argument)
		buf_printf(&left, "[=%s]", row->arg);
	printf("  %-30s %s\n", left.data ? left.data : "", row->help);
}

static void print_help(const struct option_set *set)
{
	printf("Usage: %s\n\n%s\n\nOptions:\n", set->usage, set->intro);
	for (const struct option_row *row = set->rows; row->name; row++)
		print_row(row);
	printf("  -h, %-26s %s\n", "--help", "show this text");
	printf("      %-26s %s\n", "--usage", "show its first line");
}

static int apply(const struct option_row *row, const char *value, struct err **err)
{
	uint32_t number;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->target = true;
		break;
	case OPTION_STRING:
		*(const char **)row->target = value;
		break;
	case OPTION_OPTIONAL:
		*(const char **)row->target = value ? value : row->fallback;
		break;
	case OPTION_LIST:
		strv_add(row->target, value);
		break;
	case OPTION_NUMBER:
		if (num_parse_u32(value, &number) < 0)
			return err_text(err, EINVAL, "option --%s needs a number, not `%s`",
					row->name, value);
		*(unsigned *)row->target = number;
		break;
	case OPTION_IGNORED:
	case OPTION_IGNORED_STRING:
		break;
	}
	return 0;
}

/* getopt's tables from ours. Letters map to themselves, so that an error can name what was typed. */
static int compile(const struct option_set *set, struct option *longs, struct buf *shorts)
{
	int n = 0;

	/* ':' first: a missing argument is told apart from an unknown option. */
	buf_add_str(shorts, set->in_order ? "+:h" : ":h");
	longs[n++] = (struct option){"help", no_argument, NULL, HELP};
	longs[n++] = (struct option){"usage", no_argument, NULL, USAGE};
	for (; set->rows[n - N_OWN].name; n++) {
		const struct option_row *row = &set->rows[n - N_OWN];

		longs[n] =
			(struct option){row->name, has_arg(row->kind), NULL, FIRST_ROW + n - N_OWN};
		if (row->letter)
			buf_printf(shorts, "%c%s", row->letter,
				   has_arg(row->kind) == required_argument ? ":" : "");
		if (row->also)
			buf_add_char(shorts, row->also);
	}
	longs[n] = (struct option){0};
	return shorts->error;
}

static const struct option_row *find(const struct option_set *set, int c)
{
	if (c >= FIRST_ROW)
		return &set->rows[c - FIRST_ROW];
	for (const struct option_row *row = set->rows; row->name; row++)
		if (c && (row->letter == c || row->also == c))
			return row;
	return NULL;
}

static int refuse(const struct option_set *set, int c, char *const *argv, struct err **err)
{
	/* optopt: the letter; for long options 0 or the row, and the word is the one just passed. */
	const struct option_row *row = optopt ? find(set, optopt) : NULL;

	if (c == ':')
		return row ? err_text(err, EINVAL, "option --%s requires an argument", row->name)
			   : err_text(err, EINVAL, "option -%c requires an argument", optopt);
	if (row)
		return err_text(err, EINVAL, "option --%s takes no argument", row->name);
	if (optopt && optopt < HELP)
		return err_text(err, EINVAL, "unrecognized option `-%c`", optopt);
	return err_text(err, EINVAL, "unrecognized option `%s`", argv[optind - 1]);
}

static int check_count(const struct option_set *set, int n, char **args, struct err **err)
{
	if (n < set->min_args)
		return err_text(err, EINVAL, "an argument is missing; usage: %s", set->usage);
	if (set->max_args >= 0 && n > set->max_args)
		return err_text(err, EINVAL, "unexpected argument `%s`; usage: %s",
				args[set->max_args], set->usage);
	return 0;
}

int options_parse(const struct option_set *set, int argc, char **argv, int *ret_first,
		  struct err **err)
{
	cleanup_buf struct buf shorts = {0};
	struct option longs[MAX_ROWS + N_OWN + 1];
	int c, r = compile(set, longs, &shorts);

	if (r < 0)
		return err_set(err, r, "options");
	opterr = 0;
	optind = 0; /* glibc: start anew, also after a scan of other arguments */
	while ((c = getopt_long(argc, argv, shorts.data, longs, NULL)) >= 0) {
		const struct option_row *row;

		if (c == HELP || c == 'h') {
			print_help(set);
			return OPTIONS_HELP;
		}
		if (c == USAGE) {
			printf("Usage: %s\n", set->usage);
			return OPTIONS_HELP;
		}
		if (c == '?' || c == ':')
			return refuse(set, c, argv, err);
		row = find(set, c);
		r = apply(row, optarg, err);
		if (r < 0)
			return r;
	}
	*ret_first = optind;
	return check_count(set, argc - optind, argv + optind, err);
}

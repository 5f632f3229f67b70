/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables and signal names. */
#include "cli/options.h"

#include <signal.h>

#include "base/err.h"
#include "base/strv.h"
#include "cli/signals.h"
#include "tests/lib/tap.h"

static bool flag;
static const char *text, *maybe;
static char **list;
static unsigned number;

static const struct option_row rows[] = {
	{"flag", 'f', OPTION_FLAG, &flag, NULL, "", .also = 'F'},
	{"text", 't', OPTION_STRING, &text, "X", ""},
	{"maybe", 0, OPTION_OPTIONAL, &maybe, "X", "", "fallback"},
	{"list", 'l', OPTION_LIST, &list, "X", ""},
	{"number", 'n', OPTION_NUMBER, &number, "N", ""},
	{"ignored", 0, OPTION_IGNORED_STRING, NULL, "X", ""},
	{NULL},
};

static int parse(bool in_order, int max, struct err **err, int *first, char **argv)
{
	struct option_set set = {"prog", "intro", rows, in_order, 0, max};
	int argc = 0;

	while (argv[argc])
		argc++;
	flag = false;
	text = maybe = NULL;
	number = 0;
	strv_free(list);
	list = NULL;
	return options_parse(&set, argc, argv, first, err);
}
#define PARSE(in_order, max, ...)                                                                  \
	parse(in_order, max, &err, &first, (char *[]){(char *)"cmd", __VA_ARGS__, NULL})

static void fails(int r, struct err *err, const char *want)
{
	ok(r == -EINVAL && strstr(err_msg(err), want), "names %s: %s", want, err_msg(err));
}

int main(void)
{
	struct err *err = NULL;
	int first = 0, r;

	is_int(PARSE(false, -1, (char *)"id", (char *)"-f", (char *)"--text=a", (char *)"-l",
		     (char *)"1", (char *)"--list", (char *)"2"),
	       0, "options behind an argument");
	ok(flag && text && strcmp(text, "a") == 0 && strv_len(list) == 2 && first == 7,
	   "all of them");
	is_int(PARSE(true, -1, (char *)"id", (char *)"-f"), 0, "in order");
	ok(!flag && first == 1, "what follows the first argument is left alone");
	is_int(PARSE(true, -1, (char *)"--", (char *)"-f"), 0, "--");
	ok(!flag && first == 2, "ends the options");
	is_int(PARSE(false, -1, (char *)"--maybe"), 0, "optional value left out");
	is_str(maybe, "fallback", "its fallback");
	is_int(PARSE(false, -1, (char *)"--maybe=", (char *)"--ignored", (char *)"x"), 0,
	       "empty value");
	is_str(maybe, "", "is kept");
	ok(PARSE(false, -1, (char *)"-F") == 0 && flag, "a second letter");
	is_int(PARSE(false, -1, (char *)"--usage", (char *)"--wrong"), OPTIONS_HELP, "--usage");
	r = PARSE(false, -1, (char *)"--wrong=1");
	fails(r, err, "--wrong");
	r = PARSE(false, -1, (char *)"-x");
	fails(r, err, "-x");
	r = PARSE(false, -1, (char *)"-fx");
	fails(r, err, "-x");
	r = PARSE(false, -1, (char *)"--text");
	fails(r, err, "--text requires an argument");
	r = PARSE(false, -1, (char *)"-t");
	fails(r, err, "--text requires an argument");
	r = PARSE(false, -1, (char *)"--flag=1");
	fails(r, err, "--flag");
	r = PARSE(false, -1, (char *)"--number", (char *)"-1");
	fails(r, err, "--number");
	r = PARSE(false, 1, (char *)"a", (char *)"b");
	fails(r, err, "`b`");

	is_int(signal_parse("9"), 9, "a number");
	is_int(signal_parse("KILL"), SIGKILL, "a name");
	is_int(signal_parse("sigterm"), SIGTERM, "a small name with SIG");
	is_int(signal_parse("RTMIN+3"), SIGRTMIN + 3, "realtime");
	is_int(signal_parse("SIGRTMAX-1"), SIGRTMAX - 1, "realtime from the end");
	is_int(signal_parse("RTMAX+1"), -EINVAL, "beyond the end");
	is_int(signal_parse("0"), -EINVAL, "zero");
	is_int(signal_parse("-9"), -EINVAL, "negative");
	is_int(signal_parse("SIG"), -EINVAL, "nothing");
	strv_free(list);
	err_free(err);
	return tap_done();
}

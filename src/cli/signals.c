/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signal names. The numbers are this machine's. */
#include <config.h>

#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "base/num.h"

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, SIG##name                                                                   \
	}
static const struct {
	const char *name;
	int number;
} signals[] = {
	ROW(HUP),  ROW(INT),	ROW(QUIT),   ROW(ILL),	ROW(TRAP), ROW(ABRT), ROW(IOT),
	ROW(BUS),  ROW(FPE),	ROW(KILL),   ROW(USR1), ROW(SEGV), ROW(USR2), ROW(PIPE),
	ROW(ALRM), ROW(TERM),	ROW(STKFLT), ROW(CHLD), ROW(CONT), ROW(STOP), ROW(TSTP),
	ROW(TTIN), ROW(TTOU),	ROW(URG),    ROW(XCPU), ROW(XFSZ), ROW(PROF), ROW(WINCH),
	ROW(IO),   ROW(VTALRM), ROW(PWR),    ROW(SYS),	ROW(POLL),
};
#undef ROW

static int realtime(const char *text)
{
	int n = 0, base;

	if (strncasecmp(text, "RTMIN", 5) == 0)
		base = SIGRTMIN;
	else if (strncasecmp(text, "RTMAX", 5) == 0)
		base = SIGRTMAX;
	else
		return -EINVAL;
	text += 5;
	if (*text && ((*text != '+' && *text != '-') || num_parse_int(text + 1, &n) < 0))
		return -EINVAL;
	n = base + (*text == '-' ? -n : n);
	return n >= SIGRTMIN && n <= SIGRTMAX ? n : -EINVAL;
}

int signal_parse(const char *text)
{
	int number;

	if (num_parse_int(text, &number) == 0)
		return number >= 1 && number <= SIGRTMAX ? number : -EINVAL;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (strcasecmp(signals[i].name, text) == 0)
			return signals[i].number;
	return realtime(text);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals by name or number. */
#ifndef SANDLOCK_CLI_SIGNALS_H
#define SANDLOCK_CLI_SIGNALS_H

/* "TERM", "SIGTERM" (any case), "15", "RTMIN+3". -EINVAL for anything else. */
int signal_parse(const char *text);

#endif

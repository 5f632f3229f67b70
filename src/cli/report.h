/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where messages go: stderr and --log. */
#ifndef SANDLOCK_CLI_REPORT_H
#define SANDLOCK_CLI_REPORT_H

#include <stdbool.h>

struct err;

/*
 * --log FILE, file:FILE, syslog:ID or journald:ID; --log-format text or json. destination NULL: stderr only. Sets the log sink.
 * A JSON log of a failing command gets exactly one object (podman reads the file as one): warnings and debug lines are kept
 * back until the command has succeeded.
 */
int report_open(const char *destination, const char *format, struct err **err);
/* The command failed: text on stderr and in the log. */
void report_failure(const char *text);
/* The command succeeded: writes what was kept back. */
void report_success(void);

#endif

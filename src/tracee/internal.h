/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of tracee/ only. */
#ifndef SANDLOCK_TRACEE_INTERNAL_H
#define SANDLOCK_TRACEE_INTERNAL_H

#include <stddef.h>
#include <sys/types.h>

/* Reads /proc/<tid>/<name> into a NUL-terminated buffer; -ESRCH when the thread is gone; a longer
 * file is cut. */
int tracee_read_proc(int proc_fd, pid_t tid, const char *name, char *to, size_t max);
/* Value of a "Key:\tvalue" line, behind the white space; NULL if absent. */
const char *tracee_field(const char *text, const char *key);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before everything else (AM_CPPFLAGS): functions whose every use is a bug here.
 * Path calls outside src/host are banned by tests/lint/banned.sh instead, since a macro would hit struct members.
 */
#ifndef SANDLOCK_BASE_BANNED_H
#define SANDLOCK_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gets mktemp tmpnam

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that create and run share. */
#ifndef SANDLOCK_CLI_CREATE_OPTIONS_H
#define SANDLOCK_CLI_CREATE_OPTIONS_H

#include <stdbool.h>

#include "cli/options.h"
#include "container/container.h"

/* clang-format off */
#define CREATE_OPTION_ROWS(p, dump)                                                                                          \
	{ "bundle", 'b', OPTION_STRING, &(p)->bundle, "DIR", "directory with config.json (default: .)" },                    \
	{ "config", 'f', OPTION_STRING, &(p)->config, "FILE", "use FILE instead of DIR/config.json" },                       \
	{ "console-socket", 0, OPTION_STRING, &(p)->console_socket, "PATH", "AF_UNIX socket that gets the terminal" },       \
	{ "cow", 0, OPTION_OPTIONAL, &(p)->cow, "on|off|auto", "copy-on-write root on a read-only rootfs", "on" },           \
	{ "cow-dir", 0, OPTION_STRING, &(p)->cow_dir, "DIR", "where the live root is kept" },                                \
	{ "commit-to", 0, OPTION_STRING, &(p)->commit_to, "DIR", "with --cow-keep=commit: the directory" },                   \
	{ "cow-keep", 0, OPTION_STRING, &(p)->cow_keep, "discard|keep|commit", "what becomes of the changes at the end" },    \
	{ "dump-plan", 0, OPTION_FLAG, dump, NULL, "print what would be done and do nothing" },                              \
	{ "no-new-keyring", 0, OPTION_FLAG, &(p)->no_new_keyring, NULL, "keep the session keyring" },                        \
	{ "no-pivot", 0, OPTION_FLAG, &(p)->no_pivot, NULL, "move the root mount instead of pivot_root" },                   \
	{ "no-subreaper", 0, OPTION_FLAG, &(p)->no_subreaper, NULL, "do not reap orphans of the container" },                \
	{ "pid-file", 0, OPTION_STRING, &(p)->pid_file, "FILE", "write the container's pid there" },                         \
	{ "pidfd-socket", 0, OPTION_STRING, &(p)->pidfd_socket, "PATH", "AF_UNIX socket that gets a pidfd" },                \
	{ "preserve-fds", 0, OPTION_NUMBER, &(p)->preserve_fds, "N", "descriptors 3 to 3+N-1 stay open" }
/* clang-format on */

#endif

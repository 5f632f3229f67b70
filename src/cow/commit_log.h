/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which directories a container was committed into before, and what that has changed in them: the file `commits` of the store. For
 * each directory strings that end in NUL: "<device> <inode> <seconds> <nanoseconds> <n>" and n paths.
 */
#ifndef SANDLOCK_COW_COMMIT_LOG_H
#define SANDLOCK_COW_COMMIT_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"

struct cow;
struct cow_changes;

struct commit_log {
	bool again;		      /* there was a commit into this directory */
	struct statx_timestamp since; /* its end; else as the caller has set it */
	struct buf paths;	      /* that it wrote or removed, each with its NUL */
	uint64_t dev, ino;
	struct buf others; /* the rest of the file, as it is */
};

/* dir_fd: the directory. -EUCLEAN: the file is damaged. */
int commit_log_read(struct commit_log *log, struct cow *cow, int dir_fd);
/* Before the first object is written: the paths to be changed, so that they are known if the commit is interrupted. */
int commit_log_begin(const struct commit_log *log, struct cow *cow, const struct cow_changes *c);
/* Everything up to now is ours. */
int commit_log_end(const struct commit_log *log, struct cow *cow, const struct cow_changes *c);
void commit_log_done(struct commit_log *log);

#endif

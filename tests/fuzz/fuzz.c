/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the fuzz targets: a directory to work in. */
#include <config.h>

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[256];
static pid_t owner;

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(name);
	return 0;
}

static void remove_all(void)
{
	if (getpid() == owner)
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fuzz_temp_dir(void)
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof(path), "%s/sandlock-fuzz.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(path))
		abort();
	owner = getpid();
	atexit(remove_all);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

const char *fuzz_temp_path(void)
{
	return path;
}

int fuzz_lowest_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd;
}

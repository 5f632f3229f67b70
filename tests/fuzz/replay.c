/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for libFuzzer where there is none: runs the target on each file of its corpus, or of the directories that are given, once. TAP. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/tap.h"

static void replay(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct buf text = {0};
	uint8_t *copy;

	if (fd < 0 || fd_read_to_buf(fd, 1 << 22, &text) < 0)
		bail("%s cannot be read", name);
	/* of the exact size, so that a sanitizer sees the end */
	copy = xmalloc(text.len + 1);
	memcpy(copy, text.data ? text.data : "", text.len);
	LLVMFuzzerTestOneInput(copy, text.len);
	free(copy);
	buf_done(&text);
	ok(1, "%s", name);
}

static void replay_all(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *d;

	if (!dir)
		bail("%s: no such directory", path);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			replay(dirfd(dir), d->d_name);
	closedir(dir);
}

int main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	cleanup_free char *corpus =
		xasprintf("%s/tests/fuzz/corpus/" FUZZ_TARGET, source ? source : ".");

	if (argc == 1)
		replay_all(corpus);
	for (int i = 1; i < argc; i++)
		replay_all(argv[i]);
	return tap_done();
}

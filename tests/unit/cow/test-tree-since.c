/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What counts as modified since a point in time: a commit overwrites nothing that does. */
#include <config.h>

#include <fcntl.h>
#include <unistd.h>

#include "cow/tree_since.h"
#include "tests/lib/tap.h"
#include "tests/lib/tree.h"

static const struct statx_timestamp since = {.tv_sec = 1000, .tv_nsec = 500};

static bool newer(long m_sec, unsigned m_nsec, long c_sec, unsigned c_nsec)
{
	struct statx st = {.stx_mtime = {.tv_sec = m_sec, .tv_nsec = m_nsec},
			   .stx_ctime = {.tv_sec = c_sec, .tv_nsec = c_nsec}};

	return tree_is_newer(&st, &since);
}

static void check_stamps(void)
{
	ok(newer(1000, 501, 1000, 501), "both later");
	ok(newer(1000, 500, 1000, 500), "in the same tick");
	ok(newer(2000, 0, 1000, 500), "changed in the same tick, with an mtime that was set");
	ok(!newer(1000, 499, 1000, 499), "both earlier");
	ok(!newer(999, 999, 2000, 0), "a hard link made since: only the ctime");
	ok(!newer(2000, 0, 999, 999), "an mtime in the future, set before");
}

static void check_tree(void)
{
	const char *dir = tree_temp();
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statx_timestamp then = {0};
	bool found = false;
	struct stat st;

	tree_mkdir(dir, "d", 0755);
	tree_mkdir(dir, "d/sub", 0755);
	tree_file(dir, "d/sub/f", "x", 0644);
	tree_time(dir, "d/sub/f", 1, 0);
	tree_time(dir, "d/sub", 1, 0);
	tree_time(dir, "d", 1, 0);
	st = tree_stat(dir, "d");
	then.tv_sec = st.st_ctim.tv_sec;
	is_int(tree_has_newer(fd, "d", &then, &found), 0, "a tree is looked at");
	ok(!found, "nothing in it was modified");
	tree_file(dir, "d/sub/f", "y", 0644);
	is_int(tree_has_newer(fd, "d", &then, &found), 0, "and again");
	ok(found, "a file deep in it was");
	is_int(tree_has_newer(fd, "none", &then, &found), -ENOENT, "no such directory");
	close(fd);
}

int main(void)
{
	check_stamps();
	check_tree();
	return tap_done();
}

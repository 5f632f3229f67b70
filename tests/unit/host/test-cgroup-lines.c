/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of /proc/<pid>/cgroup: controllers, named hierarchies, cgroup2, names of groups with any character in them. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/cgroup_lines.h"
#include "tests/lib/tap.h"

static void one(char **at, const char *controllers, const char *path, const char *what)
{
	struct host_cgroup_line line;

	ok(host_cgroup_next(at, &line) && strcmp(line.controllers, controllers) == 0 &&
		   strcmp(line.path, path) == 0,
	   "%s", what);
}

int main(void)
{
	char text[] = "13:cpu,cpuacct:/a/b\n"
		      "9:name=systemd:/x:y\n"
		      "broken\n"
		      "8:pids:/0::/z\n"
		      "0::/user.slice/s\\012t.scope\n";
	char *at = text, *none = NULL, *own = NULL;
	struct host_cgroup_line line;
	cleanup_buf struct buf buf = {0};

	one(&at, "cpu,cpuacct", "/a/b", "joined controllers");
	one(&at, "name=systemd", "/x:y", "a named hierarchy; a colon in the path");
	one(&at, "pids", "/0::/z",
	    "a line without colons is passed over; a path like a line of v2");
	one(&at, "", "/user.slice/s\\012t.scope", "cgroup2 has no controllers");
	ok(!host_cgroup_next(&at, &line), "no more lines");
	ok(!host_cgroup_next(&at, &line), "and none afterwards");
	ok(!host_cgroup_next(&none, &line), "nothing in nothing");
	ok(strcmp(host_cgroup_dir("name=systemd"), "systemd") == 0 &&
		   strcmp(host_cgroup_dir("cpu,cpuacct"), "cpu,cpuacct") == 0,
	   "directories are called after the controllers");
	ok(host_cgroup_text(0, &buf) == 0, "our own file");
	ok(host_cgroup_path(0, "no such controller", &own) < 0 && !own,
	   "no hierarchy of that name: nothing is returned");
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up argv[0]: podman tells exit 126 from 127 by these texts. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "init/internal.h"
#include "tests/lib/tap.h"

static char dir[] = "/tmp/find-command-XXXXXX";

static void put(const char *name, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, mode) < 0)
		bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void find(const char *name, const char *path, const char *want, int code, const char *what)
{
	char env_path[256];
	char *env[] = {env_path, NULL};
	struct err *err = NULL;
	char *got = NULL;
	int r;

	snprintf(env_path, sizeof(env_path), "PATH=%s", path);
	r = init_find_command(name, env, &got, &err);
	is_int(r, -code, "%s", what);
	is_str(r < 0 ? err_msg(err) : got, want, "%s: text", what);
	free(got);
	err_free(err);
}

int main(void)
{
	char path[256], file[128], text[300];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		bail("mkdtemp");
	mkdir("a", 0755);
	mkdir("b", 0755);
	mkdir("a/both", 0755);
	put("a/plain", 0644);
	put("b/tool", 0755);
	put("b/both", 0755);
	snprintf(path, sizeof(path), "%s/a:%s/missing:%s/b", dir, dir, dir);
	snprintf(file, sizeof(file), "%s/b/tool", dir);
	find("tool", path, file, 0, "found in the third directory");
	snprintf(file, sizeof(file), "%s/b/both", dir);
	find("both", path, file, 0, "a directory of that name is passed over");
	find("b/tool", "/nowhere", "b/tool", 0, "a name with a slash ignores PATH");
	find("tool",
	     "/nowhere:", "executable file `tool` not found in $PATH: no such file or directory",
	     ENOENT, "not in PATH");
	find("/no/such", path, "executable file `/no/such` not found: no such file or directory",
	     ENOENT, "absolute and missing");
	find("", path, "cannot find `` in $PATH: no such file or directory", ENOENT, "empty name");
	snprintf(file, sizeof(file), "%s/a", dir);
	snprintf(text, sizeof(text), "the path `%s` is not a regular file: permission denied",
		 file);
	find(file, path, text, EACCES, "a directory");
	find("plain", path, "the path `plain` exists but it is not executable: permission denied",
	     EACCES, "not executable, by PATH");
	find("a/plain", path,
	     "the path `a/plain` exists but it is not executable: permission denied", EACCES,
	     "not executable, by path");
	return tap_done();
}

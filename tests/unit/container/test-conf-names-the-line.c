/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file of the host. */
#include "container/conf.h"

#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "tests/lib/tap.h"

static char path[] = "/tmp/sandlock-conf-XXXXXX";

static int read_text(const char *text, struct conf *conf, struct err **err)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		bail("write %s", path);
	return conf_read(path, conf, err);
}

int main(void)
{
	struct conf conf = {0};
	struct err *err = NULL;
	int fd = mkstemp(path);

	if (fd < 0)
		bail("make a file");
	close(fd);
	is_int(conf_read("/nowhere/at/all.conf", &conf, &err), 0, "no file");
	ok(!conf.cow && !conf.cow_dir, "is an empty one");
	is_int(read_text("# a comment\n\n cow = off # why\ncow.dir=/var/lib/x\ncow=on\n", &conf,
			 &err),
	       0, "a file");
	is_str(conf.cow, "on", "the last line wins");
	is_str(conf.cow_dir, "/var/lib/x", "directory");
	conf_done(&conf);
	ok(read_text("cow=on\ncwo=off\n", &conf, &err) < 0, "an unknown key is refused");
	ok(strstr(err_msg(err), ":2: unknown key 'cwo'"), "unknown key: %s", err_msg(err));
	ok(read_text("just words\n", &conf, &err) < 0, "a line without a key is refused");
	ok(strstr(err_msg(err), ":1: expected KEY=VALUE"), "no key: %s", err_msg(err));
	err_free(err);
	unlink(path);
	return tap_done();
}

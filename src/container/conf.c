/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the configuration file. Runs in the commands; the file is root's. */
#include <config.h>

#include "container/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

#define CONF_MAX (64u << 10)

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (*s == ' ' || *s == '\t')
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = '\0';
	return s;
}

static int set(struct conf *conf, const char *key, const char *value)
{
	char **field = strcmp(key, "cow") == 0		  ? &conf->cow
		       : strcmp(key, "cow.dir") == 0	  ? &conf->cow_dir
		       : strcmp(key, "cow.populate") == 0 ? &conf->cow_populate
							  : NULL;

	if (!field)
		return -EINVAL;
	free(*field);
	*field = xstrdup(value);
	return 0;
}

static int parse(char *text, const char *path, struct conf *conf, struct err **err)
{
	unsigned number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *comment = strchr(line, '#'), *eq;

		number++;
		if (comment)
			*comment = '\0';
		line = trim(line);
		if (!*line)
			continue;
		eq = strchr(line, '=');
		if (!eq)
			return err_text(err, EINVAL, "%s:%u: expected KEY=VALUE", path, number);
		*eq = '\0';
		if (set(conf, trim(line), trim(eq + 1)) < 0)
			return err_text(err, EINVAL, "%s:%u: unknown key '%s'", path, number,
					trim(line));
	}
	return 0;
}

int conf_read(const char *path, struct conf *ret, struct err **err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_buf struct buf text = {0};
	struct conf conf = {0};
	int r;

	if (fd < 0 && errno == ENOENT) {
		*ret = conf;
		return 0;
	}
	r = fd < 0 ? -errno : fd_read_to_buf(fd, CONF_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read %s", path);
	r = text.data ? parse(text.data, path, &conf, err) : 0;
	if (r < 0)
		conf_done(&conf);
	else
		*ret = conf;
	return r;
}

void conf_done(struct conf *conf)
{
	free(conf->cow);
	free(conf->cow_dir);
	free(conf->cow_populate);
}

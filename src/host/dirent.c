/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory listing by getdents64; see dirent.h. */
#include <config.h>

#include "host/dirent.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READER_BUF (256u * 1024)

int host_dir_reader_init(struct host_dir_reader *rd, int fd)
{
	*rd = (struct host_dir_reader){.fd = fd};
	rd->buf = malloc(READER_BUF);
	return rd->buf ? 0 : -ENOMEM;
}

int host_dir_reader_resume(struct host_dir_reader *rd, int fd, int64_t next)
{
	rd->fd = fd;
	rd->len = rd->pos = 0;
	return lseek(fd, next, SEEK_SET) < 0 ? -errno : 0;
}

int host_dir_reader_reset(struct host_dir_reader *rd, int fd)
{
	return host_dir_reader_resume(rd, fd, 0);
}

void host_dir_reader_done(struct host_dir_reader *rd)
{
	free(rd->buf);
	rd->buf = NULL;
}

static int fill(struct host_dir_reader *rd)
{
	long n;

	do
		n = syscall(SYS_getdents64, rd->fd, rd->buf, READER_BUF);
	while (n < 0 && errno == EINTR);
	/* ENOENT: the directory was removed while open; it is empty */
	if (n < 0 && errno != ENOENT)
		return -errno;
	rd->len = n < 0 ? 0 : (size_t)n;
	rd->pos = 0;
	return 0;
}

int host_dir_read(struct host_dir_reader *rd, struct host_dirent *ret)
{
	for (;;) {
		const struct dirent64 *d;

		if (rd->pos >= rd->len) {
			int r = fill(rd);

			if (r < 0)
				return r;
			if (rd->len == 0)
				return 0;
		}
		d = (const struct dirent64 *)(const void *)(rd->buf + rd->pos);
		rd->pos += d->d_reclen;
		if (d->d_name[0] == '.' &&
		    (d->d_name[1] == '\0' || (d->d_name[1] == '.' && d->d_name[2] == '\0')))
			continue;
		/* a FUSE server chooses the names: nothing with a slash may reach an *at call */
		ret->len = strlen(d->d_name);
		if (ret->len == 0 || memchr(d->d_name, '/', ret->len))
			return -EIO;
		ret->ino = d->d_ino;
		ret->next = d->d_off;
		ret->type = d->d_type;
		ret->name = d->d_name;
		return 1;
	}
}

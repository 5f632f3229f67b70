/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of a directory by getdents64 with a large buffer: no DIR, no locks, no name longer than the
 * kernel gave. Any process. Untrusted input: names are bytes, any but NUL and '/'; "." and ".." are
 * left out.
 */
#ifndef SANDLOCK_HOST_DIRENT_H
#define SANDLOCK_HOST_DIRENT_H

#include <stddef.h>
#include <stdint.h>

struct host_dirent {
	uint64_t ino;	    /* as the directory says: wrong below a mount point */
	int64_t next;	    /* of the directory, where reading goes on after this name */
	unsigned char type; /* DT_*, DT_UNKNOWN allowed */
	size_t len;	    /* of name */
	const char *name;   /* valid until the next call */
};

struct host_dir_reader {
	int fd; /* borrowed */
	char *buf;
	size_t len, pos;
};

/* Zero bytes to free: reader_done. fd stands where reading is to begin. */
int host_dir_reader_init(struct host_dir_reader *rd, int fd);
/* The buffer is kept for another directory, read from its beginning. */
int host_dir_reader_reset(struct host_dir_reader *rd, int fd);
/* The same, from where host_dirent.next says. */
int host_dir_reader_resume(struct host_dir_reader *rd, int fd, int64_t next);
void host_dir_reader_done(struct host_dir_reader *rd);
/* 1: *ret is the next name; 0: the end; or -errno. */
int host_dir_read(struct host_dir_reader *rd, struct host_dirent *ret);

#endif

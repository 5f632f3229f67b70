/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials and state of the calling thread, from /proc/<tid>/status. Runs in the supervisor. Ids
 * are shown as the reader's user namespace sees them, which is the container's.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tracee/internal.h"
#include "tracee/tracee.h"

#define STATUS_MAX 16384

int tracee_read_proc(int proc_fd, pid_t tid, const char *name, char *to, size_t max)
{
	char path[64];
	cleanup_fd int fd = -EBADF;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* One read: seq_file gives a consistent text up to the buffer's size. */
	n = read(fd, to, max - 1);
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return 0;
}

const char *tracee_field(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text && *text) {
		if (strncmp(text, key, len) == 0 && text[len] == ':')
			return text + len + 1 + strspn(text + len + 1, " \t");
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

/* The blank-separated decimal numbers of one line. */
static int parse_ids(const char *line, unsigned *out, size_t max, size_t *ret_n)
{
	size_t n = 0;

	if (!line)
		return -EIO;
	for (;;) {
		char *end;
		unsigned long v;

		line += strspn(line, " \t");
		if (*line == '\n' || *line == '\0')
			break;
		v = strtoul(line, &end, 10);
		if (end == line)
			return -EIO;
		if (n == max)
			return -E2BIG;
		out[n++] = (unsigned)v;
		line = end;
	}
	*ret_n = n;
	return 0;
}

static int parse_owner(const char *text, const char *key, unsigned *ret_effective, unsigned *ret_fs)
{
	unsigned ids[4]; /* real, effective, saved, file system */
	size_t n;
	int r = parse_ids(tracee_field(text, key), ids, 4, &n);

	if (r < 0 || n != 4)
		return r < 0 ? r : -EIO;
	*ret_effective = ids[1];
	*ret_fs = ids[3];
	return 0;
}

int tracee_read_creds(int proc_fd, pid_t tid, struct tracee_creds *ret)
{
	char text[STATUS_MAX];
	const char *caps, *umask_text, *tgid, *threads;
	size_t n_tgids;
	int r;

	r = tracee_read_proc(proc_fd, tid, "status", text, sizeof(text));
	if (r < 0)
		return r;
	r = parse_owner(text, "Uid", &ret->euid, &ret->fsuid);
	if (r == 0)
		r = parse_owner(text, "Gid", &ret->egid, &ret->fsgid);
	if (r == 0)
		r = parse_ids(tracee_field(text, "Groups"), ret->groups, TRACEE_GROUPS_MAX,
			      &ret->n_groups);
	if (r == 0)
		r = parse_ids(tracee_field(text, "NSpid"), (unsigned *)ret->tids, TRACEE_PID_LEVELS,
			      &ret->n_levels);
	if (r == 0)
		r = parse_ids(tracee_field(text, "NStgid"), (unsigned *)ret->tgids,
			      TRACEE_PID_LEVELS, &n_tgids);
	if (r < 0)
		return r;
	caps = tracee_field(text, "CapEff");
	umask_text = tracee_field(text, "Umask");
	tgid = tracee_field(text, "Tgid");
	threads = tracee_field(text, "Threads");
	/* A zombie has no Umask line; it makes no calls either. */
	if (!caps || !umask_text || !tgid || n_tgids != ret->n_levels || n_tgids == 0 ||
	    sscanf(caps, "%" SCNx64, &ret->effective) != 1 ||
	    sscanf(umask_text, "%" SCNo32, &ret->umask) != 1 || !threads ||
	    sscanf(threads, "%u", &ret->threads) != 1 || sscanf(tgid, "%d", &ret->tgid) != 1)
		return -ESRCH;
	return 0;
}

int tracee_userns_ino(int proc_fd, pid_t tid, ino_t *ret)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%d/ns/user", tid);
	if (fstatat(proc_fd, path, &st, 0) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static uint64_t mask_field(const char *text, const char *key)
{
	const char *value = tracee_field(text, key);
	uint64_t mask = 0;

	if (value)
		sscanf(value, "%" SCNx64, &mask);
	return mask;
}

bool tracee_signal_pending(int proc_fd, pid_t tid)
{
	char text[STATUS_MAX];
	uint64_t pending;

	if (tracee_read_proc(proc_fd, tid, "status", text, sizeof(text)) < 0)
		return false;
	pending = mask_field(text, "SigPnd") | mask_field(text, "ShdPnd");
	return (pending & ~mask_field(text, "SigBlk") & ~mask_field(text, "SigIgn")) != 0;
}

int tracee_tty(int proc_fd, pid_t tid, dev_t *ret)
{
	char text[1024];
	const char *p;
	int tty_nr, r;

	r = tracee_read_proc(proc_fd, tid, "stat", text, sizeof(text));
	if (r < 0)
		return r;
	/* proc_pid_stat(5): behind the last ')' of comm come state ppid pgrp session tty_nr. */
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %d", &tty_nr) != 1)
		return -EIO;
	/* Minor in bits 31-20 and 7-0, major in 15-8 (new_encode_dev). */
	*ret = makedev(((unsigned)tty_nr >> 8) & 0xfff,
		       ((unsigned)tty_nr & 0xff) | (((unsigned)tty_nr >> 12) & 0xfff00));
	return 0;
}

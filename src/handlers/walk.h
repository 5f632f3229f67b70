/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path walk, component by component, in the caller's mounts. Needed where one openat2 cannot do
 * it: relative paths that leave their starting directory, mount points, and procfs, whose `self`
 * and magic links mean the reader, which must be the caller and not us.
 */
#ifndef SANDLOCK_HANDLERS_WALK_H
#define SANDLOCK_HANDLERS_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct request;

struct walk_end {
	int fd; /* the object, O_PATH; owned */
	/* With -ENOENT: the directory and name where the last component is missing (-EBADF: some
	 * other component is). */
	int parent;
	char name[NAME_MAX + 1];
	bool slash;    /* the missing name was followed by a slash */
	bool own_comm; /* the caller's own /proc/<pid>/task/<tid>/comm */
};

/*
 * root, start: O_PATH directories. resolve: RESOLVE_* flags that the caller asked for. Must run as
 * the caller (act.h), so that the kernel checks search permission and ptrace access of magic links.
 * At most 40 symbolic links (-ELOOP).
 */
int walk_path(struct request *rq, int root, int start, const char *path, bool nofollow,
	      uint64_t resolve, struct walk_end *ret);

/*
 * The caller's own magic link `name`, of /proc/<tid>/fd or of /proc/<tid>: tid is its own, or that of its first thread. An O_PATH descriptor. Must run as the caller, and
 * leaves the thread so. -ENOENT: no such descriptor; -EXDEV: a link that is not among those that need this.
 */
int walk_open_own(struct request *rq, pid_t tid, bool in_fd, const char *name, int *ret_fd);

#define PROC_ROOT_INODE 1 /* of every procfs */
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000 /* 5.10 */
#endif
/* Has the caller a pid in the procfs whose top directory dir is? As the caller. */
bool walk_procfs_shows(struct request *rq, int dir);

#endif

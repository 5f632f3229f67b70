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

#define PROC_ROOT_INODE 1 /* of every procfs */
/* A name in /proc/<pid>/fd: no sign, no leading zeros (procfs, name_to_int). -ENOENT: none. */
int walk_parse_fd(const char *name, int *ret);
/* Has the caller a pid in the procfs whose top directory dir is? As the caller. */
bool walk_procfs_shows(struct request *rq, int dir);

#endif

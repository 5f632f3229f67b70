/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only resolver: (dirfd, path, flags) of the caller -> a checked object. The kernel does the
 * walk, with the caller's credentials, in the caller's mount view; see walk.h for the part it
 * cannot do for us. No path is ever compared or joined as text.
 */
#ifndef SANDLOCK_HANDLERS_RESOLVE_H
#define SANDLOCK_HANDLERS_RESOLVE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/compiler.h"

struct request;
struct tracee_path;

/* What a call is about. fd is O_PATH, in the container's mounts; a symlink only if the call does
 * not follow. */
struct object {
	int fd;
	bool shared; /* a regular file that the live root shares with a lower */
	bool own_comm; /* proc(5), task/<tid>/comm: a process may always open its own threads', whoever owns it */
	struct stat st;
};

struct lookup {
	int base_fd; /* where the walk starts */
	int root_fd; /* the caller's root; -EBADF when base_fd is it */
	bool absolute;
	bool base_is_live; /* one openat2 may answer: the base lies in the live root's file system, the caller is not chrooted */
	uint64_t resolve;  /* RESOLVE_* of an openat2 caller */
	const char *path;  /* borrowed */
	/* The object was looked for component by component. After -ENOENT for the last one, where that ended; -EBADF: an earlier
	   one is missing, or nothing can be made there. */
	bool walked;
	int missing_parent;
	char missing_name[NAME_MAX + 1];
	bool missing_slash;
};

/* Takes hold of the starting points and checks that the caller is still there. path must live as
 * long as the lookup. */
int lookup_begin(struct request *rq, int dirfd, const struct tracee_path *path, uint64_t resolve,
		 struct lookup *ret);
/*
 * Walks as the caller. With rq->stay_caller the thread is left so, unless a FIFO, a socket or a device has been found (after an error too): to change capabilities is a tenth
 * of a served call. Otherwise it has its own again.
 */
int lookup_object(struct request *rq, struct lookup *lk, bool nofollow, struct object *ret);
/*
 * Opens the last component with O_CREAT as the caller, after lookup_object said -ENOENT. ret_fd: an
 * open file as flags say, certainly not a shared one. -EAGAIN: something else has appeared under the name, look it up.
 */
int lookup_create(struct request *rq, struct lookup *lk, int flags, uint32_t mode, int *ret_fd);
/*
 * The directory in which the path's last name lies, and that name (NAME_MAX + 1 bytes); a symlink as last name is not followed. -ENOENT for
 * names that cannot be made ("", "." , "..", a trailing slash).
 */
int lookup_parent(struct request *rq, const struct lookup *lk, struct object *ret, char *ret_name);
void lookup_done(struct lookup *lk);
#define cleanup_lookup ATTR_CLEANUP(lookup_done)

/* The object behind a descriptor number of the caller. -EBADF, also for O_PATH descriptors unless
 * path_ok. */
int resolve_fd(struct request *rq, int number, bool path_ok, struct object *ret);
/*
 * By the registers that the call's row names, with AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH;
 * known_flags: AT_* flags that the call takes (others: -EINVAL). fd_use: how it takes the descriptor instead of a path.
 */
int resolve_call(struct request *rq, int known_flags, unsigned fd_use, struct object *ret);
#define FD_IF_NULL   (1u << 0) /* a NULL path means it (utimensat) */
#define FD_IS_OPEN   (1u << 1) /* with an empty path it may not be an O_PATH one (setxattrat) */
#define FD_NEVER_CWD (1u << 2) /* nor AT_FDCWD (removexattrat, 6.18) */
/* The same check alone, for calls that make it before they look at other arguments. */
int resolve_check_flags(const struct request *rq, int known_flags);
/* A file that the live root shares with a lower: nobody may change its inode. */
bool object_is_shared(const struct request *rq, const struct stat *st);
void object_done(struct object *obj);
#define cleanup_object ATTR_CLEANUP(object_done)
#define OBJECT_INIT                                                                                \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}

/* The object's mount is read-only: what the kernel would say first to any change. */
int object_check_writable(const struct object *obj);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chmod, chown, truncate families. Supervisor worker thread. Untrusted: nothing but registers and
 * the path. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers/act.h"
#include "handlers/handlers.h"
#include "handlers/on_object.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/object.h"

static int do_chmod(int fd, const char *path, void *arg)
{
	mode_t mode = *(const mode_t *)arg;

	if (path)
		return host_chmod_fd(fd, mode);
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int handle_chmod(struct request *rq, struct reply *reply)
{
	mode_t mode = (mode_t)rq->args[rq->row->operand] & 07777;

	return on_object(rq, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0, do_chmod, &mode, reply);
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static int do_chown(int fd, const char *path, void *arg)
{
	const struct owner *owner = arg;

	if (path)
		return fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	return fchown(fd, owner->uid, owner->gid) < 0 ? -errno : 0;
}

int handle_chown(struct request *rq, struct reply *reply)
{
	struct owner owner = {
		.uid = (uid_t)rq->args[rq->row->operand],
		.gid = (gid_t)rq->args[rq->row->operand + 1],
	};

	return on_object(rq, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0, do_chown, &owner, reply);
}

struct truncation {
	off_t length;
	bool beyond_limit; /* RLIMIT_FSIZE of the caller */
};

static int do_truncate(int fd, const char *path, void *arg)
{
	const struct truncation *t = arg;
	struct stat st;
	int r;

	(void)path;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Only growing is limited. */
	if (!t->beyond_limit || st.st_size >= t->length)
		return host_truncate_fd(fd, t->length);
	/* The limit is looked at last. It is the caller's, not ours, so the rest of truncate(2) is asked for in other words. */
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	r = host_access_fd(fd, W_OK);
	return r < 0 ? r : -EFBIG;
}

static bool exceeds_file_size(const struct request *rq, off_t length)
{
	struct rlimit limit;

	return prlimit(rq->tid, RLIMIT_FSIZE, NULL, &limit) == 0 && (rlim_t)length > limit.rlim_cur;
}

int handle_truncate(struct request *rq, struct reply *reply)
{
	struct truncation t = {.length = (off_t)rq->args[rq->row->operand]};
	int r;

	if (t.length < 0)
		return -EINVAL;
	t.beyond_limit = exceeds_file_size(rq, t.length);
	r = on_object_flags(rq, 0, 0, do_truncate, &t, t.length == 0 ? ACT_NO_DATA : 0, reply);
	/* setrlimit(2): EFBIG and SIGXFSZ, for the caller and not for us. */
	if (r == -EFBIG && t.beyond_limit && request_need_creds(rq) == 0)
		syscall(SYS_tgkill, rq->creds.tgid, rq->tid, SIGXFSZ);
	return r;
}

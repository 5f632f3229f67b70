/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execve, execveat: noticed because of the credentials they change (cred_cache.h); and while the live root is populated lazily,
 * what the kernel opens by itself is populated first, since no filter sees it: `#!` interpreters, which may be scripts again, and the
 * ELF interpreter. Supervisor worker thread. Untrusted: the path and the file's content.
 */
#include <config.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cow/cow.h"
#include "handlers/act.h"
#include "handlers/cred_cache.h"
#include "handlers/handlers.h"
#include "handlers/path.h"
#include "handlers/request.h"
#include "handlers/resolve.h"
#include "handlers/table.h"
#include "host/at.h"

#define DEPTH_MAX   5	/* of scripts that are interpreted by scripts; the kernel says ELOOP then */
#define HEAD_SIZE   256 /* BINPRM_BUF_SIZE */
#define HEADERS_MAX 128 /* program headers that are looked at */

/* The interpreter in a script's first line. */
static bool script_interpreter(const char *head, size_t len, struct tracee_path *ret)
{
	const char *p = head + 2, *end = head + len;
	size_t n = 0;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (p + n < end && p[n] && !strchr(" \t\n", p[n]))
		n++;
	memcpy(ret->bytes, p, n);
	ret->bytes[n] = '\0';
	ret->len = n;
	return n > 0;
}

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, to, len, (off_t)at) == (ssize_t)len;
}

static bool read_interpreter(int fd, uint64_t at, uint64_t len, struct tracee_path *ret)
{
	if (len < 2 || len > PATH_MAX || !read_at(fd, ret->bytes, len, at))
		return false;
	ret->bytes[len - 1] = '\0';
	ret->len = strlen(ret->bytes);
	return ret->len > 0;
}

static bool elf64_interpreter(int fd, const char *head, struct tracee_path *ret)
{
	Elf64_Ehdr h;
	Elf64_Phdr ph;

	memcpy(&h, head, sizeof(h));
	for (uint64_t i = 0; i < MIN(h.e_phnum, HEADERS_MAX); i++) {
		if (!read_at(fd, &ph, sizeof(ph), h.e_phoff + i * h.e_phentsize))
			return false;
		if (ph.p_type == PT_INTERP)
			return read_interpreter(fd, ph.p_offset, ph.p_filesz, ret);
	}
	return false;
}

static bool elf32_interpreter(int fd, const char *head, struct tracee_path *ret)
{
	Elf32_Ehdr h;
	Elf32_Phdr ph;

	memcpy(&h, head, sizeof(h));
	for (uint64_t i = 0; i < MIN(h.e_phnum, HEADERS_MAX); i++) {
		if (!read_at(fd, &ph, sizeof(ph), (uint64_t)h.e_phoff + i * h.e_phentsize))
			return false;
		if (ph.p_type == PT_INTERP)
			return read_interpreter(fd, ph.p_offset, ph.p_filesz, ret);
	}
	return false;
}

bool exec_find_interpreter(int fd, struct tracee_path *ret)
{
	char head[HEAD_SIZE] = {0};
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n > 2 && head[0] == '#' && head[1] == '!')
		return script_interpreter(head, (size_t)n, ret);
	if (n < (ssize_t)sizeof(Elf64_Ehdr) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	return head[EI_CLASS] == ELFCLASS64 ? elf64_interpreter(fd, head, ret)
					    : elf32_interpreter(fd, head, ret);
}

/* The file that a path leads to, open for reading with our own rights: it may be executable only. */
static int open_executable(struct request *rq, int dirfd, const struct tracee_path *path, int flags,
			   int *ret_fd)
{
	cleanup_object struct object obj = OBJECT_INIT;
	int r = 0;

	if (path->len == 0 && (flags & AT_EMPTY_PATH))
		resolve_fd(rq, dirfd, true, &obj); /* if it fails so does the kernel */
	else
		r = path_look(rq, dirfd, path, flags, &obj);
	if (r < 0 || obj.fd < 0 || !S_ISREG(obj.st.st_mode))
		return r;
	act_as_supervisor(rq);
	host_reopen(obj.fd, O_RDONLY,
		    ret_fd); /* if it fails the kernel will not execute it either */
	return 0;
}

static int touch_executable(struct request *rq, int dirfd, struct tracee_path *path, int flags)
{
	for (int depth = 0; depth < DEPTH_MAX && cow_is_lazy(rq->svc->cow); depth++) {
		cleanup_fd int fd = -EBADF;
		int r = open_executable(rq, dirfd, path, flags, &fd);

		if (r < 0 || fd < 0 || !exec_find_interpreter(fd, path))
			return r;
		dirfd = AT_FDCWD;
		flags = 0;
	}
	return 0;
}

int handle_exec(struct request *rq, struct reply *reply)
{
	const struct syscall_row *row = rq->row;
	struct tracee_path path;
	int r = 0;

	if (cow_is_lazy(rq->svc->cow) &&
	    tracee_read_path(rq->tid, request_ptr(rq, (unsigned)row->path), &path) == 0)
		r = touch_executable(
			rq, row->dirfd >= 0 ? request_int(rq, (unsigned)row->dirfd) : AT_FDCWD,
			&path, row->at_flags >= 0 ? request_int(rq, (unsigned)row->at_flags) : 0);
	if (r < 0)
		return r;
	cred_cache_drop_process(rq->svc->cred_cache, rq->svc->proc_fd, rq->tid);
	return reply_continue(reply, CONTINUE_OWN_CREDENTIALS);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the served calls: a notification with any registers, from a caller whose memory is the rest of the input and may be
 * another one at each look. Decoders, resolver and handlers are the real ones, on a small live root; what looks into the caller (src/tracee) is
 * replaced by this file. Demanded: an answer of a known kind, no descriptor left open, and above all: not a bit of the image changes.
 *
 * Byte 0: which row of syscalls.def; byte 1: flags below; then for each register a kind and 32 bits; then the memory, at MEMORY.
 * As root everything that acts runs with the ids of nobody: a way out of the live root shall not find a file that it may change.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "cow/cow.h"
#include "handlers/cred_cache.h"
#include "handlers/handlers.h"
#include "handlers/live_name.h"
#include "handlers/request.h"
#include "handlers/table.h"
#include "host/pidfd.h"
#include "host/seccomp_sys.h"
#include "tests/fuzz/fuzz.h"
#include "tracee/tracee.h"

#define LAZY	    1u
#define SWAPS	    2u /* the second half of the memory is what later looks see */
#define INTERPRETER 4u /* no call: the memory is a program, what is its interpreter? */

#define MEMORY	   UINT64_C(0x10000)
#define PAGE	   4096u
#define HEADER	   32u
#define NOBODY	   65534u
#define REUSE	   256 /* inputs that share one live root */
#define REUSE_LAZY 32

/* The caller. */
static const uint8_t *memory;
static size_t memory_size;
static bool swaps;
static unsigned looks;
static uid_t uid;

static struct service svc;
static atomic_int container_root = -EBADF;
static _Atomic dev_t procfs_dev;
static struct worker_creds me;
static char image[300], store[300];
static unsigned used;

/* src/tracee, and what asks the kernel about a listener that is not there */

static uint8_t memory_at(size_t at)
{
	size_t half = memory_size / 2;

	if (swaps && looks > 1)
		at = at < half ? at + half : at;
	return at < memory_size ? memory[at] : 0;
}

int tracee_read(pid_t tid, struct tracee_ptr from, void *to, size_t len)
{
	uint64_t end = MEMORY + (memory_size + PAGE - 1) / PAGE * PAGE;

	(void)tid;
	looks++;
	if (from.addr < MEMORY || from.addr > end || len > end - from.addr)
		return len == 0 ? 0 : -EFAULT;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = memory_at(from.addr - MEMORY + i);
	return 0;
}

int tracee_read_string(pid_t tid, struct tracee_ptr from, char *to, size_t max, size_t *ret_len)
{
	for (size_t i = 0; i < max; i++) {
		int r = tracee_read(tid, (struct tracee_ptr){from.addr + i}, to + i, 1);

		looks -= i > 0;
		if (r < 0)
			return r;
		if (to[i] == '\0') {
			*ret_len = i;
			return 0;
		}
	}
	return -ENAMETOOLONG;
}

int tracee_read_path(pid_t tid, struct tracee_ptr from, struct tracee_path *ret)
{
	return tracee_read_string(tid, from, ret->bytes, sizeof(ret->bytes), &ret->len);
}

static int open_live(const char *path, int flags, int *ret_fd)
{
	int fd = openat(cow_root_fd(svc.cow), path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int tracee_open_root(int proc_fd, pid_t tid, int *ret_fd)
{
	(void)proc_fd, (void)tid;
	return open_live(".", O_PATH | O_DIRECTORY, ret_fd);
}

int tracee_open_cwd(int proc_fd, pid_t tid, int *ret_fd)
{
	int r = open_live("dir", O_PATH | O_NOFOLLOW, ret_fd);

	(void)proc_fd, (void)tid;
	return r < 0 ? open_live(".", O_PATH, ret_fd) : r;
}

int tracee_open_exe(int proc_fd, pid_t tid, int *ret_fd)
{
	(void)proc_fd, (void)tid;
	return open_live("bin/prog", O_PATH | O_NOFOLLOW, ret_fd);
}

int tracee_open_fd(int proc_fd, pid_t tid, int number, int *ret_fd)
{
	static const char *const files[] = {".",    "dir",  "etc/passwd", "dir/sub/file",
					    "link", "fifo", "bin/prog",	  "hard1"};

	(void)proc_fd, (void)tid;
	if (number < 0 || (size_t)number >= ARRAY_SIZE(files) ||
	    open_live(files[number], O_PATH | O_NOFOLLOW, ret_fd) < 0)
		return -EBADF;
	return 0;
}

int tracee_fd_is_path(int proc_fd, pid_t tid, int number, bool *ret)
{
	(void)proc_fd, (void)tid;
	*ret = number == 4;
	return 0;
}

bool tracee_fd_table_full(int proc_fd, pid_t tid)
{
	(void)proc_fd, (void)tid;
	return false;
}

int tracee_read_creds(int proc_fd, pid_t tid, struct tracee_creds *ret)
{
	(void)proc_fd;
	*ret = (struct tracee_creds){
		.tgid = tid,
		.euid = uid,
		.fsuid = uid,
		.egid = getegid(),
		.fsgid = getegid(),
		.umask = 022,
		.threads = 1,
		.n_levels = 1,
	};
	ret->tids[0] = ret->tgids[0] = tid;
	return 0;
}

int tracee_userns_ino(int proc_fd, pid_t tid, ino_t *ret)
{
	(void)proc_fd, (void)tid;
	*ret = svc.userns_ino;
	return 0;
}

bool tracee_signal_pending(int proc_fd, pid_t tid)
{
	(void)proc_fd, (void)tid;
	return false;
}

int tracee_tty(int proc_fd, pid_t tid, dev_t *ret)
{
	(void)proc_fd, (void)tid;
	*ret = 0;
	return 0;
}

bool host_notif_id_valid(int listener, uint64_t id)
{
	(void)listener, (void)id;
	return true;
}

/* Nobody's namespaces are joined: handle_mount ends here, with everything decoded. */
int host_pidfd_open(pid_t pid)
{
	(void)pid;
	return -ENOSYS;
}

int host_pidfd_getfd(int pidfd, int number)
{
	(void)pidfd, (void)number;
	return -ENOSYS;
}

static void may_block(struct request *rq)
{
	(void)rq;
}

/* The image and its live root */

static void put_file(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

static void make_image(int dir)
{
	if (mkdirat(dir, "etc", 0755) < 0 || mkdirat(dir, "bin", 0755) < 0 ||
	    mkdirat(dir, "dir", 0755) < 0 || mkdirat(dir, "dir/sub", 0700) < 0)
		abort();
	put_file(dir, "etc/passwd", "root:x:0:0::/:/bin/sh\n", 0644);
	put_file(dir, "bin/prog", "#!/bin/sh -e\n", 0755);
	put_file(dir, "dir/sub/file", "", 0600);
	put_file(dir, "hard1", "two names\n", 0666);
	if (linkat(dir, "hard1", dir, "hard2", 0) < 0 || mkfifoat(dir, "fifo", 0666) < 0 ||
	    symlinkat("etc/passwd", dir, "link") < 0 || symlinkat("loop", dir, "loop") < 0 ||
	    symlinkat("/etc/passwd", dir, "absolute") < 0 ||
	    symlinkat("../../../../../../etc/passwd", dir, "dir/up") < 0 ||
	    symlinkat("missing/x", dir, "dangling") < 0)
		abort();
}

static const char *const guarded[] = {"etc/passwd", "bin/prog", "dir/sub/file", "hard1"};
static struct stat before[ARRAY_SIZE(guarded)];
static int image_fd = -1;

static void look_at_image(struct stat *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		if (fstatat(image_fd, guarded[i], &ret[i], AT_SYMLINK_NOFOLLOW) < 0)
			abort();
}

static void check_image(void)
{
	struct stat now[ARRAY_SIZE(guarded)];

	look_at_image(now);
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
		if (now[i].st_mode != before[i].st_mode || now[i].st_size != before[i].st_size ||
		    now[i].st_uid != before[i].st_uid || now[i].st_gid != before[i].st_gid ||
		    now[i].st_mtim.tv_sec != before[i].st_mtim.tv_sec ||
		    now[i].st_mtim.tv_nsec != before[i].st_mtim.tv_nsec)
			abort();
	}
}

static void act_as_nobody(bool on)
{
	if (getuid() == 0 && seteuid(on ? NOBODY : 0) < 0)
		abort();
}

static void set_up(void)
{
	int dir = fuzz_temp_dir();

	if (getuid() == 0 && fchown(dir, NOBODY, (gid_t)-1) < 0)
		abort();
	close(dir);
	umask(022);
	act_as_nobody(true);
	uid = geteuid();
	snprintf(image, sizeof(image), "%s/image", fuzz_temp_path());
	snprintf(store, sizeof(store), "%s/store", fuzz_temp_path());
	if (mkdir(image, 0755) < 0)
		abort();
	image_fd = open(image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_image(image_fd);
	look_at_image(before);
	act_as_nobody(false);
}

static void drop_root(void)
{
	if (!svc.cow)
		return;
	cow_close(svc.cow);
	svc.cow = NULL;
	if (atomic_load(&container_root) >= 0)
		close(atomic_exchange(&container_root, -EBADF));
	close(svc.proc_fd);
	close(svc.self_fd_dir);
	if (cow_remove(store, NULL) < 0)
		abort();
}

static void make_root(bool lazy)
{
	char *lowers[] = {image, NULL};
	struct cow_params params = {.dir = store, .lowers = lowers, .owner_id = "fuzz"};
	struct cred_cache *cache = svc.cred_cache;
	struct cow_stats stats;
	int r;

	drop_root();
	svc = (struct service){
		.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.userns_ino = 1,
		.may_block = may_block,
		.look_around = may_block,
		.groups_denied = true,
		.container_root = &container_root,
		.procfs_dev = &procfs_dev,
		.cred_cache = cache ? cache : cred_cache_new(),
		.uid = uid,
		.gid = getegid(),
		.protected_symlinks = 1,
		.protected_regular = 2,
		.protected_fifos = 2,
	};
	r = cow_create(&params, &svc.cow);
	if (r == 0)
		r = lazy ? cow_populate_lazily(svc.cow, &stats, NULL)
			 : cow_populate(svc.cow, &stats, NULL);
	if (r == -EOPNOTSUPP)
		r = cow_populate(svc.cow, &stats, NULL);
	if (r < 0 || live_name_set_root(&svc) < 0)
		abort();
	used = 0;
}

static bool was_lazy;

static void need_root(bool lazy)
{
	if (!svc.cow || lazy != was_lazy || used++ > (lazy ? REUSE_LAZY : REUSE))
		make_root(lazy);
	was_lazy = lazy;
	me = (struct worker_creds){
		.euid = uid, .fsuid = uid, .egid = getegid(), .fsgid = getegid(), .umask = 022};
}

/* One call */

static uint64_t decode_register(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p + 1, sizeof(v));
	switch (p[0] % 8) {
	case 0:
		return (uint64_t)(int64_t)(int32_t)v;
	case 1:
		return MEMORY + (v & 0xffff);
	case 2:
		return (uint64_t)v << 32 | v;
	case 3:
		return v % 16;
	case 4:
		return (uint64_t)(int64_t)AT_FDCWD;
	case 5:
		return UINT64_C(1) << v % 64;
	case 6:
		return MEMORY + memory_size - v % 16;
	default:
		return v;
	}
}

static void check_reply(struct reply *reply, int r)
{
	if (r < 0) {
		if (r < -4095)
			abort();
		return;
	}
	switch (reply->kind) {
	case REPLY_VALUE:
		break;
	case REPLY_FD:
		if (close(reply->fd) < 0)
			abort();
		break;
	case REPLY_CONTINUE:
		if (!reply->reason)
			abort();
		break;
	case REPLY_PARK:
		parked_free(reply->parked);
		break;
	}
}

static void call(const struct syscall_row *row, const uint64_t *args)
{
	struct reply reply = {.kind = REPLY_VALUE, .fd = -EBADF};
	struct request rq = {
		.svc = &svc,
		.me = &me,
		.listener = -EBADF,
		.id = 1,
		.tid = getpid(),
		.row = row,
		.args = args,
	};
	int root = atomic_load(&container_root), lowest = fuzz_lowest_fd();

	check_reply(&reply, row->handler(&rq, &reply));
	/* the container's root is remembered when it is first seen */
	if (root == atomic_load(&container_root) && fuzz_lowest_fd() != lowest)
		abort();
}

static void find_interpreter(void)
{
	struct tracee_path path;
	int fd = memfd_create("program", MFD_CLOEXEC);

	if (fd < 0 || write(fd, memory, memory_size) < 0)
		abort();
	if (exec_find_interpreter(fd, &path) &&
	    (path.len == 0 || path.len >= sizeof(path.bytes) || path.bytes[path.len]))
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct syscall_row *rows;
	uint64_t args[6];
	size_t n;

	if (size < HEADER)
		return 0;
	if (image_fd < 0)
		set_up();
	memory = data + HEADER;
	memory_size = size - HEADER;
	swaps = data[1] & SWAPS;
	looks = 0;
	if (data[1] & INTERPRETER) {
		find_interpreter();
		return 0;
	}
	for (size_t i = 0; i < 6; i++)
		args[i] = decode_register(data + 2 + 5 * i);
	act_as_nobody(true);
	need_root(data[1] & LAZY);
	rows = table_rows(&n);
	call(&rows[data[0] % n], args);
	check_image();
	act_as_nobody(false);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content: reading, writing, mapping, copying, sizes, holes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fileops.h"

static char buffer[70000];

static void done(long r)
{
	say_result(r);
	say("\n");
}

static void fill(struct op *op, size_t len)
{
	memset(buffer, 'A' + (int)pick(op, 26), len);
}

/* What was read through a descriptor; of an old one of a file that was copied up it may be older than the plain copy's. */
static void read_done(int slot, ssize_t n)
{
	if (slot_is_stale(slot))
		say(" ~");
	say_result(n);
	if (n > 0)
		say_hash(buffer, (size_t)n);
	say("\n");
}

static void op_read(struct op *op)
{
	int slot = pick_slot(op);
	size_t len = (size_t)PICK(op, 0, 10, 4096, 65536);

	say_at(slot);
	say(" %zu", len);
	read_done(slot, read(slot, buffer, len));
}

static void op_pread(struct op *op)
{
	int slot = pick_slot(op);
	off_t off = PICK(op, 0, 5, 100, 4096, 1 << 20);

	say_at(slot);
	say(" %ld", (long)off);
	read_done(slot, pread(slot, buffer, 5000, off));
}

/* Everything, by name. */
static void op_cat(struct op *op)
{
	struct path p;
	int fd;
	ssize_t n;

	pick_plain(op, &p);
	say_path(&p);
	fd = open(p.ptr, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		done(fd);
		return;
	}
	n = read(fd, buffer, sizeof(buffer));
	close(fd);
	say_result(n);
	if (n > 0)
		say_hash(buffer, (size_t)n);
	say("\n");
}

static void op_write(struct op *op)
{
	int slot = pick_slot(op);
	size_t len = (size_t)PICK(op, 1, 10, 1000, 5000, 0);

	fill(op, len);
	say_at(slot);
	say(" %zu", len);
	done(write(slot, buffer, len));
}

static void op_pwrite(struct op *op)
{
	int slot = pick_slot(op);
	off_t off = PICK(op, 0, 3, 4095, 10000, -1, 100000);

	fill(op, 100);
	say_at(slot);
	say(" %ld", (long)off);
	if (pick(op, 3)) {
		done(pwrite(slot, buffer, 100, off));
	} else {
		struct iovec v[2] = {{buffer, 50}, {buffer, 30}};

		say(" v2");
		done(pwritev2(slot, v, 2, off,
			      (int)PICK(op, 0, RWF_APPEND, may_sync ? RWF_DSYNC : 0)));
	}
}

/* `echo text >> file` and `> file` */
static void op_write_name(struct op *op)
{
	int flags = O_WRONLY | O_CREAT | O_NONBLOCK | (int)PICK(op, O_APPEND, O_TRUNC, 0), fd;
	struct path p;

	pick_plain(op, &p);
	fill(op, 200);
	say_path(&p);
	say(" %#x", flags);
	fd = open(p.ptr, flags, 0664);
	if (fd < 0) {
		done(fd);
		return;
	}
	done(write(fd, buffer, 1 + pick(op, 200)));
	close(fd);
}

static void op_lseek(struct op *op)
{
	int slot = pick_slot(op),
	    whence = (int)PICK(op, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE);
	off_t off = PICK(op, 0, 10, -5, 100, 50000);
	struct stat st;

	say_at(slot);
	say(" %ld %d", (long)off, whence);
	/* positions in a directory are the file system's own business */
	if (fstat(slot, &st) == 0 && S_ISDIR(st.st_mode)) {
		say(" dir\n");
		return;
	}
	if (slot_is_stale(slot))
		say(" ~");
	done(lseek(slot, off, whence));
}

static void op_truncate(struct op *op)
{
	struct path p;
	off_t len = PICK(op, 0, 5, 100, 6000, 300000, -1);

	pick_path(op, &p);
	say_path(&p);
	say(" %ld", (long)len);
	done(truncate(p.ptr, len));
}

static void op_ftruncate(struct op *op)
{
	int slot = pick_slot(op);
	off_t len = PICK(op, 0, 50, 4097, 100000, -1);

	say_at(slot);
	say(" %ld", (long)len);
	done(ftruncate(slot, len));
}

static void op_fallocate(struct op *op)
{
	int slot = pick_slot(op);
	int mode =
		(int)PICK(op, 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE);
	off_t off = PICK(op, 0, 4096, 100), len = PICK(op, 4096, 8192, 10, 0);

	say_at(slot);
	say(" %d %ld %ld", mode, (long)off, (long)len);
	done(fallocate(slot, mode, off, len));
}

static void op_mmap_write(struct op *op)
{
	int slot = pick_slot(op);
	struct stat st;
	char *m;

	say_at(slot);
	if (fstat(slot, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		say(" nothing to map\n");
		return;
	}
	if (slot_is_stale(slot))
		say(" ~");
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, slot, 0);
	if (m == MAP_FAILED) {
		done(-1);
		return;
	}
	m[pick(op, (unsigned)(st.st_size < 4096 ? st.st_size : 4096))] ^= 1;
	done(msync(m, 4096, (int)may_sync ? MS_SYNC : MS_ASYNC));
	munmap(m, 4096);
}

static void op_mmap_read(struct op *op)
{
	struct path p;
	struct stat st;
	int fd, prot;
	char *m;

	pick_plain(op, &p);
	prot = (int)PICK(op, PROT_READ, PROT_READ | PROT_WRITE);
	say_path(&p);
	fd = open(p.ptr, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		say(" nothing\n");
		close(fd);
		return;
	}
	m = mmap(NULL, (size_t)st.st_size, prot, MAP_PRIVATE, fd, 0);
	/* a mapping of a descriptor that can only read must not be made writable and shared */
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		say(" SHARED AND WRITABLE");
	close(fd);
	if (m == MAP_FAILED) {
		done(-1);
		return;
	}
	say_hash(m, (size_t)st.st_size);
	done(0);
	munmap(m, (size_t)st.st_size);
}

/* From a file opened now to a slot. */
static void op_copy(struct op *op)
{
	struct path p;
	int slot = pick_slot(op), fd;
	unsigned how = pick(op, 4);
	loff_t off = PICK(op, 0, 10), to = PICK(op, 0, 20);
	size_t len = (size_t)PICK(op, 10, 4096, 100000);
	int pipes[2];
	ssize_t n;

	pick_plain(op, &p);
	say_path(&p);
	say_at(slot);
	say(" %u %ld %zu", how, (long)off, len);
	fd = open(p.ptr, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		done(fd);
		return;
	}
	switch (how) {
	case 0:
		done(copy_file_range(fd, &off, slot, &to, len, 0));
		break;
	case 1:
		done(sendfile(slot, fd, &off, len));
		break;
	case 2:
		if (pipe(pipes) < 0)
			break;
		n = splice(fd, &off, pipes[1], NULL, 4096, SPLICE_F_NONBLOCK);
		say_result(n);
		done(n <= 0 ? 0 : splice(pipes[0], NULL, slot, NULL, (size_t)n, SPLICE_F_NONBLOCK));
		close(pipes[0]);
		close(pipes[1]);
		break;
	default:
		done(ioctl(slot, FICLONE, fd));
	}
	close(fd);
}

static void op_sync(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	if (!may_sync)
		done(syncfs(99));
	else if (pick(op, 2))
		done(fdatasync(slot));
	else
		done(sync_file_range(slot, 0, 100, SYNC_FILE_RANGE_WRITE));
}

static void op_advise(struct op *op)
{
	int slot = pick_slot(op);

	say_at(slot);
	if (pick(op, 2)) {
		done(readahead(slot, 0, 4096));
	} else {
		int r = posix_fadvise(slot, 0, 0, POSIX_FADV_DONTNEED);

		say(" = %d\n", r);
	}
}

static void op_inode_flags(struct op *op)
{
	int slot = pick_slot(op);
	long flags = 0;

	say_at(slot);
	if (slot_is_stale(slot))
		say(" ~");
	say_result(ioctl(slot, FS_IOC_GETFLAGS, &flags));
	say(" %d\n", (int)(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)));
}

static void op_ioctl(struct op *op)
{
	int slot = pick_slot(op);
	long arg = 0;
	unsigned long cmd =
		(unsigned long)PICK(op, FIONREAD, FIGETBSZ, FIOCLEX, FIONCLEX, 0x1234, FITRIM);

	say_at(slot);
	say(" %#lx", cmd);
	if (cmd == FITRIM)
		slot = 99;
	if (slot_is_stale(slot))
		say(" ~");
	done(ioctl(slot, cmd, &arg));
}

const struct op_kind ops_io[] = {
	{"read", op_read},
	{"pread", op_pread},
	{"cat", op_cat},
	{"write", op_write},
	{"pwrite", op_pwrite},
	{"write-name", op_write_name},
	{"lseek", op_lseek},
	{"truncate", op_truncate},
	{"ftruncate", op_ftruncate},
	{"fallocate", op_fallocate},
	{"mmap-write", op_mmap_write},
	{"mmap-read", op_mmap_read},
	{"copy", op_copy},
	{"sync", op_sync},
	{"advise", op_advise},
	{"inode-flags", op_inode_flags},
	{"ioctl", op_ioctl},
	{NULL, NULL},
};

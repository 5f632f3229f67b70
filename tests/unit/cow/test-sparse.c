/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holes stay holes: in copies made by populate and by copy-up. */
#include <config.h>

#include <fcntl.h>

#include "tests/unit/cow/store.h"

#define MIB (1024 * 1024)

static void make_sparse(const char *l, const char *path, off_t data, off_t size)
{
	char block[65536];
	int fd = open(tree_path(l, path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	memset(block, 'x', sizeof(block));
	if (fd < 0 || (data >= 0 && pwrite(fd, block, sizeof(block), data) != sizeof(block)) ||
	    ftruncate(fd, size) < 0 || fsync(fd) < 0)
		bail("make %s: %s", path, strerror(errno));
	close(fd);
}

static void check(const char *l, const char *store, const char *path)
{
	struct stat a = tree_stat(l, path), b = tree_stat(tree_path(store, "root"), path);
	char *x = tree_read(l, path), *y = tree_read(tree_path(store, "root"), path);

	ok(a.st_ino != b.st_ino, "%s: is a copy", path);
	is_int(b.st_size, a.st_size, "%s: size", path);
	ok(b.st_blocks < a.st_blocks + 256, "%s: %lld blocks, the original has %lld", path,
	   (long long)b.st_blocks, (long long)a.st_blocks);
	ok(memcmp(x, y, (size_t)a.st_size) == 0, "%s: content", path);
	free(x);
	free(y);
}

int main(void)
{
	static const char *const names[] = {"middle", "start", "end", "hole", "small"};
	const char *l = tree_temp(), *store = tree_path(tree_temp(), "s");
	struct cow *cow;

	make_sparse(l, "middle", 4 * MIB, 8 * MIB);
	make_sparse(l, "start", 0, 8 * MIB);
	make_sparse(l, "end", 8 * MIB - 65536, 8 * MIB);
	make_sparse(l, "hole", -1, 8 * MIB);
	make_sparse(l, "small", -1, 5000);
	cow = must_store(store, l, COW_SHARE_COPY);
	for (size_t i = 0; i < 5; i++)
		check(l, store, names[i]);
	cow_close(cow);

	store = tree_path(tree_temp(), "s");
	cow = must_store(store, l, COW_SHARE_AUTO);
	for (size_t i = 0; i < 5; i++) {
		is_int(live_copy_up(cow, ".", names[i], 0), 0, "copy up %s", names[i]);
		check(l, store, names[i]);
	}
	cow_close(cow);
	return tap_done();
}

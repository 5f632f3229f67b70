/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copy-up replaces a shared file by a private one that looks the same, and nothing else. */
#include <config.h>

#include <fcntl.h>

#include "tests/unit/cow/store.h"

static const char *lower, *store, *root;

static void make_lower(void)
{
	lower = tree_temp();
	tree_mkdir(lower, "dir", 0755);
	tree_bytes(lower, "dir/data", 300000, 7);
	chmod(tree_path(lower, "dir/data"), 04711);
	tree_xattr(lower, "dir/data", "user.test", "value", 5);
	if (geteuid() == 0 && (chown(tree_path(lower, "dir/data"), 21, 22) < 0 ||
			       chmod(tree_path(lower, "dir/data"), 06711) < 0))
		bail("chown: %s", strerror(errno));
	tree_time(lower, "dir/data", 1000000000, 123456789);
	tree_file(lower, "dir/other", "other", 0444);
	tree_file(lower, "dir/third", "third", 0644);
	store = tree_path(tree_temp(), "s");
	root = tree_path(store, "root");
}

static void check_same_look(struct cow *cow)
{
	char *before = tree_snapshot(lower, TREE_INODES),
	     *want = tree_snapshot(lower, TREE_NO_DIR_TIMES);
	char *got, *after;
	int old = open(tree_path(root, "dir/data"), O_RDONLY | O_CLOEXEC);
	struct stat st;

	ok(live_is_shared(cow, store, "dir/data"), "shared before");
	is_int(live_copy_up(cow, "dir", "data", 0), 0, "copy up");
	ok(!live_is_shared(cow, store, "dir/data"), "private after");
	is_int(tree_stat(root, "dir/data").st_nlink, 1, "one name");
	got = tree_snapshot(root, TREE_NO_DIR_TIMES);
	ok(tree_same(got, want), "content, owner, mode, xattrs and times are kept");
	is_int(tree_count(store, "work"), 0, "nothing is left in work");
	fstat(old, &st);
	is_int(st.st_ino, tree_stat(lower, "dir/data").st_ino,
	       "an old descriptor keeps the old file");
	close(old);
	tree_file(root, "dir/data", "changed", 0600);
	after = tree_snapshot(lower, TREE_INODES);
	ok(tree_same(after, before), "the lower is as it was");
	is_int(tree_stat(lower, "dir/data").st_nlink, 1, "its link is gone");
	free(before);
	free(want);
	free(got);
	free(after);
}

static void check_steps(struct cow *cow)
{
	int dir = live_open_dir(cow, "dir");
	struct stat st = tree_stat(root, "dir/other"), now;
	struct cow_copy *copy = NULL;
	char *text;

	is_int(cow_copy_begin(cow, dir, "other", st.st_dev, st.st_ino, 0, &copy), 0, "begin");
	is_int(tree_count(store, "work"), 1, "the copy lies in work");
	ok(live_is_shared(cow, store, "dir/other"), "the live name is still shared");
	cow_copy_abort(copy);
	is_int(tree_count(store, "work"), 0, "abort leaves nothing");
	ok(live_is_shared(cow, store, "dir/other"), "and changes nothing");

	is_int(cow_copy_begin(cow, dir, "other", st.st_dev, st.st_ino, COW_NO_DATA, &copy), 0,
	       "begin without data");
	fstat(cow_copy_fd(copy), &now);
	is_int(now.st_size, 0, "the copy is empty");
	is_int(now.st_mode & 07777, 0444, "but has the mode");
	is_int(write(cow_copy_fd(copy), "new", 3), 3, "the descriptor is writable");
	text = tree_read(root, "dir/other");
	is_str(text, "other", "the live name has the old content");
	free(text);
	is_int(cow_copy_publish(copy, NULL), 0, "publish");
	text = tree_read(root, "dir/other");
	is_str(text, "new", "the live name has the new content");
	free(text);
	close(dir);
}

static void check_refusals(struct cow *cow)
{
	int dir = live_open_dir(cow, "dir");
	struct stat st = tree_stat(root, "dir/third");
	struct cow_copy *copy = NULL;

	is_int(cow_copy_up(cow, dir, "missing", st.st_dev, st.st_ino, 0), -ENOENT, "no such name");
	is_int(cow_copy_up(cow, dir, "third", st.st_dev, st.st_ino + 1, 0), -EAGAIN,
	       "the name leads to another inode");
	tree_symlink(root, "dir/symlink", "third");
	is_int(cow_copy_up(cow, dir, "symlink", st.st_dev, st.st_ino, 0), -EAGAIN,
	       "a symlink is not followed");
	if (mkfifo(tree_path(root, "dir/fifo"), 0600) < 0)
		bail("mkfifo");
	is_int(cow_copy_up(cow, dir, "fifo", st.st_dev, st.st_ino, 0), -EAGAIN,
	       "a FIFO does not block");
	is_int(cow_copy_begin(cow, dir, "third", st.st_dev, st.st_ino, 0, &copy), 0,
	       "after refusals the inode is not locked");
	cow_copy_abort(copy);
	is_int(tree_count(store, "work"), 0, "nothing is left in work");
	close(dir);
}

static void check_unnamed(struct cow *cow)
{
	int fd = open(tree_path(root, "dir/third"), O_PATH | O_CLOEXEC), copy = -1;
	struct stat st;
	char text[16] = "";

	unlink(tree_path(root, "dir/third"));
	is_int(cow_copy_unnamed(cow, fd, &copy), 0, "copy of a file without a live name");
	is_int(read(copy, text, sizeof(text) - 1), 5, "it can be read from its beginning");
	is_str(text, "third", "content");
	is_int(write(copy, "!", 1), 1, "and written");
	fstat(copy, &st);
	is_int(st.st_nlink, 0, "it has no name");
	is_int(tree_count(store, "work"), 0, "not in work either");
	close(copy);
	close(fd);
	fd = open(root, O_PATH | O_CLOEXEC);
	is_int(cow_copy_unnamed(cow, fd, &copy), -EINVAL, "only regular files");
	close(fd);
}

int main(void)
{
	struct cow *cow;
	int fds;

	make_lower();
	fds = tree_open_fds();
	cow = must_store(store, lower, COW_SHARE_AUTO);
	check_same_look(cow);
	check_steps(cow);
	check_refusals(cow);
	check_unnamed(cow);
	cow_close(cow);
	is_int(tree_open_fds(), fds, "no descriptor is left open");
	return tap_done();
}

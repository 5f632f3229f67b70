/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cow_create and cow_open refuse; meta and index cut or damaged anywhere are refused, never misread. */
#include <config.h>

#include <fcntl.h>

#include "tests/unit/cow/store.h"

static int create(const char *dir, const char *lower)
{
	char *const lowers[] = {(char *)lower, NULL};
	struct cow_params params = {.dir = dir, .lowers = lowers, .owner_id = "id"};
	struct cow *cow = NULL;
	int r = cow_create(&params, &cow);

	cow_close(cow);
	return r;
}

static void check_create(const char *lower)
{
	const char *base = tree_temp(), *p;

	tree_mkdir(base, "full", 0755);
	tree_file(base, "full/x", "x", 0644);
	is_int(create(tree_path(base, "full"), lower), -EEXIST, "not empty");
	ok(tree_count(base, "full") == 1, "and left alone");
	tree_file(base, "file", "x", 0644);
	is_int(create(tree_path(base, "file"), lower), -ENOTDIR, "a file");
	tree_mkdir(base, "empty", 0755);
	tree_symlink(base, "link", "empty");
	is_int(create(tree_path(base, "link"), lower), -ENOTDIR, "a symlink to an empty directory");
	tree_mkdir(base, "open", 0777);
	is_int(create(tree_path(base, "open"), lower), -EPERM, "writable for others");
	is_int(create(tree_path(base, "no/such"), lower), -ENOENT, "no parent");
	is_int(create("relative", lower), -EINVAL, "a relative path");
	is_int(create(tree_path(base, "new"), "relative"), -EINVAL, "a relative lower");
	ok(!tree_exists(base, "new"), "and nothing is made");
	is_int(create(tree_path(base, "empty"), lower), 0, "an empty directory of ours");
	is_int(tree_stat(base, "empty").st_mode & 07777, 0700, "becomes private");
	is_int(tree_count(base, "empty"), 3, "and has root, work and meta");
	if (geteuid() == 0) {
		tree_mkdir(base, "theirs", 0755);
		if (chown(tree_path(base, "theirs"), 1, 1) < 0)
			bail("chown");
		is_int(create(tree_path(base, "theirs"), lower), -EPERM, "owned by somebody else");
	} else {
		tap_skip("owned by somebody else", "not root");
	}
	p = tree_path(base, "setgid");
	tree_mkdir(base, "setgid", 02755);
	is_int(create(tree_path(p, "s"), lower), 0, "below a setgid directory");
	is_int(tree_stat(p, "s/work").st_mode & 07777, 0700, "work has no setgid bit");
	is_int(tree_stat(p, "s/root").st_mode & 07777, 0700, "nor has root");
}

/* user::rwx user:12:rwx group::rwx mask::rwx other::r-x */
static const unsigned char acl[] = {
	2, 0,  0,   0,	 1,   0,   7,  0, 255, 255, 255, 255, 2,   0,	7,
	0, 12, 0,   0,	 0,   4,   0,  7, 0,   255, 255, 255, 255, 16,	0,
	7, 0,  255, 255, 255, 255, 32, 0, 5,   0,   255, 255, 255, 255,
};

static void check_default_acl(void)
{
	const char *base = tree_temp(), *lower = tree_temp();
	char *want, *got;

	tree_file(lower, "file", "f", 0640);
	tree_mkdir(lower, "dir", 0750);
	tree_file(lower, "empty", "", 0640);
	if (!tree_xattr(base, ".", "system.posix_acl_default", acl, sizeof(acl))) {
		tap_skip("default ACL", "host: the file system has no ACLs");
		return;
	}
	cow_close(must_store(tree_path(base, "s"), lower, COW_SHARE_COPY));
	want = tree_snapshot(lower, 0);
	got = tree_snapshot(tree_path(base, "s/root"), 0);
	ok(tree_same(got, want), "a default ACL above the store is not inherited");
	free(want);
	free(got);
}

static int reopen(const char *store)
{
	struct cow *cow = NULL;
	int r = cow_open(store, &cow);

	cow_close(cow);
	return r;
}

static void write_bytes(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		bail("write %s: %s", path, strerror(errno));
	close(fd);
}

/* Every beginning of the file but the whole one is refused; and so is every file with one byte added. */
static void check_cut(const char *store, const char *name)
{
	size_t len = (size_t)tree_stat(store, name).st_size;
	char *text = tree_read(store, name), *longer = malloc(len + 1);
	int passed = 0;

	for (size_t i = 0; i < len; i++) {
		write_bytes(tree_path(store, name), text, i);
		passed += reopen(store) != -EUCLEAN;
	}
	is_int(passed, 0, "%s cut anywhere is refused", name);
	memcpy(longer, text, len);
	longer[len] = '\n';
	write_bytes(tree_path(store, name), longer, len + 1);
	is_int(reopen(store), -EUCLEAN, "%s with a byte more is refused", name);
	write_bytes(tree_path(store, name), text, len);
	is_int(reopen(store), 0, "%s as it was is accepted", name);
	free(text);
	free(longer);
}

static void check_flips(const char *store, const char *name)
{
	size_t len = (size_t)tree_stat(store, name).st_size;
	char *text = tree_read(store, name);
	int passed = 0;

	for (size_t i = 0; i < len; i++) {
		text[i] ^= 0x11;
		write_bytes(tree_path(store, name), text, len);
		passed += reopen(store) != -EUCLEAN;
		text[i] ^= 0x11;
	}
	is_int(passed, 0, "%s with a damaged byte is refused", name);
	write_bytes(tree_path(store, name), text, len);
	free(text);
}

static void check_texts(const char *store)
{
	static const char *const bad[] = {
		"",
		"sandlock-cow 2\nowner x\nshare auto\nids mapped\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nshare most\nids mapped\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids other\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower \nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower /a%00\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower /a%41\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower /a%0a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower /a b\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nextra y\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nids mapped\nshare auto\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids shifted\nlower /a\nend\n",
		"sandlock-cow 1\nowner x\nshare auto\nids mapped\nlower /a\nend\nend\n",
	};
	const char *good =
		"sandlock-cow 1\nowner \nshare copy\nids mapped\nlower /%0A%25%FF\nlower /b\nend\n";

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_bytes(tree_path(store, "meta"), bad[i], strlen(bad[i]));
		is_int(reopen(store), -EUCLEAN, "meta %zu is refused", i);
	}
	write_bytes(tree_path(store, "meta"), good, strlen(good));
	is_int(reopen(store), 0, "a good one is accepted");
	unlink(tree_path(store, "meta"));
	is_int(reopen(store), -EUCLEAN, "none is refused");
}

int main(void)
{
	const char *odd = tree_path(tree_temp(), "odd\nname %41\xff"),
		   *store = tree_path(tree_temp(), "s");

	if (mkdir(odd, 0755) < 0)
		bail("mkdir");
	tree_file(odd, "one", "1", 0644);
	tree_file(odd, "two", "2", 0644);
	check_create(odd);
	check_default_acl();
	is_int(reopen(tree_path(store, "missing")), -ENOENT, "no store");
	cow_close(must_store(store, odd, COW_SHARE_AUTO));
	check_cut(store, "meta");
	check_cut(store, "index");
	check_flips(store, "index");
	unlink(tree_path(store, "index"));
	is_int(reopen(store), 0, "without an index the store opens (populate has not ended)");
	check_texts(store);
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random scripts of file operations on a live root; then four trees must be the same: the live root, the image with the exported layer
 * unpacked on it, a copy of the image after a commit (some commits are killed and begun anew, some done twice), and the image below the
 * written upper directory. test-changes-random [FIRST-SEED [COUNT]]; a failing seed is named.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/changes.h"
#include "host/at.h"
#include "layer/layer.h"
#include "tests/unit/cow/store.h"
#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

#define SEEDS 200
#define OPS   40

static unsigned long long state;
static const char *base, *lower, *root;
static struct cow *cow;

static unsigned rnd(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

/* paths: few names, so that operations meet */

static const char *const names[] = {
	"a", "b", "c", "d", "e", "odd\nname", "n\xc3\xa4me", "by\xfftes", "with space", ".hidden"};

/* Below dir; up to three components, at least one. */
static const char *any_path(const char *dir)
{
	char path[256] = "";
	unsigned depth = 1 + rnd(3);

	for (unsigned i = 0; i < depth; i++) {
		size_t n = strlen(path);

		snprintf(path + n, sizeof(path) - n, "%s%s", i ? "/" : "",
			 names[rnd(depth > 1 && i + 1 < depth ? 3 : ARRAY_SIZE(names))]);
	}
	return tree_path(dir, path);
}

static bool is_type(const char *path, mode_t type)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

static int run_program(const char *program, const char *a, const char *b, const char *c)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp(program, program, a, b, c, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		bail("waitpid");
	return status;
}

static void remove_path(const char *path)
{
	if (!is_type(path, S_IFDIR)) {
		unlink(path);
		return;
	}
	if (rmdir(path) == 0)
		return;
	run_program("rm", "-rf", path, NULL);
}

/* What the write guard does before a file is changed. */
static void copy_up(const char *path)
{
	cleanup_free char *dir = strdup(path);
	char *slash = strrchr(dir, '/');
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || !cow ||
	    !cow_is_shared(cow, st.st_dev, st.st_ino))
		return;
	*slash = '\0';
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = cow_copy_up(cow, fd, slash + 1, st.st_dev, st.st_ino, 0);
	if (r < 0)
		bail("copy up %s: %s", path, strerror(-r));
	close(fd);
}

static void write_file(const char *path, int flags)
{
	char text[64];
	int fd, n = snprintf(text, sizeof(text), "%llx\n", state);

	copy_up(path);
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600 | rnd(0100));
	if (fd < 0)
		return;
	if (rnd(8) == 0 && lseek(fd, 1 << 20, SEEK_SET) < 0)
		bail("lseek");
	if (write(fd, text, (size_t)n) < 0)
		bail("write");
	close(fd);
}

static void set_times(const char *path)
{
	struct timespec t[2] = {{.tv_sec = rnd(1u << 30), .tv_nsec = rnd(1000000000)}};

	t[1] = t[0];
	copy_up(path);
	utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

static void set_xattr(const char *path)
{
	char value[16];
	int n = snprintf(value, sizeof(value), "%c%u", '\0', rnd(1000));

	/* a layer cannot take an attribute from a directory that the image has */
	if (!is_type(path, S_IFREG))
		return;
	copy_up(path);
	lsetxattr(path, "user.test", value, (size_t)n + 1, 0);
}

/* The same file again: new inode, same content, same time. */
static void renew(const char *path)
{
	struct stat st;
	char *text;

	if (!is_type(path, S_IFREG) || lstat(path, &st) < 0 || st.st_size > 4096 ||
	    lgetxattr(path, "user.test", NULL, 0) >= 0)
		return;
	text = tree_read("/", path);
	unlink(path);
	write_file(path, O_CREAT | O_EXCL);
	if (truncate(path, 0) < 0 || chmod(path, st.st_mode & 07777) < 0 ||
	    (geteuid() == 0 && chown(path, st.st_uid, st.st_gid) < 0))
		bail("renew %s", path);
	tree_file("/", path, text, st.st_mode & 07777);
	utimensat(AT_FDCWD, path, (struct timespec[]){st.st_atim, st.st_mtim}, 0);
	free(text);
}

static void change_mode(const char *path)
{
	if (is_type(path, S_IFLNK))
		return;
	copy_up(path);
	chmod(path, 0700 | rnd(0100) | rnd(2) << 10);
}

static void change_owner(const char *path)
{
	if (geteuid() != 0)
		return;
	copy_up(path);
	if (lchown(path, rnd(3) ? 0 : 3000000, rnd(4)) < 0)
		return;
}

static void link_to(const char *path, const char *other)
{
	/* populate, which reads the upper directory here, gives only regular files their names together */
	if (!is_type(path, S_IFREG))
		return;
	copy_up(path);
	if (rnd(2))
		remove_path(other);
	if (linkat(AT_FDCWD, path, AT_FDCWD, other, 0) < 0)
		return;
}

static void make_dir(const char *path)
{
	mkdir(path, 0700 | rnd(0100));
}

static void operate(const char *dir)
{
	const char *path = any_path(dir), *other = any_path(dir);

	switch (rnd(18)) {
	case 0:
	case 1:
		write_file(path, O_CREAT | O_EXCL);
		break;
	case 2:
	case 3:
		write_file(path, O_APPEND);
		break;
	case 4:
		write_file(path, O_TRUNC | O_CREAT);
		break;
	case 5:
		remove_path(path);
		break;
	case 6:
		rename(path, other);
		break;
	case 7:
	case 8:
		make_dir(path);
		break;
	case 9:
		remove_path(path);
		make_dir(path);
		break;
	case 10:
		if (symlink(rnd(2) ? "../a" : "/etc/passwd", path) < 0)
			break;
		break;
	case 11:
		link_to(path, other);
		break;
	case 12:
		set_xattr(path);
		break;
	case 13:
		set_times(path);
		break;
	case 14:
		mkfifo(path, 0600);
		break;
	case 15:
		change_mode(path);
		break;
	case 16:
		change_owner(path);
		break;
	default:
		renew(path);
	}
}

/* trees */

static char *view(const char *dir)
{
	tree_time(dir, ".", 1, 1);
	return tree_snapshot(dir, TREE_GROUPS);
}

static const char *sub(const char *name)
{
	return tree_path(base, name);
}

/* A copy of the image, as a directory of its own. */
static const char *copy_of_lower(const char *name)
{
	struct cow *copy = must_store(sub(name), lower, COW_SHARE_COPY);

	cow_close(copy);
	return tree_path(sub(name), "root");
}

static void must(int r, const struct cow_fault *fault, const char *what)
{
	if (r < 0)
		bail("%s: %s '%s': %s", what, fault->op ? fault->op : "", fault->path,
		     strerror(-r));
}

static struct cow_changes changes_now(void)
{
	struct cow_fault fault = {0};
	struct cow_changes c;

	must(cow_changes_collect(cow, NULL, &c, &fault), &fault, "collect");
	return c;
}

static bool same(const char *dir, const char *want, const char *what, unsigned seed)
{
	char *got = view(dir);
	bool equal = tree_same(got, want);

	if (!equal)
		printf("# seed %u: %s\n", seed, what);
	free(got);
	return equal;
}

static int run_commit(const char *dir)
{
	struct cow_fault fault = {0};
	struct cow_commit commit = {.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				    .wait_ms = 5000};
	int r = cow_commit_to(cow, &commit, &fault);

	if (r < 0) {
		printf("# commit: %s '%s': %s\n", fault.op, fault.path, strerror(-r));
		for (size_t i = 0; i < commit.conflicts.len;
		     i += strlen(commit.conflicts.data + i) + 1)
			printf("# %s\n", commit.conflicts.data + i);
	}
	buf_done(&commit.conflicts);
	close(commit.dir_fd);
	return r;
}

/* Begun, and killed at some point. */
static void killed_commit(const char *dir)
{
	struct itimerval t = {.it_value.tv_usec = 200 + rnd(4000)};
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		setitimer(ITIMER_REAL, &t, NULL);
		_exit(run_commit(dir) < 0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		bail("a commit that was to be killed failed");
}

static bool check_commit(unsigned seed, const char *want)
{
	const char *dir = copy_of_lower("committed");

	if (seed % 3 == 0)
		killed_commit(dir);
	if (run_commit(dir) < 0) {
		printf("# seed %u\n", seed);
		return false;
	}
	return same(dir, want, "after a commit", seed) && !tree_exists(dir, ".sandlock-commit");
}

static bool check_second_commit(unsigned seed)
{
	const char *dir = tree_path(sub("committed"), "root");
	char *want;
	bool ok;

	for (unsigned i = 0; i < OPS / 2; i++)
		operate(root);
	want = view(root);
	ok = run_commit(dir) == 0 && same(dir, want, "after a second commit", seed);
	if (!ok)
		printf("# seed %u\n", seed);
	free(want);
	return ok;
}

static bool check_upper(unsigned seed, const char *want)
{
	const char *upper = sub("upper"), *dir = sub("over");
	char *const lowers[] = {(char *)upper, (char *)lower, NULL};
	struct cow_params params = {
		.dir = dir, .lowers = lowers, .owner_id = "test", .share = COW_SHARE_COPY};
	struct cow_changes c = changes_now();
	struct cow_fault fault = {0};
	struct cow *over;
	bool ok;
	int fd;

	tree_mkdir(upper, "", 0755);
	fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(cow_write_upper(cow, &c, fd, &fault), &fault, "write upper");
	close(fd);
	cow_changes_done(&c);
	must(cow_create(&params, &over), &fault, "create");
	must_populate(over, NULL);
	cow_close(over);
	ok = same(tree_path(dir, "root"), want, "over the upper directory", seed);
	return ok;
}

#ifdef HAVE_LIBARCHIVE
static int export(const char *file, bool sparse)
{
	struct cow_changes c = changes_now();
	struct cow_fault fault = {0};
	struct layer_params p = {.fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
				 .sparse = sparse};

	must(layer_write(cow, &c, &p, &fault), &fault, "export");
	cow_changes_done(&c);
	return close(p.fd);
}

/* As the image specification says: whiteouts remove, anything but a directory over a directory replaces. */
static void unpack_entry(struct archive *in, struct archive *out, struct archive_entry *e)
{
	cleanup_free char *path = strdup(archive_entry_pathname(e));
	char *slash, *last;
	size_t n = strlen(path);
	int r;

	if (n && path[n - 1] == '/')
		path[n - 1] = '\0';
	slash = strrchr(path, '/');
	last = slash ? slash + 1 : path;
	if (strncmp(last, ".wh.", 4) == 0) {
		memmove(last, last + 4, strlen(last + 4) + 1);
		remove_path(path);
		return;
	}
	if (!(archive_entry_filetype(e) == AE_IFDIR && is_type(path, S_IFDIR)))
		remove_path(path);
	r = archive_write_header(out, e);
	if (r == ARCHIVE_OK && archive_entry_size(e) > 0) {
		const void *data;
		la_int64_t off;
		size_t size;

		while (archive_read_data_block(in, &data, &size, &off) == ARCHIVE_OK)
			archive_write_data_block(out, data, size, off);
	}
	if (r == ARCHIVE_OK)
		r = archive_write_finish_entry(out);
	if (r < ARCHIVE_WARN)
		bail("unpack %s: %s", path, archive_error_string(out));
}

/* libarchive leaves the times of a directory alone that was there already. */
static void unpack_dir_times(const char *file)
{
	struct archive *in = archive_read_new();
	struct archive_entry *e;

	archive_read_support_format_tar(in);
	if (archive_read_open_filename(in, file, 65536) != ARCHIVE_OK)
		bail("open %s", file);
	for (int r; (r = archive_read_next_header(in, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN;) {
		struct timespec t[2] = {
			{.tv_sec = archive_entry_mtime(e), .tv_nsec = archive_entry_mtime_nsec(e)}};

		t[1] = t[0];
		if (archive_entry_filetype(e) == AE_IFDIR &&
		    utimensat(AT_FDCWD, archive_entry_pathname(e), t, 0) < 0)
			bail("utimensat %s", archive_entry_pathname(e));
	}
	archive_read_free(in);
}

static void unpack(const char *file, const char *dir)
{
	struct archive *in = archive_read_new(), *out = archive_write_disk_new();
	struct archive_entry *e;
	int r, cwd = open(".", O_PATH | O_CLOEXEC);

	archive_read_support_format_tar(in);
	archive_write_disk_set_options(out, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM |
						    ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR);
	if (chdir(dir) < 0 || archive_read_open_filename(in, file, 65536) != ARCHIVE_OK)
		bail("open %s", file);
	while ((r = archive_read_next_header(in, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN)
		unpack_entry(in, out, e);
	if (r != ARCHIVE_EOF)
		bail("read %s: %s", file, archive_error_string(in));
	archive_read_free(in);
	archive_write_free(out);
	unpack_dir_times(file);
	if (fchdir(cwd) < 0)
		bail("fchdir");
	close(cwd);
}

static bool check_layer(unsigned seed, const char *want)
{
	const char *file = sub("layer.tar"), *again = sub("again.tar");
	const char *dir = copy_of_lower("unpacked");

	export(file, seed & 1);
	export(again, seed & 1);
	if (run_program("cmp", "-s", file, again) != 0) {
		printf("# seed %u: two layers of the same changes differ\n", seed);
		return false;
	}
	unpack(file, dir);
	return same(dir, want, "with the layer unpacked", seed);
}
#else
static bool check_layer(unsigned seed, const char *want)
{
	(void)seed;
	(void)want;
	return true;
}
#endif

static bool run_seed(unsigned seed)
{
	bool ok;
	char *want;

	state = seed * 2654435761ull + 1;
	base = tree_temp();
	lower = sub("lower");
	root = tree_path(sub("store"), "root");
	tree_mkdir(lower, "", 0755);
	cow = NULL;
	for (unsigned i = 0; i < OPS; i++)
		operate(lower);
	usleep(10000); /* an image that is as old as its container counts as changed */
	cow = must_store(sub("store"), lower, seed & 2 ? COW_SHARE_LINK : COW_SHARE_COPY);
	for (unsigned i = 0; i < OPS; i++)
		operate(root);
	want = view(root);
	ok = check_layer(seed, want) && check_upper(seed, want) && check_commit(seed, want) &&
	     check_second_commit(seed);
	free(want);
	cow_close(cow);
	remove_path(base);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : SEEDS, failed = 0;

	umask(0);
	for (unsigned seed = first; seed < first + count && failed < 3; seed++)
		failed += !run_seed(seed);
	ok(failed == 0, "%u random scripts: layer, upper directory and commits equal the view",
	   count);
	return tap_done();
}

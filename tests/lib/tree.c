/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory trees for tests; see tree.h. */
#include <config.h>

#include "tests/lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/lib/tap.h"

#define MAX_TEMPS 4096

static char *temps[MAX_TEMPS];
static size_t n_temps;
static pid_t temps_owner;

/* Opens what has no permissions, in the order of names that nftw cannot: by hand, depth first. */
static void remove_below(int dirfd)
{
	DIR *d;
	struct dirent *e;

	fchmod(dirfd, 0700);
	d = fdopendir(dirfd);
	while (d && (e = readdir(d))) {
		int sub;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(dirfd, e->d_name, 0) == 0)
			continue;
		fchmodat(dirfd, e->d_name, 0700, 0);
		sub = openat(dirfd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			remove_below(sub);
		unlinkat(dirfd, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

static void remove_temps(void)
{
	if (getpid() != temps_owner)
		return;
	for (size_t i = 0; i < n_temps; i++) {
		int fd = open(temps[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			remove_below(fd);
		rmdir(temps[i]);
		free(temps[i]);
	}
}

const char *tree_temp(void)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];

	if (n_temps == MAX_TEMPS)
		bail("too many temporary directories");
	snprintf(path, sizeof(path), "%s/sandlock-test-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(path))
		bail("mkdtemp %s: %s", path, strerror(errno));
	if (n_temps == 0) {
		temps_owner = getpid();
		atexit(remove_temps);
	}
	temps[n_temps] = strdup(path);
	return temps[n_temps++];
}

const char *tree_path(const char *dir, const char *path)
{
	static struct kept {
		struct kept *next;
		char text[];
	} * all;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	size_t size = strlen(dir) + strlen(path) + 2;
	struct kept *k = malloc(sizeof(*k) + size);

	if (!k)
		bail("out of memory");
	snprintf(k->text, size, "%s/%s", dir, path);
	pthread_mutex_lock(&lock);
	k->next = all;
	all = k;
	pthread_mutex_unlock(&lock);
	return k->text;
}

static void must(bool good, const char *what, const char *path)
{
	if (!good)
		bail("%s %s: %s", what, path, strerror(errno));
}

void tree_mkdir(const char *dir, const char *path, mode_t mode)
{
	const char *p = tree_path(dir, path);

	must(mkdir(p, 0700) == 0, "mkdir", p);
	must(chmod(p, mode) == 0, "chmod", p);
}

static void write_file(const char *p, const void *data, size_t len, mode_t mode)
{
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0, "open", p);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		must(n > 0, "write", p);
		done += (size_t)n;
	}
	must(fchmod(fd, mode) == 0, "fchmod", p);
	close(fd);
}

void tree_file(const char *dir, const char *path, const char *text, mode_t mode)
{
	write_file(tree_path(dir, path), text, strlen(text), mode);
}

void tree_bytes(const char *dir, const char *path, size_t len, unsigned seed)
{
	unsigned char *data = malloc(len + 1);
	uint32_t x = seed * 2654435761u + 1;

	must(data != NULL, "malloc for", path);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (unsigned char)(x >> 24);
	}
	write_file(tree_path(dir, path), data, len, 0644);
	free(data);
}

void tree_symlink(const char *dir, const char *path, const char *target)
{
	const char *p = tree_path(dir, path);

	must(symlink(target, p) == 0, "symlink", p);
}

void tree_time(const char *dir, const char *path, long sec, long nsec)
{
	const char *p = tree_path(dir, path);
	struct timespec t[2] = {{.tv_sec = sec, .tv_nsec = nsec}, {.tv_sec = sec, .tv_nsec = nsec}};

	must(utimensat(AT_FDCWD, p, t, AT_SYMLINK_NOFOLLOW) == 0, "utimensat", p);
}

bool tree_xattr(const char *dir, const char *path, const char *attr, const void *value, size_t len)
{
	return lsetxattr(tree_path(dir, path), attr, value, len, 0) == 0;
}

char *tree_read(const char *dir, const char *path)
{
	const char *p = tree_path(dir, path);
	struct buf b = {0};
	char chunk[4096];
	ssize_t n;
	int fd = open(p, O_RDONLY | O_CLOEXEC);

	must(fd >= 0, "open", p);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&b, chunk, (size_t)n);
	must(n == 0, "read", p);
	close(fd);
	return buf_steal(&b);
}

struct stat tree_stat(const char *dir, const char *path)
{
	const char *p = tree_path(dir, path);
	struct stat st;

	must(lstat(p, &st) == 0, "lstat", p);
	return st;
}

bool tree_exists(const char *dir, const char *path)
{
	struct stat st;

	return lstat(tree_path(dir, path), &st) == 0;
}

size_t tree_count(const char *dir, const char *path)
{
	const char *p = tree_path(dir, path);
	DIR *d = opendir(p);
	size_t n = 0;

	must(d != NULL, "opendir", p);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

int tree_open_fds(void)
{
	return (int)tree_count("/proc/self", "fd") - 1;
}

/* One snapshot under way. Directories are reached by descriptors, so that depth is no limit of PATH_MAX. */
struct snap {
	struct buf text;
	unsigned flags;
	struct {
		dev_t dev;
		ino_t ino;
		char *path;
	} * seen;
	size_t n_seen;
};

static void add_bytes(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > 0x20 && c < 0x7f && c != '\\')
			buf_add_char(b, (char)c);
		else
			buf_printf(b, "\\%03o", c);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_xattrs(struct snap *s, int fd, const char *name)
{
	char path[64 + NAME_MAX], list[8192], value[65536];
	char *names[256];
	size_t n = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", fd, name);
	len = llistxattr(path, list, sizeof(list));
	for (char *p = list; len > 0 && p < list + len && n < 256; p += strlen(p) + 1)
		names[n++] = p;
	if (n)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++) {
		ssize_t vlen = lgetxattr(path, names[i], value, sizeof(value));

		buf_printf(&s->text, " %s=", names[i]);
		add_bytes(&s->text, value, vlen < 0 ? 0 : (size_t)vlen);
	}
}

static uint64_t hash_of(int dirfd, const char *name)
{
	unsigned char chunk[65536];
	uint64_t h = 0xcbf29ce484222325ull;
	ssize_t n;
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);

	if (fd < 0)
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++)
			h = (h ^ chunk[i]) * 0x100000001b3ull;
	close(fd);
	return h;
}

static void add_group(struct snap *s, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return;
	for (size_t i = 0; i < s->n_seen; i++) {
		if (s->seen[i].ino == st->st_ino && s->seen[i].dev == st->st_dev) {
			buf_printf(&s->text, " same-as=");
			add_bytes(&s->text, s->seen[i].path, strlen(s->seen[i].path));
			return;
		}
	}
	s->seen = realloc(s->seen, (s->n_seen + 1) * sizeof(*s->seen));
	must(s->seen != NULL, "realloc for", path);
	s->seen[s->n_seen].dev = st->st_dev;
	s->seen[s->n_seen].ino = st->st_ino;
	s->seen[s->n_seen++].path = strdup(path);
}

static void add_object(struct snap *s, int dirfd, const char *name, const char *path,
		       const struct stat *st)
{
	static const char types[] = "?pc?d?b?-?l?s???";
	bool dir = S_ISDIR(st->st_mode);
	char target[PATH_MAX];
	ssize_t n;

	add_bytes(&s->text, path, strlen(path));
	buf_printf(&s->text, " %c %04o", types[(st->st_mode >> 12) & 15],
		   (unsigned)st->st_mode & 07777);
	if (!(s->flags & TREE_NO_OWNERS))
		buf_printf(&s->text, " %u:%u", (unsigned)st->st_uid, (unsigned)st->st_gid);
	if (!dir || !(s->flags & TREE_NO_DIR_TIMES))
		buf_printf(&s->text, " %lld.%09ld", (long long)st->st_mtim.tv_sec,
			   st->st_mtim.tv_nsec);
	if (S_ISREG(st->st_mode))
		buf_printf(&s->text, " %lld %016llx", (long long)st->st_size,
			   (unsigned long long)hash_of(dirfd, name));
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		buf_printf(&s->text, " %u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (S_ISLNK(st->st_mode) && (n = readlinkat(dirfd, name, target, sizeof(target))) > 0) {
		buf_add_str(&s->text, " -> ");
		add_bytes(&s->text, target, (size_t)n);
	}
	if (s->flags & TREE_INODES)
		buf_printf(&s->text, " ino=%llu", (unsigned long long)st->st_ino);
	if (s->flags & TREE_GROUPS)
		add_group(s, st, path);
	add_xattrs(s, dirfd, name);
	buf_add_char(&s->text, '\n');
}

/* Sorted names of a directory; malloc'ed. */
static char **names_of(int fd, size_t *ret_n)
{
	DIR *d = fdopendir(dup(fd));
	struct dirent *e;
	char **names = NULL;
	size_t n = 0;

	must(d != NULL, "fdopendir", "");
	rewinddir(d);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if ((n & (n - 1)) == 0)
			names = realloc(names, (n ? n * 2 : 1) * sizeof(*names));
		must(names != NULL, "realloc for", "names");
		names[n++] = strdup(e->d_name);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), by_text);
	*ret_n = n;
	return names;
}

static void snap_below(struct snap *s, int fd, const char *prefix)
{
	size_t n;
	char **names = names_of(fd, &n);

	for (size_t i = 0; i < n; i++) {
		struct buf path = {0};
		struct stat st;
		int sub;

		buf_printf(&path, "%s%s%s", prefix, *prefix ? "/" : "", names[i]);
		must(fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0, "lstat", path.data);
		add_object(s, fd, names[i], path.data, &st);
		sub = S_ISDIR(st.st_mode) ? openat(fd, names[i],
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
					  : -1;
		if (sub >= 0) {
			snap_below(s, sub, path.data);
			close(sub);
		}
		buf_done(&path);
		free(names[i]);
	}
	free(names);
}

char *tree_snapshot(const char *dir, unsigned flags)
{
	struct snap s = {.flags = flags};
	struct stat st;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(fd >= 0, "open", dir);
	must(fstat(fd, &st) == 0, "fstat", dir);
	add_object(&s, fd, ".", ".", &st);
	snap_below(&s, fd, "");
	close(fd);
	for (size_t i = 0; i < s.n_seen; i++)
		free(s.seen[i].path);
	free(s.seen);
	return buf_steal(&s.text);
}

bool tree_same(const char *got, const char *want)
{
	const char *a = got, *b = want;
	const char *line_a = a, *line_b = b;

	while (*a && *a == *b) {
		if (*a == '\n') {
			line_a = a + 1;
			line_b = b + 1;
		}
		a++;
		b++;
	}
	if (*a == *b)
		return true;
	printf("#  got: %.*s\n# want: %.*s\n", (int)strcspn(line_a, "\n"), line_a,
	       (int)strcspn(line_b, "\n"), line_b);
	return false;
}

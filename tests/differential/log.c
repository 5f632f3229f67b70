/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log, and how each kind of result is written so that both sides can be compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "fileops.h"

#define LOG_SIZE (4 << 20)

static struct shared_log {
	size_t len;
	char text[LOG_SIZE];
} * shared;
static time_t started;

void log_init(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		exit(125);
	started = time(NULL);
}

void log_reset(void)
{
	shared->len = 0;
}

const char *log_text(size_t *ret_len)
{
	*ret_len = shared->len;
	return shared->text;
}

void say(const char *fmt, ...)
{
	size_t room = LOG_SIZE - shared->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(shared->text + shared->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		shared->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* Numbers that the kernel chose: of processes, and of files that never had a name. */
static bool number_follows(const char *out, size_t n)
{
	return (n >= 6 && memcmp(out + n - 6, "/proc/", 6) == 0) ||
	       (n >= 2 && memcmp(out + n - 2, "/#", 2) == 0);
}

/* Worlds differ in nothing but their number. */
void say_text(const void *text, size_t len)
{
	const unsigned char *p = text;
	size_t prefix = strlen(world_prefix);
	char out[4096];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(out) - 8; i++) {
		if (prefix && len - i >= prefix && memcmp(p + i, world_prefix, prefix) == 0) {
			n += (size_t)snprintf(out + n, sizeof(out) - n, "/W");
			i += prefix - 1;
		} else if (p[i] >= '0' && p[i] <= '9' && number_follows(out, n)) {
			while (i + 1 < len && p[i + 1] >= '0' && p[i + 1] <= '9')
				i++;
			out[n++] = 'N';
		} else if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '~' || p[i] == '\\') {
			n += (size_t)snprintf(out + n, sizeof(out) - n, "\\x%02x", p[i]);
		} else {
			out[n++] = (char)p[i];
		}
	}
	say("%.*s", (int)n, out);
}

void say_path(const struct path *path)
{
	size_t len = strlen(path->text);

	if (path->ptr != path->text) {
		say(" BADPTR");
		return;
	}
	say(" \"");
	if (len > 300) {
		say_text(path->text, 20);
		say("...%zu", len);
	} else {
		say_text(path->text, len);
	}
	say("\"");
}

void say_at(int fd)
{
	if (fd == AT_FDCWD)
		say(" CWD");
	else if (fd >= SLOT_BASE)
		say(" S%d", fd - SLOT_BASE);
	else
		say(" fd%d", fd);
}

void say_result(long r)
{
	if (r >= 0)
		say(" = %ld", r);
	else if (strerrorname_np(errno))
		say(" = -%s", strerrorname_np(errno));
	else
		say(" = -%d", errno);
}

/* Times that the run itself made are "now". */
void say_time(const struct timespec *ts)
{
	if (ts->tv_sec > started - 3600 && ts->tv_sec < started + 36000)
		say("now");
	else
		say("%lld.%09ld", (long long)ts->tv_sec, ts->tv_nsec);
}

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "reg";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "lnk";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "sock";
	case S_IFCHR:
		return "chr";
	default:
		return "other";
	}
}

void say_stat(const struct stat *st, bool stale)
{
	bool initial = mask && is_initial(st);

	say(" %s", type_of(st->st_mode));
	if (stale && initial) {
		say(" ~");
		return;
	}
	say(" p=%o u=%u g=%u", st->st_mode & 07777, st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		say(" s=%lld", (long long)st->st_size);
	if (S_ISCHR(st->st_mode))
		say(" r=%lx", (long)st->st_rdev);
	say(" m=");
	say_time(&st->st_mtim);
	if (initial)
		say(" n=-");
	else
		say(" n=%lu", (unsigned long)st->st_nlink);
}

uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(1099511628211);
		h ^= h >> 29;
	}
	while (len--)
		h = (h ^ *p++) * UINT64_C(1099511628211);
	return h;
}

void say_hash(const void *data, size_t len)
{
	say(" h=%08x", (unsigned)(hash(HASH_START, data, len) >> 16));
}

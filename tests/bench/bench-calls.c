/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a single system call costs where this runs: bench-calls calls DIR FILES... prints "name nanoseconds" lines; run in a container, beside
 * the same on a plain directory. And bench-calls rss FILE COMMAND...: writes the largest resident size of COMMAND (KiB) to FILE; from a small
 * process, since the size before execve counts too. Not part of make check. Statically linked: it runs in any image.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 20000

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(int r, const char *what)
{
	if (r < 0)
		fail(what);
}

struct context {
	const char *dir;
	int private_fd; /* a file made here */
	char private_path[4096], other_path[4096];
};

static void call_getppid(struct context *c)
{
	(void)c;
	syscall(SYS_getppid);
}

static void call_stat(struct context *c)
{
	struct stat st;

	must(stat(c->private_path, &st), "stat");
}

static void call_open_read(struct context *c)
{
	int fd = open(c->private_path, O_RDONLY | O_CLOEXEC);

	must(fd, "open");
	close(fd);
}

static void call_umask(struct context *c)
{
	(void)c;
	umask(022);
}

static void call_open_write(struct context *c)
{
	int fd = open(c->private_path, O_RDWR | O_CLOEXEC);

	must(fd, "open for writing");
	close(fd);
}

static void call_fchmod(struct context *c)
{
	must(fchmod(c->private_fd, 0644), "fchmod");
}

static void call_chmod(struct context *c)
{
	must(chmod(c->private_path, 0644), "chmod");
}

static void call_utimens(struct context *c)
{
	must(utimensat(AT_FDCWD, c->private_path, NULL, 0), "utimensat");
}

static void call_make_unlink(struct context *c)
{
	int fd = open(c->other_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd, "make a file");
	close(fd);
	must(unlink(c->other_path), "unlink");
}

static void call_rename(struct context *c)
{
	must(rename(c->private_path, c->other_path), "rename");
	must(rename(c->other_path, c->private_path), "rename back");
}

static const struct {
	const char *name;
	void (*call)(struct context *c);
} calls[] = {
	{"getppid", call_getppid},
	{"stat", call_stat},
	{"open for reading", call_open_read},
	{"umask", call_umask},
	{"open for writing", call_open_write},
	{"fchmod", call_fchmod},
	{"chmod", call_chmod},
	{"utimensat", call_utimens},
	{"make and unlink", call_make_unlink},
	{"rename twice", call_rename},
};

static void time_calls(struct context *c)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		double t0;

		for (unsigned n = 0; n < ROUNDS / 10; n++) /* warm up */
			calls[i].call(c);
		t0 = now_ns();
		for (unsigned n = 0; n < ROUNDS; n++)
			calls[i].call(c);
		printf("%s %.0f\n", calls[i].name, (now_ns() - t0) / ROUNDS);
	}
}

/* Each file of an image directory is opened for writing once: on a layered root that copies it. */
static void time_copy_up(const char *dir)
{
	DIR *d = opendir(dir);
	const char *name = strrchr(dir, '/');
	struct dirent *de;
	unsigned n = 0;
	double t0;

	if (!d)
		fail(dir);
	t0 = now_ns();
	while ((de = readdir(d))) {
		int fd;

		if (de->d_name[0] == '.')
			continue;
		fd = openat(dirfd(d), de->d_name, O_WRONLY | O_CLOEXEC);
		must(fd, de->d_name);
		close(fd);
		n++;
	}
	if (n)
		printf("copy-up of %s %.0f\n", name ? name + 1 : dir, (now_ns() - t0) / n);
	closedir(d);
}

static int run_calls(int argc, char **argv)
{
	struct context c = {.dir = argv[2]};

	snprintf(c.private_path, sizeof(c.private_path), "%s/bench-calls.1", c.dir);
	snprintf(c.other_path, sizeof(c.other_path), "%s/bench-calls.2", c.dir);
	c.private_fd = open(c.private_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(c.private_fd, c.private_path);
	for (int i = 3; i < argc; i++)
		time_copy_up(argv[i]);
	time_calls(&c);
	must(unlink(c.private_path), "unlink");
	return 0;
}

static int run_rss(char **argv)
{
	struct rusage usage;
	pid_t pid = fork();
	FILE *f;
	int status;

	must(pid, "fork");
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		fail(argv[3]);
	}
	must(wait4(pid, &status, 0, &usage), "wait");
	f = fopen(argv[2], "we");
	if (!f || fprintf(f, "%ld\n", usage.ru_maxrss) < 0 || fclose(f))
		fail(argv[2]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "calls"))
		return run_calls(argc, argv);
	if (argc >= 4 && !strcmp(argv[1], "rss"))
		return run_rss(argv);
	fprintf(stderr, "usage: %s calls DIR [IMAGE-DIR...] | rss FILE COMMAND...\n", argv[0]);
	return 2;
}

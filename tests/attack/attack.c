/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attacks on the supervisor and on what lies around the container, run inside one (tests/bats/attack.bats, which then looks at the image, at a file
 * of the host, and at the supervisor). Each ends by itself; "survived" is printed at its end, a line with "BREACH" is a success of the attacker.
 *
 *   attack NAME [NUMBER|PATH]     see the table at the end
 *
 * /victim is a file of the image with the content "image". Static: runs in an empty image.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define VICTIM "/victim"

static atomic_bool stop;

static __attribute__((format(printf, 1, 2))) void breach(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("BREACH: ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

/* A guarded call must still be answered, and rightly. */
static void check_service(void)
{
	char buf[8] = "";
	int fd = open("/tmp/check", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1 || pread(fd, buf, 1, 0) != 1 || buf[0] != 'x')
		breach("the supervisor does not serve any more: %s", strerror(errno));
	close(fd);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Memory that changes while the supervisor reads it */

static struct {
	struct open_how how;
	struct timespec times[2];
	char path[32];
	char value[4096];
} shared;

static void *swapper(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !atomic_load(&stop); i++) {
		shared.how.flags = i & 1 ? O_RDONLY : O_WRONLY | O_TRUNC;
		shared.how.resolve = i & 2 ? RESOLVE_IN_ROOT : 0;
		shared.how.mode = i & 4 ? 0 : ~UINT64_C(0);
		shared.times[0].tv_nsec = i & 1 ? UTIME_NOW : UTIME_OMIT;
		shared.times[1].tv_nsec = i & 1 ? INT64_MAX : 0;
		memset(shared.value, (int)i, sizeof(shared.value));
		memcpy(shared.path, i & 1 ? VICTIM : "/tmp//f", sizeof(VICTIM));
	}
	return NULL;
}

static void *flag_swapper(void *arg)
{
	volatile __u64 *flags = &shared.how.flags;

	for (unsigned i = 0; !atomic_load(&stop); i++) {
		*flags = i & 1 ? O_PATH : O_WRONLY | O_TRUNC;
		atomic_store((atomic_bool *)arg, true);
	}
	return NULL;
}

/* Whatever the supervisor has seen must not be read again: what it took for harmless could be a write to a file that nobody has copied up. */
static void swap_open_flags(void)
{
	atomic_bool begun = false;
	pthread_t thread;
	char path[32];

	for (int i = 1; i <= 100; i++) {
		int fd;

		if (i == 10) /* the first without a race */
			pthread_create(&thread, NULL, flag_swapper, &begun);
		while (i >= 10 && !atomic_load(&begun))
			sched_yield();
		if (i < 10)
			shared.how.flags = O_WRONLY | O_TRUNC;
		snprintf(path, sizeof(path), "/dir/%d", i);
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &shared.how, sizeof(shared.how));
		if (fd >= 0)
			close(fd);
		sched_yield();
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	atomic_store(&stop, false);
	memset(&shared, 0, sizeof(shared));
}

static void attack_memory(long rounds, const char *arg)
{
	pthread_t t[2];

	(void)arg;
	swap_open_flags();
	close(open("/tmp/f", O_WRONLY | O_CREAT, 0600));
	memcpy(shared.path, VICTIM, sizeof(VICTIM));
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, swapper, NULL);
	for (long i = 0; i < rounds; i++) {
		int fd = (int)syscall(SYS_openat2, AT_FDCWD, shared.path, &shared.how,
				      sizeof(shared.how));

		if (fd >= 0)
			close(fd);
		syscall(SYS_utimensat, AT_FDCWD, shared.path, shared.times, 0);
		syscall(SYS_setxattr, shared.path, "user.x", shared.value, sizeof(shared.value), 0);
		syscall(SYS_truncate, shared.path, 3);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

/* Pointers and sizes that lead nowhere */

static void attack_pointers(long n, const char *arg)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *big;
	void *bad[] = {NULL,	    (void *)1,	(void *)~0UL, (void *)(1UL << 63),
		       page + 4096, page + 4090};

	(void)n, (void)arg;
	munmap(page + 4096, 4096);
	memset(page, 'a', 4096); /* a path without an end */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
			long r[] = {
				syscall(SYS_openat, AT_FDCWD, bad[i], O_RDWR, 0),
				syscall(SYS_openat2, AT_FDCWD, bad[i], bad[j],
					sizeof(struct open_how)),
				syscall(SYS_utimensat, AT_FDCWD, bad[i], bad[j], 0),
				syscall(SYS_setxattr, bad[i], bad[j], bad[i], 10, 0),
				syscall(SYS_chmod, bad[i], 0777),
				syscall(SYS_mount, bad[i], bad[j], bad[i], 0, bad[j]),
			};

			for (size_t k = 0; k < sizeof(r) / sizeof(r[0]); k++) {
				if (r[k] >= 0)
					breach("call %zu with pointers %zu and %zu works", k, i, j);
			}
		}
	}
	big = mmap(NULL, 1UL << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (big != MAP_FAILED &&
	    (setxattr(VICTIM, "user.big", big, 1UL << 30, 0) == 0 || errno != E2BIG))
		breach("an attribute of 1 GiB: %s", strerror(errno));
	for (int shift = 12; shift < 63; shift++) {
		if (setxattr(VICTIM, "user.big", page, UINT64_C(1) << shift, 0) == 0 && shift > 16)
			breach("an attribute of 2^%d bytes", shift);
		if (syscall(SYS_openat2, AT_FDCWD, VICTIM, page, UINT64_C(1) << shift) >= 0)
			breach("an open_how of 2^%d bytes", shift);
	}
}

/* Many threads in calls that wait */

static atomic_long refused;

static void *blocked(void *arg)
{
	int fd = open(arg, O_WRONLY); /* a FIFO that nobody reads */

	if (fd >= 0)
		close(fd);
	else if (errno == ENOMEM)
		atomic_fetch_add(&refused, 1);
	else
		breach("a FIFO without a reader: %s", strerror(errno));
	return NULL;
}

static void attack_threads(long n, const char *arg)
{
	pthread_attr_t attr;
	static char fifo[] = "/tmp/fifo";
	long started = 0;
	double t;
	pid_t pid;

	(void)arg;
	mkfifo(fifo, 0600);
	pid = fork();
	if (pid == 0) {
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 16384);
		for (; started < n; started++) {
			pthread_t thread;

			if (pthread_create(&thread, &attr, blocked, fifo) != 0)
				break;
		}
		printf("%ld threads\n", started);
		t = now();
		check_service();
		printf("one call: %.3f s\n", now() - t);
		if (now() - t > 60)
			breach("%.1f s for one call", now() - t);
		/* it has been received after all of theirs */
		printf("%ld refused\n", atomic_load(&refused));
		if (n >= 2000 && atomic_load(&refused) == 0)
			breach("any number of calls may wait");
		fflush(stdout);
		_exit(0); /* with all of them in their calls */
	}
	waitpid(pid, NULL, 0);
}

/* Names */

/* The supervisor has to look for a file of ours in all that we have made. */
static void search_among_directories(long n)
{
	static const char victim[] = VICTIM "-2", moved[] = "/tmp/moved";
	int fd = open(victim, O_RDONLY);
	char path[300];
	struct stat st;
	double t;

	mkdir("/tmp/dirs", 0700);
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/tmp/dirs/%0250ld", i);
		if (mkdir(path, 0700) < 0)
			break;
	}
	if (chmod(victim, 0600) < 0 || rename(victim, moved) < 0)
		breach("%s: %s", victim, strerror(errno));
	t = now();
	if (fchmod(fd, 0640) < 0 || stat(moved, &st) < 0 || (st.st_mode & 0777) != 0640)
		breach("a file that was copied up and moved is not found");
	printf("found in %.3f s\n", now() - t);
	close(fd);
}

static void attack_names(long n, const char *arg)
{
	char path[5000], name[32];
	int fd;

	(void)arg;
	symlink("loop2", "/tmp/loop1");
	symlink("loop1", "/tmp/loop2");
	if (open("/tmp/loop1/x", O_WRONLY | O_CREAT, 0600) >= 0 || errno != ELOOP)
		breach("a loop: %s", strerror(errno));
	for (int i = 0; i < 45; i++) {
		snprintf(path, sizeof(path), i ? "/tmp/chain%d" : VICTIM, i - 1);
		snprintf(name, sizeof(name), "/tmp/chain%d", i);
		symlink(path, name);
	}
	if (chmod("/tmp/chain39", 0644) < 0)
		breach("40 links: %s", strerror(errno));
	if (chmod("/tmp/chain41", 0644) == 0)
		breach("42 links");
	memset(path, '/', sizeof(path));
	path[4999] = '\0';
	if (open(path, O_WRONLY) >= 0 || errno != ENAMETOOLONG)
		breach("a path of 5000 bytes: %s", strerror(errno));
	mkdir("/tmp/many", 0700);
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/tmp/many/%ld", i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	for (long i = 0; i < n; i += 1 + n / 100) {
		snprintf(path, sizeof(path), "/tmp/many/%ld", i);
		if (chmod(path, 0644) < 0)
			breach("a file among many: %s", strerror(errno));
	}
	search_among_directories(n / 2 < 200000 ? n / 2 : 200000);
}

/* Deaths and signals in the middle of calls */

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void attack_signals(long rounds, const char *arg)
{
	struct sigaction sa = {.sa_handler = on_signal};
	pid_t parent = getpid(), pid;

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	close(open("/tmp/storm", O_RDWR | O_CREAT, 0600));
	pid = fork();
	if (pid == 0) {
		while (kill(parent, SIGUSR1) == 0 && getppid() == parent)
			;
		_exit(0);
	}
	for (long i = 0; i < rounds; i++) {
		int fd = open("/tmp/storm", O_RDWR | O_CREAT, 0600);

		if (fd < 0 && errno != EINTR)
			breach("open in a storm: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		if (chmod("/tmp/storm", 0600) < 0 && errno != EINTR)
			breach("chmod in a storm: %s", strerror(errno));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Children that are killed at any point of a copy-up. */
	for (long i = 0; i < rounds / 10; i++) {
		pid = fork();
		if (pid == 0) {
			for (;;) {
				close(open(VICTIM "-2", O_RDWR));
				chmod(VICTIM "-2", 0600 + (unsigned)(i % 64));
				truncate(VICTIM "-3", i);
			}
		}
		usleep((useconds_t)(i % 7) * 300);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* Ways out. The argument is a file of the host. */

static void try_write(const char *way, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd >= 0) {
		if (write(fd, "owned\n", 6) == 6)
			breach("%s: %s", way, path);
		close(fd);
	}
	if (chmod(path, 0777) == 0)
		breach("%s: chmod %s", way, path);
	if (setxattr(path, "user.owned", "1", 1, 0) == 0)
		breach("%s: setxattr %s", way, path);
	if (truncate(path, 0) == 0)
		breach("%s: truncate %s", way, path);
}

static void dot_dot_dot(const char *host)
{
	char path[4096];

	for (int i = 0; i < 64; i++)
		memcpy(path + 3 * i, "../", 4);
	snprintf(path + 192, sizeof(path) - 192, "%s", host);
	try_write("..", path);
}

static void attack_escape(long n, const char *host)
{
	static const char *const prefixes[] = {
		"/proc/self/root",
		"/proc/1/root",
		"/proc/self/cwd",
		"/proc/thread-self/root",
		"/proc/1/cwd",
		"/proc/2/root",
		"/proc/self/fd/0/",
		"/proc/self/fd/1/..",
		"/dev/fd/2/..",
		"/proc/self/exe/..",
		"/proc/self/root/../../..",
	};
	char path[4096];
	int fd;

	(void)n;
	try_write("plain", host);
	dot_dot_dot(host);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", prefixes[i], host);
		try_write("procfs", path);
		snprintf(path, sizeof(path), "%s/../../../../../../../..%s", prefixes[i], host);
		try_write("procfs and ..", path);
	}
	symlink(host, "/tmp/link");
	try_write("symlink", "/tmp/link");
	symlink("/proc/self/root", "/tmp/rootlink");
	snprintf(path, sizeof(path), "/tmp/rootlink/..%s", host);
	try_write("symlink to procfs", path);
	/* The old way out of a chroot: a directory that is open outside of the new root. */
	mkdir("/tmp/jail", 0755);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	if (chroot("/tmp/jail") == 0) {
		fchdir(fd);
		dot_dot_dot(host);
		chroot("../../../../../../../..");
		try_write("chroot", host);
		fchdir(fd);
		chroot(".");
	}
	/* Descriptors that somebody forgot. */
	for (int i = 3; i < 64; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d/../../../../../..%s", i, host);
		if (i != fd)
			try_write("forgotten descriptor", path);
	}
}

/* Ways from a read-only descriptor to a write, and mounts over what the guard looks at */

static void attack_descriptors(long n, const char *arg)
{
	int fd = open(VICTIM, O_RDONLY), path_fd = open(VICTIM, O_PATH), w;
	char name[64];
	void *p;

	(void)n, (void)arg;
	if (write(fd, "x", 1) > 0 || ftruncate(fd, 0) == 0)
		breach("a read-only descriptor is written");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		breach("a writable shared mapping of a read-only descriptor");
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0)
		breach("a mapping made writable");
	fcntl(fd, F_SETFL, O_RDWR | O_APPEND);
	if (write(fd, "x", 1) > 0)
		breach("F_SETFL");
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", i ? path_fd : fd);
		w = open(name, O_RDWR); /* a copy-up: allowed, of the copy */
		if (w >= 0 && write(w, "mine", 4) != 4)
			breach("%s", name);
		close(w);
	}
	if (linkat(AT_FDCWD, "/proc/self/fd/0", AT_FDCWD, "/tmp/l0", AT_SYMLINK_FOLLOW) == 0)
		unlink("/tmp/l0");
	syscall(SYS_fchmodat, fd, "", 0777, AT_EMPTY_PATH);
	syscall(452, path_fd, "", 0777, AT_EMPTY_PATH); /* fchmodat2 */
	fchownat(path_fd, "", 0, 0, AT_EMPTY_PATH);
	utimensat(fd, "", NULL, AT_EMPTY_PATH);
	if (syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDWR) >= 0)
		breach("open_by_handle_at");
	if (syscall(SYS_io_uring_setup, 8, shared.value) >= 0)
		breach("io_uring");
}

/* The kernel itself writes to the files of an overlay's upper directory. */
static void overlay_over_the_live_root(void)
{
	static const char options[] = "lowerdir=/tmp/w,upperdir=/dir,workdir=/work";

	mkdir("/work", 0755);
	if (mount("overlay", "/tmp/m", "overlay", 0, options) < 0) {
		printf("overlay: %s\n", strerror(errno));
		return;
	}
	breach("an overlay over the live root");
	chmod("/tmp/m/victim", 0600);
	umount2("/tmp/m", MNT_DETACH);
}

static void attack_mounts(long n, const char *arg)
{
	int fd;

	(void)n, (void)arg;
	mkdir("/tmp/m", 0755);
	mkdir("/tmp/w", 0755);
	overlay_over_the_live_root();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 && unshare(CLONE_NEWNS) < 0) {
		puts("no namespace");
		return;
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	overlay_over_the_live_root();
	if (mount("/", "/tmp/m", NULL, MS_BIND, NULL) == 0) {
		fd = open("/tmp/m" VICTIM, O_WRONLY | O_TRUNC);
		if (fd >= 0) {
			write(fd, "mine", 4);
			close(fd);
		}
		chmod("/tmp/m" VICTIM "-2", 0700);
		mount(NULL, "/tmp/m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
		if (truncate("/tmp/m" VICTIM "-3", 0) == 0)
			breach("a read-only bind is written");
		/* another object under the same name, while its copy-up goes on */
		mount("/tmp/w", "/tmp", NULL, MS_BIND, NULL);
		truncate(VICTIM "-3", 1);
		umount2("/tmp", MNT_DETACH);
	}
	if (mount("proc", "/tmp/w", "proc", 0, NULL) == 0)
		truncate("/tmp/w/self/root" VICTIM "-4", 0);
}

static const struct {
	const char *name;
	void (*run)(long number, const char *path);
} attacks[] = {
	{"memory", attack_memory},	     {"pointers", attack_pointers},
	{"threads", attack_threads},	     {"names", attack_names},
	{"signals", attack_signals},	     {"escape", attack_escape},
	{"descriptors", attack_descriptors}, {"mounts", attack_mounts},
};

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (strcmp(attacks[i].name, argv[1]) != 0)
			continue;
		attacks[i].run(argc > 2 ? strtol(argv[2], NULL, 10) : 0, argc > 2 ? argv[2] : "");
		if (strcmp(argv[1], "mounts") != 0)
			check_service();
		puts("survived");
		return 0;
	}
	return 2;
}

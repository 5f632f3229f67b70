/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Becoming the supervisor: double fork out of `create`, user namespace, store and live root (root.c), then
 * the loop. Reports to `create` through the lifeline (one struct report), which then only says by
 * its closing that `create` is done.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cow/cow.h"
#include "handlers/cred_cache.h"
#include "handlers/live_name.h"
#include "host/process.h"
#include "host/seccomp_sys.h"
#include "host/thread_cred.h"
#include "supervisor/internal.h"
#include "supervisor/supervisor.h"

struct report {
	int32_t code; /* 0, or -errno with text */
	int32_t pid;
	bool lazy;
	char text[PATH_MAX + 256];
};

static int log_fd = -EBADF;

static void log_to_file(enum log_level level, const char *text)
{
	(void)level;
	dprintf(log_fd, "supervisor[%d]: %s\n", getpid(), text);
}

static int is_kept(int fd, const int *keep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return 1;
	return 0;
}

/* Everything `create` had open (the container's stdio above all) must not live on in us. */
static void close_all_but(const int *keep, size_t n)
{
	unsigned next = 3;

	for (;;) {
		unsigned upper = ~0u;

		while (is_kept((int)next, keep, n))
			next++;
		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] > next && (unsigned)keep[i] < upper)
				upper = (unsigned)keep[i];
		syscall(SYS_close_range, next, upper == ~0u ? upper : upper - 1, 0);
		if (upper == ~0u)
			return;
		next = upper;
	}
}

static int detach(const struct supervisor_params *params, int lifeline)
{
	int keep[] = {params->control_fd, lifeline, params->userns_fd, params->netns_fd};
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	if (null < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -errno;
	close_all_but(keep, 4);
	null = -EBADF; /* closed with the rest */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGINT, &ignore, NULL);
	/* RLIMIT_FSIZE of whoever ran `create`: a copy-up then fails with EFBIG and does not kill us. */
	sigaction(SIGXFSZ, &ignore, NULL);
	prctl(PR_SET_NAME, "sandlock-superv");
	/* Threads share one heap: an arena each would cost more memory than lock contention costs
	 * time. */
	mallopt(M_ARENA_MAX, 1);
	umask(0);
	return chdir("/") < 0 ? -errno : 0;
}

static int enter_namespaces(const struct supervisor_params *params, struct service *svc,
			    const char **ret_step)
{
	uint64_t effective;
	struct stat st;

	*ret_step = "enter the user namespace of the container";
	if (params->userns_fd >= 0) {
		if (setns(params->userns_fd, CLONE_NEWUSER) < 0)
			return -errno;
		*ret_step = "become root of the user namespace";
		/* user_namespaces(7): denied for good in namespaces whose gid map an unprivileged
		 * process wrote itself. */
		if (setgroups(0, NULL) < 0) {
			if (errno != EPERM)
				return -errno;
			svc->groups_denied = true;
		}
		if (setresgid(params->gid, params->gid, params->gid) < 0 ||
		    setresuid(params->uid, params->uid, params->uid) < 0)
			return -errno;
	}
	*ret_step = "enter the network namespace of the container";
	if (params->netns_fd >= 0 && setns(params->netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	*ret_step = "read the own user namespace";
	if (stat("/proc/self/ns/user", &st) < 0)
		return -errno;
	svc->userns_ino = st.st_ino;
	*ret_step = "keep capabilities";
	if (host_thread_keep_caps() < 0)
		return -errno;
	*ret_step = "drop capabilities";
	if (confine_capabilities() < 0)
		return -errno;
	return host_thread_get_caps(&effective, &svc->permitted);
}

/* One digit. */
static unsigned sysctl_level(const char *name)
{
	char path[64];
	char c = '0';
	cleanup_fd int fd = -EBADF;

	snprintf(path, sizeof(path), "/proc/sys/fs/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &c, 1) != 1 || c < '0' || c > '9')
		return 0;
	return (unsigned)(c - '0');
}

int server_attach(struct server *server)
{
	struct service *svc = &server->svc;

	server->container_root = -EBADF;
	svc->container_root = &server->container_root;
	svc->procfs_dev = &server->procfs_dev;
	close_fd(&svc->self_fd_dir); /* the shepherd's */
	svc->self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	svc->cred_cache = cred_cache_new();
	if (svc->self_fd_dir < 0 || server->epoll < 0 || server->wake_fd < 0 || !svc->cred_cache)
		return errno ? -errno : -ENOMEM;
	pthread_mutex_init(&server->waiting_lock, NULL);
	/* What a predecessor had not published. */
	return cow_recover(svc->cow);
}

int service_open_proc(struct service *svc)
{
	svc->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (svc->proc_fd < 0)
		return -errno;
	svc->self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return svc->self_fd_dir < 0 ? -errno : 0;
}

static int prepare_service(const struct supervisor_params *params, struct server *server,
			   const char **ret_step)
{
	struct service *svc = &server->svc;
	int r;

	*ret_step = "share memory with the shepherd";
	r = flights_make(&server->flights);
	if (r < 0)
		return r;
	server->wait_is_killable = host_seccomp_wait_is_killable();
	*ret_step = "open /proc";
	svc->may_block = listener_may_block;
	svc->look_around = listener_look_around;
	r = service_open_proc(svc);
	if (r < 0)
		return r;
	svc->uid = geteuid();
	svc->gid = getegid();
	svc->protected_symlinks = sysctl_level("protected_symlinks");
	svc->protected_regular = sysctl_level("protected_regular");
	svc->protected_fifos = sysctl_level("protected_fifos");
	svc->has_device_rules = params->has_device_rules;
	svc->device_rules = params->device_rules;
	svc->n_device_rules = params->n_device_rules;
	return 0;
}

void start_fail(int lifeline, int code, const char *what, const char *path)
{
	struct report report = {.code = code};

	snprintf(report.text, sizeof(report.text), "%s%s%s%s", what, path ? " '" : "",
		 path ? path : "", path ? "'" : "");
	fd_send(lifeline, &report, sizeof(report), NULL, 0);
	_exit(1);
}

/* What is seen of the host, then what can be done at all. */
static void confine(const struct supervisor_params *params, struct server *server)
{
	const char *step = "make a mount namespace for the supervisor";
	int r = 0;

	if (view_is_possible(server, params))
		r = view_enter(server);
	if (r == 0) {
		step = "find the mount of the live root";
		r = live_name_set_root(&server->svc);
	}
	if (r == 0) {
		step = "confine the supervisor";
		r = confine_self();
	}
	if (r < 0) {
		root_drop(params, server);
		start_fail(server->lifeline, r, step, params->cow.dir);
	}
}

static ATTR_NORETURN void supervisor_main(const struct supervisor_params *params, int lifeline)
{
	struct server server = {.control_fd = params->control_fd, .lifeline = lifeline};
	struct report report = {.pid = getpid()};
	struct cow_owners *owners = NULL;
	struct cow_fault fault = {0};
	const char *step = "detach";
	bool refill = false;
	int r;

	r = detach(params, lifeline);
	if (r == 0 && params->log_path) {
		log_fd = open(params->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_fd >= 0)
			log_set_sink(log_to_file);
	}
	if (r == 0 && params->shift_ids) {
		r = cow_owners_scan(params->cow.lowers, &owners, &fault);
		if (r < 0)
			start_fail(lifeline, r, "read the owners of the image", fault.path);
	}
	if (r == 0 && params->existing)
		root_open(params, &server);
	if (r == 0)
		r = enter_namespaces(params, &server.svc, &step);
	if (r == 0)
		r = prepare_service(params, &server, &step);
	if (r < 0)
		start_fail(lifeline, r, step, NULL);
	if (!params->existing)
		root_make(params, &server, owners, &refill);
	/* Before we give up what it needs. */
	if (refill)
		root_refill(params, owners);
	cow_owners_free(owners);
	confine(params, &server);
	report.lazy = cow_is_lazy(server.svc.cow);
	if (fd_send(lifeline, &report, sizeof(report), NULL, 0) < 0) {
		root_drop(params, &server);
		_exit(1);
	}
	r = shepherd_run(&server);
	if (r < 0)
		_exit(-r - 1);
	r = server_run(&server);
	if (!server.had_listener)
		root_drop(params, &server);
	/* Worker threads may still be inside a handler: no exit handlers, no destructors. */
	_exit(r < 0 ? 1 : 0);
}

/* The middle process: its end makes the supervisor an orphan, adopted by the subreaper (conmon) or
 * init. */
static ATTR_NORETURN void middle_main(const struct supervisor_params *params, int lifeline)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid == 0)
		supervisor_main(params, lifeline);
	_exit(pid < 0 ? 1 : 0);
}

static int wait_middle(pid_t pid, struct err **err)
{
	int status, r = host_reap(pid, &status);

	if (r < 0)
		return err_set(err, r, "wait for the supervisor");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_text(err, EAGAIN, "cannot fork the supervisor");
	return 0;
}

static int read_report(int lifeline, struct supervisor *ret, struct err **err)
{
	struct report report;
	size_t len = 0;
	int r;

	r = fd_recv(lifeline, &report, sizeof(report), &len, NULL, NULL);
	if (r < 0)
		return err_set(err, r, "hear from the supervisor");
	if (len != sizeof(report))
		return err_text(err, EPIPE, "the supervisor died while it made the live root");
	report.text[sizeof(report.text) - 1] = '\0';
	if (report.code < 0)
		return err_set(err, report.code, "%s", report.text);
	ret->pid = report.pid;
	ret->lazy = report.lazy;
	return 0;
}

int supervisor_begin(const struct supervisor_params *params, struct supervisor *ret,
		     struct err **err)
{
	int pair[2], r;
	pid_t pid;

	r = fd_socketpair(pair);
	if (r < 0)
		return err_set(err, r, "make the supervisor's lifeline");
	pid = fork();
	if (pid == 0)
		middle_main(params, pair[1]);
	close_fd(&pair[1]);
	if (pid < 0) {
		r = -errno;
		close_fd(&pair[0]);
		return err_set(err, r, "fork the supervisor");
	}
	ret->middle = pid;
	ret->lifeline_fd = pair[0];
	return 0;
}

int supervisor_finish(struct supervisor *supervisor, struct err **err)
{
	int r = wait_middle(supervisor->middle, err);

	supervisor->middle = 0;
	return r < 0 ? r : read_report(supervisor->lifeline_fd, supervisor, err);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work in the background. The caller's descriptors (locks, pipes that somebody reads to their end) must not live on in it. */
#include <config.h>

#include "host/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "host/process.h"

/*
 * sched(7): with autogroup scheduling a nice value counts only within the session, and the sessions share the CPUs by values of their own.
 * Ours is new. Where there is no autogrouping the file is missing.
 */
static void be_patient(void)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", HOST_BACKGROUND_NICE);
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);

	setpriority(PRIO_PROCESS, 0, HOST_BACKGROUND_NICE);
	if (fd < 0)
		return;
	if (write(fd, text, (size_t)len) < 0)
		log_debug("cannot lower the priority of the session: %m");
	close(fd);
}

static int detach(const char *name)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (syscall(SYS_close_range, 3, ~0u, 0) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, name);
	be_patient();
	return chdir("/") < 0 ? -errno : 0;
}

int host_background(const char *name, void (*fn)(void *arg), void *arg)
{
	int status, r;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		int r = host_reap(pid, &status);

		if (r < 0)
			return r;
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
	}
	setsid();
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? EAGAIN : 0);
	r = detach(name);
	if (r == 0)
		fn(arg);
	_exit(r < 0);
}

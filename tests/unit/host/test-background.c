/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What work in the background is: in a session of its own, last in line whether the kernel groups sessions or not, without our descriptors. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host/background.h"
#include "tests/lib/tap.h"

struct seen {
	volatile int done;
	int nice;
	pid_t pid, session;
	int extra_fd_open;
	char autogroup[64];
};

static int extra_fd;

static void look(void *arg)
{
	struct seen *seen = arg;
	FILE *f;

	seen->extra_fd_open = fcntl(extra_fd, F_GETFD) >= 0;
	f = fopen("/proc/self/autogroup", "re");
	if (f && !fgets(seen->autogroup, sizeof(seen->autogroup), f))
		seen->autogroup[0] = '\0';
	seen->nice = getpriority(PRIO_PROCESS, 0);
	seen->pid = getpid();
	seen->session = getsid(0);
	seen->done = 1;
}

int main(void)
{
	static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
	struct seen *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char want[32];

	extra_fd = dup(0);
	is_int(host_background("test", look, seen), 0, "it is started");
	for (int i = 0; !seen->done && i < 1000; i++)
		nanosleep(&moment, NULL);
	is_int(seen->done, 1, "it runs");
	is_int(seen->nice, HOST_BACKGROUND_NICE, "nice");
	ok(seen->session != getsid(0) && seen->pid != getpid(), "another session");
	is_int(seen->extra_fd_open, 0, "our descriptors are closed in it");
	snprintf(want, sizeof(want), "nice %d\n", HOST_BACKGROUND_NICE);
	if (seen->autogroup[0])
		ok(strstr(seen->autogroup, want) != NULL, "the session is as patient: %s",
		   seen->autogroup);
	else
		tap_skip("the session is as patient", "host: no autogroup scheduling");
	return tap_done();
}

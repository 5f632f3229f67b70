/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Foreground run and exec. Runs in the command. What the container writes to its terminal is copied to stdout untouched: it is
 * untrusted, but the user asked to see it.
 */
#include <config.h>

#include "container/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"

/* One direction of the copy. Reads only when empty, so that neither side can make us block while the other has something to say. */
struct relay {
	int from, to;
	size_t start, end;
	char data[4096];
};

struct session {
	pid_t pid;
	int signal_fd;
	int console_fd;
	bool raw;
	struct termios saved;
	struct relay in, out;
	bool ended;
	int status;
};

int foreground_prepare(bool subreaper, struct foreground *ret, struct err **err)
{
	sigset_t all;

	/* Also what the workload leaves behind is ours to reap, when it has no pid namespace. */
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_set(err, errno, "become a subreaper");
	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return err_set(err, errno, "block signals");
	ret->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return ret->signal_fd < 0 ? err_set(err, errno, "make a signalfd") : 0;
}

static void copy_window_size(const struct session *s)
{
	struct winsize size;

	if (s->console_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(s->console_fd, TIOCSWINSZ, &size);
}

static void open_terminal(struct session *s)
{
	struct termios raw;

	if (s->console_fd < 0)
		return;
	s->in = (struct relay){.from = STDIN_FILENO, .to = s->console_fd};
	s->out = (struct relay){.from = s->console_fd, .to = STDOUT_FILENO};
	/* Only the master: O_NONBLOCK on our stdio would hit everybody who shares it. */
	fcntl(s->console_fd, F_SETFL, fcntl(s->console_fd, F_GETFL) | O_NONBLOCK);
	if (tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return;
	copy_window_size(s);
	raw = s->saved;
	cfmakeraw(&raw);
	s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void close_terminal(struct session *s)
{
	/* All signals are blocked, SIGTTOU too: this works from the background as well. */
	if (s->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
	s->raw = false;
}

/* false: this direction is finished. */
static bool fill(struct relay *r)
{
	ssize_t n = read(r->from, r->data, sizeof(r->data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	/* EIO: no process has the terminal open any more. */
	if (n <= 0)
		return false;
	r->start = 0;
	r->end = (size_t)n;
	return true;
}

static bool drain(struct relay *r)
{
	ssize_t n = write(r->to, r->data + r->start, r->end - r->start);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	r->start += (size_t)n;
	return true;
}

static bool has_data(const struct relay *r)
{
	return r->start < r->end;
}

/* What to poll for, and -1 (ignored by poll) when there is nothing to do. */
static struct pollfd want(const struct relay *r)
{
	if (r->from < 0)
		return (struct pollfd){.fd = -1};
	return has_data(r) ? (struct pollfd){.fd = r->to, .events = POLLOUT}
			   : (struct pollfd){.fd = r->from, .events = POLLIN};
}

static void step(struct relay *r, short revents)
{
	if (!revents)
		return;
	if (!(has_data(r) ? drain(r) : fill(r)))
		*r = (struct relay){.from = -EBADF, .to = -EBADF};
}

static void reap(struct session *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->pid)
			continue;
		s->ended = true;
		s->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static void handle_signals(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD)
			reap(s);
		else if (sig == SIGWINCH && s->console_fd >= 0)
			copy_window_size(s);
		else if (sig != SIGPIPE && !s->ended && kill(s->pid, sig) < 0)
			log_debug("forward signal %d: %s", sig, strerror(errno));
	}
}

/* The output that was written before the end; background processes may keep the terminal open, so only what is there. */
static void drain_output(struct session *s)
{
	struct relay *out = &s->out;

	while (out->from >= 0) {
		if (has_data(out)) {
			if (!drain(out))
				return;
		} else if (!fill(out) || !has_data(out)) {
			return;
		}
	}
}

int foreground_wait(const struct foreground *fg, pid_t pid, int console_fd, int *ret_status,
		    struct err **err)
{
	struct session s = {
		.pid = pid,
		.signal_fd = fg->signal_fd,
		.console_fd = console_fd,
		.in = {.from = -EBADF, .to = -EBADF},
		.out = {.from = -EBADF, .to = -EBADF},
	};
	int r = 0;

	open_terminal(&s);
	/* It may have ended before the first poll; its SIGCHLD is pending then, unless it came before the signals were blocked. */
	reap(&s);
	while (!s.ended && r == 0) {
		struct pollfd fds[] = {
			{.fd = s.signal_fd, .events = POLLIN}, want(&s.in), want(&s.out)};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			r = errno == EINTR ? 0 : err_set(err, errno, "wait for the container");
			continue;
		}
		step(&s.in, fds[1].revents);
		step(&s.out, fds[2].revents);
		if (fds[0].revents)
			handle_signals(&s);
	}
	drain_output(&s);
	close_terminal(&s);
	if (r == 0)
		*ret_status = s.status;
	return r;
}
